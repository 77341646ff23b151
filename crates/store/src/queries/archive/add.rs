use std::collections::{HashMap, HashSet};

use posthaste_model::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::thread::{Place, Threading};
use crate::error::{Fault, odd};
use crate::queries::words::{cut, insert};
use crate::tables::{ArchiveShelf as S, ArchivedMessage as M};
use crate::{Store, StoreError};

/// A post for the archive, as far as the database remembers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchivePost {
    /// Its Message-ID-Hash: it is in a list's archive once.
    pub hash: String,
    /// Its Message-ID without angle brackets.
    pub message_id: String,
    /// The name of its bytes.
    pub body: String,
    /// How many these are.
    pub size: u64,
    /// The hashes of those it answers, the likeliest first.
    pub ancestors: Vec<String>,
    /// Its subject; may be empty.
    pub subject: String,
    /// The same without `Re:` and prefixes, lower case.
    pub topic: String,
    /// True if the subject says that it answers something.
    pub is_answer: bool,
    /// The author's name; may be empty.
    pub author: String,
    /// The author's address; may be empty.
    pub address: String,
    /// How it begins.
    pub beginning: String,
    /// The words to find it by, lower case, a blank before and behind each.
    pub words: String,
    /// How many files came along.
    pub files: u32,
    /// When it was written.
    pub at: Timestamp,
    /// When it was received.
    pub kept_at: Timestamp,
}

/// What became of a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filed {
    /// True if it was not there before.
    pub new: bool,
    /// The thread it is in: the hash of the post that began it.
    pub thread: String,
}

/// Months since the year 0, UTC.
pub(crate) fn month(at: Timestamp) -> i32 {
    let text = at.to_jiff().strftime("%Y %m").to_string();
    let mut numbers = text.split(' ').map(|number| number.parse::<i32>().unwrap_or_default());
    numbers.next().unwrap_or_default() * 12 + numbers.next().unwrap_or(1) - 1
}

impl Store {
    /// Files posts into the archive of a list, in this order, all or none; one that is there already changes nothing. Each
    /// finds its thread: by those it names, at last by its subject; and those that waited for it find theirs.
    pub async fn archive(&self, list: Uuid, posts: &[ArchivePost]) -> Result<Vec<Filed>, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let shelf = open(&db, list).await?;
            let mut known = known(&db, list, posts).await?;
            let mut threading = Threading { db: &db, list, revision: shelf.revision, threads: 0 };
            let (mut filed, mut new) = (Vec::with_capacity(posts.len()), 0_i64);
            for post in posts {
                if let Some(thread) = known.get(&post.hash) {
                    filed.push(Filed { new: false, thread: thread.clone() });
                    continue;
                }
                let Place { thread, parent } = threading.place(post).await?;
                db.execute(&row(list, post, &thread, parent.as_deref())?).await?;
                threading.settle(post, &thread).await?;
                known.insert(post.hash.clone(), thread.clone());
                filed.push(Filed { new: true, thread });
                new += 1;
            }
            if new == 0 {
                return Ok(filed);
            }
            let update = Query::update()
                .table(S::Table)
                .value(S::Messages, shelf.messages + new)
                .value(S::Threads, shelf.threads + threading.threads)
                .and_where(Expr::col(S::List).eq(list))
                .take();
            db.execute(&update).await?;
            db.commit(filed).await
        })
        .await
    }
}

struct Open {
    revision: i64,
    messages: i64,
    threads: i64,
}

/// Takes the list's shelf, so that others wait, with its next revision.
async fn open(db: &DatabaseTransaction, list: Uuid) -> Result<Open, Fault> {
    let mut make = insert(
        S::Table,
        [S::List, S::Revision, S::Messages, S::Threads],
        [[list.into(), 0_i64.into(), 0_i64.into(), 0_i64.into()]],
    );
    make.on_conflict(OnConflict::column(S::List).do_nothing_on([S::List]).to_owned());
    let no_list = StoreError::NoSuchList(list.to_string());
    db.execute(&make).await.map_err(|e| Fault::reference_means(e, no_list))?;
    let this = Expr::col(S::List).eq(list);
    let take = Query::update()
        .table(S::Table)
        .value(S::Revision, Expr::col(S::Revision).add(1_i64))
        .and_where(this.clone())
        .take();
    db.execute(&take).await?;
    let look =
        Query::select().columns([S::Revision, S::Messages, S::Threads]).from(S::Table).and_where(this).take();
    let row = db.query_one(&look).await?.ok_or_else(|| odd("the shelf of a list is gone"))?;
    Ok(Open {
        revision: row.try_get_by_index(0)?,
        messages: row.try_get_by_index(1)?,
        threads: row.try_get_by_index(2)?,
    })
}

/// Which of the posts are there, and in which threads.
async fn known(
    db: &DatabaseTransaction,
    list: Uuid,
    posts: &[ArchivePost],
) -> Result<HashMap<String, String>, Fault> {
    let hashes: HashSet<&str> = posts.iter().map(|post| post.hash.as_str()).collect();
    let mut known = HashMap::new();
    if hashes.is_empty() {
        return Ok(known);
    }
    let query = Query::select()
        .columns([M::Hash, M::Thread])
        .from(M::Table)
        .and_where(Expr::col(M::List).eq(list))
        .and_where(Expr::col(M::Hash).is_in(hashes))
        .take();
    for row in db.query_all(&query).await? {
        known.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    }
    Ok(known)
}

fn row(
    list: Uuid,
    post: &ArchivePost,
    thread: &str,
    parent: Option<&str>,
) -> Result<sea_orm::sea_query::InsertStatement, StoreError> {
    let row = [
        Uuid::now_v7().into(),
        list.into(),
        post.hash.as_str().into(),
        post.message_id.as_str().into(),
        post.body.as_str().into(),
        i64::try_from(post.size).map_err(odd)?.into(),
        thread.into(),
        parent.into(),
        plain(&post.author).into(),
        cut(&plain(&post.address)).into(),
        plain(&post.subject).into(),
        cut(&plain(&post.topic)).into(),
        plain(&post.beginning).into(),
        plain(&post.words).into(),
        i32::try_from(post.files).unwrap_or(i32::MAX).into(),
        post.at.as_micros().into(),
        month(post.at).into(),
        post.kept_at.as_micros().into(),
    ];
    let columns = [
        M::Id,
        M::List,
        M::Hash,
        M::MessageId,
        M::Body,
        M::Size,
        M::Thread,
        M::Parent,
        M::Author,
        M::Address,
        M::Subject,
        M::Topic,
        M::Beginning,
        M::Words,
        M::Files,
        M::At,
        M::Month,
        M::KeptAt,
    ];
    Ok(insert(M::Table, columns, [row]))
}

/// Without the one character that `PostgreSQL` cannot store.
pub(super) fn plain(text: &str) -> String {
    text.replace('\0', "")
}
