use posthaste_model::{ArchivePolicy, ListId, ListName, ListSettings, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, LikeExpr, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use crate::error::Fault;
use crate::queries::lists;
use crate::queries::words::unjson;
use crate::tables::{ArchiveShelf as S, ArchivedMessage as M, ArchivedThread as T, MailingList as L};
use crate::{Store, StoreError};

/// How much a list's archive holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shelf {
    /// Grows with every change.
    pub revision: i64,
    /// Posts.
    pub messages: u64,
    /// Threads.
    pub threads: u64,
}

/// An archive that everybody may read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicArchive {
    /// The list's name for ever.
    pub list_id: ListId,
    /// Its posting address.
    pub name: ListName,
    /// What people call it.
    pub display_name: String,
    /// One line about it.
    pub description: String,
    /// How much there is.
    pub shelf: Shelf,
}

/// A post, as far as the database remembers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchivedMessage {
    /// Its key.
    pub id: Uuid,
    /// The list's key.
    pub list: Uuid,
    /// Its Message-ID-Hash.
    pub hash: String,
    /// Its Message-ID without angle brackets.
    pub message_id: String,
    /// The name of its bytes.
    pub body: String,
    /// How many these are.
    pub size: u64,
    /// The thread it is in.
    pub thread: String,
    /// The post it answers.
    pub parent: Option<String>,
    /// The author's name; may be empty.
    pub author: String,
    /// The author's address; may be empty.
    pub address: String,
    /// Its subject; may be empty.
    pub subject: String,
    /// How it begins.
    pub beginning: String,
    /// How many files came along.
    pub files: u32,
    /// When it was written.
    pub at: Timestamp,
    /// When it was received.
    pub kept_at: Timestamp,
}

/// A thread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchivedThread {
    /// Its key.
    pub id: Uuid,
    /// Its name: the hash of the post that began it.
    pub hash: String,
    /// The subject it began with.
    pub subject: String,
    /// Who began it; may be empty.
    pub author: String,
    /// How it began.
    pub beginning: String,
    /// When it began.
    pub started: Timestamp,
    /// When its latest post was written.
    pub active: Timestamp,
    /// How many posts.
    pub messages: u64,
    /// The shelf's revision when it changed last.
    pub revision: i64,
}

/// Posts of a month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MonthCount {
    /// The year.
    pub year: i32,
    /// The month, from 1.
    pub month: i32,
    /// How many.
    pub messages: u64,
}

/// Which threads are wanted; all if nothing is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ThreadsWanted {
    /// With a post from this moment on.
    pub from: Option<Timestamp>,
    /// Begun before this moment.
    pub until: Option<Timestamp>,
    /// Older than this one, the last of the page before: activity and key.
    pub before: Option<(Timestamp, Uuid)>,
}

