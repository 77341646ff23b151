//! Where a post stands among those that are there, and who moves because it came.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use posthaste_model::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::add::{ArchivePost, plain};
use crate::error::Fault;
use crate::queries::words::insert;
use crate::tables::{ArchiveWish as W, ArchivedMessage as M, ArchivedThread as T};

/// An answer that names nobody belongs to a post with its subject that is no older than this.
const MEMORY: Duration = Duration::from_hours(24 * 30);

/// Threads the posts of one list, whose shelf is held.
pub(super) struct Threading<'a> {
    pub(super) db: &'a DatabaseTransaction,
    pub(super) list: Uuid,
    pub(super) revision: i64,
    /// How many threads there are more than before; may be negative.
    pub(super) threads: i64,
}

/// Where a post stands.
pub(super) struct Place {
    pub(super) thread: String,
    pub(super) parent: Option<String>,
}

/// A post that is there.
#[derive(Clone)]
struct There {
    hash: String,
    thread: String,
    parent: Option<String>,
}

impl Threading<'_> {
    /// Where the post is to stand; and remembers whom it would rather have answered, should these come.
    pub(super) async fn place(&mut self, post: &ArchivePost) -> Result<Place, Fault> {
        let there = self.those(&post.ancestors).await?;
        let found = post
            .ancestors
            .iter()
            .enumerate()
            .find_map(|(place, hash)| there.get(hash).map(|parent| (place, parent.clone())));
        let nearer = found.as_ref().map_or(post.ancestors.len(), |(place, _)| *place);
        self.wish(post, nearer).await?;
        let parent = match found {
            Some((_, parent)) => Some((parent.hash, parent.thread)),
            None => self.likely(post).await?,
        };
        Ok(match parent {
            Some((parent, thread)) => Place { thread, parent: Some(parent) },
            None => Place { thread: post.hash.clone(), parent: None },
        })
    }

    /// A parent for a post none of whose ancestors is here.
    async fn likely(&self, post: &ArchivePost) -> Result<Option<(String, String)>, Fault> {
        // One that waited for this post has found a place with somebody further up: this one stands between them.
        for (child, _) in self.waiting(&post.hash).await? {
            if let Some(parent) = child.parent.filter(|parent| *parent != post.hash) {
                return Ok(Some((parent, child.thread)));
            }
        }
        if !post.ancestors.is_empty() || !post.is_answer || post.topic.is_empty() {
            return Ok(None);
        }
        let query = Query::select()
            .column(M::Thread)
            .from(M::Table)
            .and_where(self.here(M::List))
            .and_where(Expr::col(M::Topic).eq(plain(&post.topic)))
            .and_where(Expr::col(M::At).lte(post.at.as_micros()))
            .and_where(Expr::col(M::At).gte(post.at.minus(MEMORY).as_micros()))
            .order_by(M::At, Order::Desc)
            .limit(1)
            .take();
        let Some(row) = self.db.query_one(&query).await? else { return Ok(None) };
        let thread: String = row.try_get_by_index(0)?;
        Ok(Some((thread.clone(), thread)))
    }

    /// Gives a post that was just filed to those that waited for it, and counts it in its thread.
    pub(super) async fn settle(&mut self, post: &ArchivePost, thread: &str) -> Result<(), Fault> {
        let waiting = self.waiting(&post.hash).await?;
        let mut joined = false;
        let mut parents: Option<HashMap<String, String>> = None;
        for (child, place) in waiting {
            let begins = child.parent.is_none();
            let moves = if begins && child.thread != thread {
                self.join(&child.thread, thread).await?;
                joined = true;
                true
            } else if child.thread == thread {
                let parents = match &mut parents {
                    Some(parents) => parents,
                    none => none.insert(self.parents(thread).await?),
                };
                let moves = !is_below(parents, &post.hash, &child.hash);
                if moves {
                    parents.insert(child.hash.clone(), post.hash.clone());
                }
                moves
            } else {
                false
            };
            if moves {
                let update = Query::update()
                    .table(M::Table)
                    .value(M::Parent, post.hash.as_str())
                    .and_where(self.here(M::List))
                    .and_where(Expr::col(M::Hash).eq(child.hash.as_str()))
                    .take();
                self.db.execute(&update).await?;
            }
            let fulfilled = Query::delete()
                .from_table(W::Table)
                .and_where(self.here(W::List))
                .and_where(Expr::col(W::Child).eq(child.hash))
                .and_where(Expr::col(W::Place).gte(place))
                .take();
            self.db.execute(&fulfilled).await?;
        }
        self.count(post, thread, joined).await
    }

    /// Those of `hashes` that are there.
    async fn those(&self, hashes: &[String]) -> Result<HashMap<String, There>, Fault> {
        let mut there = HashMap::new();
        if hashes.is_empty() {
            return Ok(there);
        }
        let query = Query::select()
            .columns([M::Hash, M::Thread, M::Parent])
            .from(M::Table)
            .and_where(self.here(M::List))
            .and_where(Expr::col(M::Hash).is_in(hashes.iter().map(String::as_str)))
            .take();
        for row in self.db.query_all(&query).await? {
            let hash: String = row.try_get_by_index(0)?;
            let one = There { hash, thread: row.try_get_by_index(1)?, parent: row.try_get_by_index(2)? };
            there.insert(one.hash.clone(), one);
        }
        Ok(there)
    }

    async fn wish(&self, post: &ArchivePost, nearer: usize) -> Result<(), Fault> {
        let wishes: Vec<_> = (0_i32..).zip(post.ancestors.iter().take(nearer)).collect();
        if wishes.is_empty() {
            return Ok(());
        }
        let rows = wishes.into_iter().map(|(place, wanted)| {
            [
                Uuid::now_v7().into(),
                self.list.into(),
                wanted.as_str().into(),
                post.hash.as_str().into(),
                place.into(),
            ]
        });
        let mut insert = insert(W::Table, [W::Id, W::List, W::Wants, W::Child, W::Place], rows);
        insert.on_conflict(
            OnConflict::columns([W::List, W::Wants, W::Child]).do_nothing_on([W::Id]).to_owned(),
        );
        self.db.execute(&insert).await?;
        Ok(())
    }

    /// The posts that wait for this one, those first that began a thread, and how near it is to them.
    async fn waiting(&self, hash: &str) -> Result<Vec<(There, i32)>, Fault> {
        let query = Query::select()
            .columns([W::Child, W::Place])
            .from(W::Table)
            .and_where(self.here(W::List))
            .and_where(Expr::col(W::Wants).eq(hash))
            .order_by(W::Child, Order::Asc)
            .limit(1_000)
            .take();
        let mut places = vec![];
        for row in self.db.query_all(&query).await? {
            places.push((row.try_get_by_index::<String>(0)?, row.try_get_by_index::<i32>(1)?));
        }
        let hashes: Vec<String> = places.iter().map(|(child, _)| child.clone()).collect();
        let there = self.those(&hashes).await?;
        let mut waiting: Vec<_> = places
            .into_iter()
            .filter_map(|(child, place)| Some((there.get(&child)?.clone(), place)))
            .collect();
        waiting.sort_by_key(|(child, _)| child.parent.is_some());
        Ok(waiting)
    }

    /// Who answers whom in a thread.
    async fn parents(&self, thread: &str) -> Result<HashMap<String, String>, Fault> {
        let query = Query::select()
            .columns([M::Hash, M::Parent])
            .from(M::Table)
            .and_where(self.here(M::List))
            .and_where(Expr::col(M::Thread).eq(thread))
            .and_where(Expr::col(M::Parent).is_not_null())
            .take();
        let mut parents = HashMap::new();
        for row in self.db.query_all(&query).await? {
            parents.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        Ok(parents)
    }

    /// Every post of one thread goes to another.
    async fn join(&mut self, from: &str, to: &str) -> Result<(), Fault> {
        let update = Query::update()
            .table(M::Table)
            .value(M::Thread, to)
            .and_where(self.here(M::List))
            .and_where(Expr::col(M::Thread).eq(from))
            .take();
        self.db.execute(&update).await?;
        let gone = Query::delete()
            .from_table(T::Table)
            .and_where(self.here(T::List))
            .and_where(Expr::col(T::Hash).eq(from))
            .take();
        self.threads -= i64::try_from(self.db.execute(&gone).await?.rows_affected()).unwrap_or_default();
        Ok(())
    }

    async fn count(&mut self, post: &ArchivePost, thread: &str, joined: bool) -> Result<(), Fault> {
        let this = || self.here(T::List).and(Expr::col(T::Hash).eq(thread));
        let look = Query::select()
            .columns([T::Messages, T::Started, T::Active])
            .from(T::Table)
            .and_where(this())
            .take();
        let known = match self.db.query_one(&look).await? {
            Some(row) => {
                let at = |index| Ok::<_, Fault>(Timestamp::from_micros(row.try_get_by_index(index)?));
                Some((row.try_get_by_index::<i64>(0)?, at(1)?, at(2)?))
            }
            None => None,
        };
        let (messages, started, active) = match known {
            _ if joined => self.measure(thread).await?,
            Some((messages, started, active)) => (messages + 1, started.min(post.at), active.max(post.at)),
            None => (1, post.at, post.at),
        };
        if known.is_some() {
            let update = Query::update()
                .table(T::Table)
                .value(T::Messages, messages)
                .value(T::Started, started.as_micros())
                .value(T::Active, active.as_micros())
                .value(T::Revision, self.revision)
                .and_where(this())
                .take();
            self.db.execute(&update).await?;
            return Ok(());
        }
        let row = [
            Uuid::now_v7().into(),
            self.list.into(),
            thread.into(),
            plain(&post.subject).into(),
            plain(&post.author).into(),
            plain(&post.beginning).into(),
            started.as_micros().into(),
            active.as_micros().into(),
            messages.into(),
            self.revision.into(),
        ];
        let columns = [
            T::Id,
            T::List,
            T::Hash,
            T::Subject,
            T::Author,
            T::Beginning,
            T::Started,
            T::Active,
            T::Messages,
            T::Revision,
        ];
        self.db.execute(&insert(T::Table, columns, [row])).await?;
        self.threads += 1;
        Ok(())
    }

    /// How many posts a thread has, and from when to when.
    async fn measure(&self, thread: &str) -> Result<(i64, Timestamp, Timestamp), Fault> {
        let query = Query::select()
            .expr(Expr::col(M::Id).count())
            .expr(Expr::col(M::At).min())
            .expr(Expr::col(M::At).max())
            .from(M::Table)
            .and_where(self.here(M::List))
            .and_where(Expr::col(M::Thread).eq(thread))
            .take();
        let Some(row) = self.db.query_one(&query).await? else {
            return Ok((0, Timestamp::default(), Timestamp::default()));
        };
        let at = |index| Ok::<_, Fault>(Timestamp::from_micros(row.try_get_by_index(index)?));
        Ok((row.try_get_by_index(0)?, at(1)?, at(2)?))
    }

    fn here(&self, list: impl sea_orm::sea_query::IntoIden) -> SimpleExpr {
        Expr::col(list.into_iden()).eq(self.list)
    }
}

/// True if `hash` is `above` or answers it, directly or not.
fn is_below(parents: &HashMap<String, String>, hash: &str, above: &str) -> bool {
    let (mut at, mut seen) = (hash, HashSet::new());
    loop {
        if at == above {
            return true;
        }
        if !seen.insert(at) {
            return false;
        }
        match parents.get(at) {
            Some(parent) => at = parent,
            None => return false,
        }
    }
}