impl Store {
    /// How much the archive of a list holds; nothing at all if it never kept a post.
    pub async fn shelf(&self, list: Uuid) -> Result<Shelf, StoreError> {
        let query = Query::select()
            .columns([S::Revision, S::Messages, S::Threads])
            .from(S::Table)
            .and_where(Expr::col(S::List).eq(list))
            .take();
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => read_shelf(&row, 0),
            None => Ok(Shelf::default()),
        })
        .await
    }

    /// A page of the archives that everybody may read, of advertised lists, in the order of list-ids, after the one given;
    /// with the list-id to go on from, if there may be more.
    pub async fn public_archives(
        &self,
        after: Option<&ListId>,
        limit: u64,
    ) -> Result<(Vec<PublicArchive>, Option<ListId>), StoreError> {
        let mut query = Query::select();
        query
            .columns([
                (L::Table, L::ListId),
                (L::Table, L::Local),
                (L::Table, L::Host),
                (L::Table, L::DisplayName),
                (L::Table, L::Description),
                (L::Table, L::Settings),
            ])
            .columns([(S::Table, S::Revision), (S::Table, S::Messages), (S::Table, S::Threads)])
            .from(L::Table)
            .join(JoinType::InnerJoin, S::Table, Expr::col((S::Table, S::List)).equals((L::Table, L::Id)))
            .and_where(Expr::col((L::Table, L::Advertised)).eq(true))
            .order_by((L::Table, L::ListId), Order::Asc)
            .limit(limit);
        if let Some(after) = after {
            query.and_where(Expr::col((L::Table, L::ListId)).gt(after.as_str()));
        }
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            let mut found = vec![];
            for row in &rows {
                let settings: ListSettings = unjson(&row.try_get_by_index::<String>(5)?)?;
                // What is not for everybody is not even counted.
                if settings.archive_policy != ArchivePolicy::Public {
                    continue;
                }
                found.push(PublicArchive {
                    list_id: ListId::new(row.try_get_by_index::<String>(0)?),
                    name: lists::name(row, 1)?,
                    display_name: row.try_get_by_index(3)?,
                    description: row.try_get_by_index(4)?,
                    shelf: read_shelf(row, 6)?,
                });
            }
            let more = rows.len() as u64 == limit;
            let last = rows.last().filter(|_| more).map(|row| row.try_get_by_index::<String>(0));
            Ok((found, last.transpose()?.map(ListId::new)))
        })
        .await
    }

    /// A page of threads, those with the latest posts first.
    pub async fn archived_threads(
        &self,
        list: Uuid,
        wanted: &ThreadsWanted,
        limit: u64,
    ) -> Result<Vec<ArchivedThread>, StoreError> {
        let mut query = threads();
        query
            .and_where(Expr::col(T::List).eq(list))
            .order_by(T::Active, Order::Desc)
            .order_by(T::Id, Order::Desc)
            .limit(limit);
        if let Some(from) = wanted.from {
            query.and_where(Expr::col(T::Active).gte(from.as_micros()));
        }
        if let Some(until) = wanted.until {
            query.and_where(Expr::col(T::Started).lt(until.as_micros()));
        }
        if let Some((at, id)) = wanted.before {
            query.and_where(
                Expr::col(T::Active)
                    .lt(at.as_micros())
                    .or(Expr::col(T::Active).eq(at.as_micros()).and(Expr::col(T::Id).lt(id))),
            );
        }
        self.reading(async |db| db.query_all(&query).await?.iter().map(read_thread).collect()).await
    }

    /// A thread by its name.
    pub async fn archived_thread(
        &self,
        list: Uuid,
        hash: &str,
    ) -> Result<Option<ArchivedThread>, StoreError> {
        let query =
            threads().and_where(Expr::col(T::List).eq(list)).and_where(Expr::col(T::Hash).eq(hash)).take();
        self.reading(async |db| db.query_one(&query).await?.as_ref().map(read_thread).transpose()).await
    }

    /// The posts of a thread by their dates, at most `limit`.
    pub async fn thread_messages(
        &self,
        list: Uuid,
        thread: &str,
        limit: u64,
    ) -> Result<Vec<ArchivedMessage>, StoreError> {
        let query = messages()
            .and_where(Expr::col(M::List).eq(list))
            .and_where(Expr::col(M::Thread).eq(thread))
            .order_by(M::At, Order::Asc)
            .order_by(M::Id, Order::Asc)
            .limit(limit)
            .take();
        self.archived(query).await
    }

    /// A post by its Message-ID-Hash.
    pub async fn archived_message(
        &self,
        list: Uuid,
        hash: &str,
    ) -> Result<Option<ArchivedMessage>, StoreError> {
        let query =
            messages().and_where(Expr::col(M::List).eq(list)).and_where(Expr::col(M::Hash).eq(hash)).take();
        Ok(self.archived(query).await?.pop())
    }

    /// The keys of the lists that have this post, a few at most.
    pub async fn lists_with_message(&self, hash: &str) -> Result<Vec<Uuid>, StoreError> {
        let query = Query::select()
            .column(M::List)
            .from(M::Table)
            .and_where(Expr::col(M::Hash).eq(hash))
            .limit(50)
            .take();
        self.reading(async |db| {
            db.query_all(&query).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
        })
        .await
    }

    /// Posts of a list, the newest first, older than the one given by date and key.
    pub async fn newest_archived(
        &self,
        list: Uuid,
        words: &[String],
        before: Option<(Timestamp, Uuid)>,
        limit: u64,
    ) -> Result<Vec<ArchivedMessage>, StoreError> {
        let mut query = messages();
        query
            .and_where(Expr::col(M::List).eq(list))
            .order_by(M::At, Order::Desc)
            .order_by(M::Id, Order::Desc)
            .limit(limit);
        for word in words {
            let exact: String =
                word.chars().flat_map(|c| if "%_\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
            query.and_where(Expr::col(M::Words).like(LikeExpr::new(format!("% {exact}%")).escape('\\')));
        }
        if let Some(before) = before {
            query.and_where(beyond(before, false));
        }
        self.archived(query).await
    }

    /// Posts of a list written from `from` until before `until`, in the order of their dates, after the one given.
    pub async fn archived_between(
        &self,
        list: Uuid,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        after: Option<(Timestamp, Uuid)>,
        limit: u64,
    ) -> Result<Vec<ArchivedMessage>, StoreError> {
        let mut query = messages();
        query
            .and_where(Expr::col(M::List).eq(list))
            .order_by(M::At, Order::Asc)
            .order_by(M::Id, Order::Asc)
            .limit(limit);
        if let Some(from) = from {
            query.and_where(Expr::col(M::At).gte(from.as_micros()));
        }
        if let Some(until) = until {
            query.and_where(Expr::col(M::At).lt(until.as_micros()));
        }
        if let Some(after) = after {
            query.and_where(beyond(after, true));
        }
        self.archived(query).await
    }

    /// The months in which posts were written, the latest first.
    pub async fn archived_months(&self, list: Uuid) -> Result<Vec<MonthCount>, StoreError> {
        let query = Query::select()
            .column(M::Month)
            .expr(Expr::col(M::Id).count())
            .from(M::Table)
            .and_where(Expr::col(M::List).eq(list))
            .group_by_col(M::Month)
            .order_by(M::Month, Order::Desc)
            .take();
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter()
                .map(|row| {
                    let month: i32 = row.try_get_by_index(0)?;
                    Ok(MonthCount {
                        year: month.div_euclid(12),
                        month: month.rem_euclid(12) + 1,
                        messages: row.try_get_by_index::<i64>(1)?.unsigned_abs(),
                    })
                })
                .collect()
        })
        .await
    }

    async fn archived(&self, query: SelectStatement) -> Result<Vec<ArchivedMessage>, StoreError> {
        self.reading(async |db| db.query_all(&query).await?.iter().map(read_message).collect()).await
    }
}

/// What lies behind a post in the order of dates.
fn beyond((at, id): (Timestamp, Uuid), later: bool) -> SimpleExpr {
    let (date, key) = (Expr::col(M::At), Expr::col(M::Id));
    let same = Expr::col(M::At).eq(at.as_micros());
    if later {
        date.gt(at.as_micros()).or(same.and(key.gt(id)))
    } else {
        date.lt(at.as_micros()).or(same.and(key.lt(id)))
    }
}

fn read_shelf(row: &QueryResult, first: usize) -> Result<Shelf, Fault> {
    let number = |index| Ok::<_, Fault>(row.try_get_by_index::<i64>(first + index)?);
    Ok(Shelf {
        revision: number(0)?,
        messages: number(1)?.unsigned_abs(),
        threads: number(2)?.unsigned_abs(),
    })
}

fn threads() -> SelectStatement {
    let columns = [
        T::Id,
        T::Hash,
        T::Subject,
        T::Author,
        T::Beginning,
        T::Started,
        T::Active,
        T::Messages,
        T::Revision,
    ];
    Query::select().columns(columns).from(T::Table).take()
}

fn read_thread(row: &QueryResult) -> Result<ArchivedThread, Fault> {
    Ok(ArchivedThread {
        id: row.try_get_by_index(0)?,
        hash: row.try_get_by_index(1)?,
        subject: row.try_get_by_index(2)?,
        author: row.try_get_by_index(3)?,
        beginning: row.try_get_by_index(4)?,
        started: Timestamp::from_micros(row.try_get_by_index(5)?),
        active: Timestamp::from_micros(row.try_get_by_index(6)?),
        messages: row.try_get_by_index::<i64>(7)?.unsigned_abs(),
        revision: row.try_get_by_index(8)?,
    })
}

fn messages() -> SelectStatement {
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
        M::Beginning,
        M::Files,
        M::At,
        M::KeptAt,
    ];
    Query::select().columns(columns).from(M::Table).take()
}

fn read_message(row: &QueryResult) -> Result<ArchivedMessage, Fault> {
    Ok(ArchivedMessage {
        id: row.try_get_by_index(0)?,
        list: row.try_get_by_index(1)?,
        hash: row.try_get_by_index(2)?,
        message_id: row.try_get_by_index(3)?,
        body: row.try_get_by_index(4)?,
        size: row.try_get_by_index::<i64>(5)?.unsigned_abs(),
        thread: row.try_get_by_index(6)?,
        parent: row.try_get_by_index(7)?,
        author: row.try_get_by_index(8)?,
        address: row.try_get_by_index(9)?,
        subject: row.try_get_by_index(10)?,
        beginning: row.try_get_by_index(11)?,
        files: row.try_get_by_index::<i32>(12)?.unsigned_abs(),
        at: Timestamp::from_micros(row.try_get_by_index(13)?),
        kept_at: Timestamp::from_micros(row.try_get_by_index(14)?),
    })
}
