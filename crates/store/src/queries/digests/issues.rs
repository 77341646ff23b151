use posthaste_model::{Address, EntryId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use crate::error::Fault;
use crate::queries::words::insert;
use crate::tables::{DigestIssue as I, DigestPiece as P, DigestPost as D, LastDigest as G, MailingList as L};
use crate::{Store, StoreError};

/// A digest whose posts and numbers are fixed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issue {
    /// Its key; the ids of the mails made of it derive from it.
    pub id: Uuid,
    /// The list's key.
    pub list: Uuid,
    /// Its volume.
    pub volume: i64,
    /// Its number within the volume.
    pub number: i64,
    /// When it was closed.
    pub closed_at: Timestamp,
}

/// How large one issue may become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IssueLimits {
    /// The most posts.
    pub posts: u64,
    /// The most octets, unless one post alone has more.
    pub size: u64,
}

/// Where the numbering of a list's digests stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbers {
    /// The volume.
    pub volume: i64,
    /// The number of the next one.
    pub number: i64,
    /// When the last one was closed.
    pub last: Option<Timestamp>,
}

impl Store {
    /// Closes the next digest of a list: takes what was collected, oldest first, within `limits`, and gives it the numbers
    /// that `numbering` makes of where the list stands. `None` if nothing was collected, or somebody else took it.
    pub async fn close_digest(
        &self,
        list: Uuid,
        at: Timestamp,
        limits: IssueLimits,
        numbering: impl Fn(Numbers) -> (i64, i64),
    ) -> Result<Option<Issue>, StoreError> {
        let id = Uuid::now_v7();
        let waiting = Query::select()
            .columns([D::Id, D::Size])
            .from(D::Table)
            .and_where(Expr::col(D::Issue).is_null())
            .and_where(Expr::col(D::List).eq(list))
            .order_by(D::Id, Order::Asc)
            .limit(limits.posts)
            .take();
        let stands = Query::select()
            .columns([L::Volume, L::NextDigestNumber, L::DigestLastSentAt])
            .from(L::Table)
            .and_where(Expr::col(L::Id).eq(list))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let mut posts: Vec<Uuid> = vec![];
            let mut size = 0;
            for row in db.query_all(&waiting).await? {
                size += row.try_get_by_index::<i64>(1)?.unsigned_abs();
                if size > limits.size && !posts.is_empty() {
                    break;
                }
                posts.push(row.try_get_by_index(0)?);
            }
            let count = posts.len() as u64;
            let take = Query::update()
                .table(D::Table)
                .value(D::Issue, id)
                .and_where(Expr::col(D::Id).is_in(posts))
                .and_where(Expr::col(D::Issue).is_null())
                .take();
            if count == 0 || db.execute(&take).await?.rows_affected() != count {
                return Ok(None);
            }
            let Some(row) = db.query_one(&stands).await? else {
                return Err(StoreError::NoSuchList(list.to_string()).into());
            };
            let (volume, number) = numbering(Numbers {
                volume: row.try_get_by_index(0)?,
                number: row.try_get_by_index(1)?,
                last: row.try_get_by_index::<Option<i64>>(2)?.map(Timestamp::from_micros),
            });
            let row = [id.into(), list.into(), volume.into(), number.into(), at.as_micros().into()];
            db.execute(&insert(I::Table, [I::Id, I::List, I::Volume, I::Number, I::ClosedAt], [row])).await?;
            let advance = Query::update()
                .table(L::Table)
                .value(L::Volume, volume)
                .value(L::NextDigestNumber, number + 1)
                .value(L::DigestLastSentAt, at.as_micros())
                .and_where(Expr::col(L::Id).eq(list))
                .take();
            db.execute(&advance).await?;
            db.commit(Some(Issue { id, list, volume, number, closed_at: at })).await
        })
        .await
    }

    /// Digests that were closed and did not go out yet, oldest first.
    pub async fn open_digests(&self) -> Result<Vec<Issue>, StoreError> {
        let query = Query::select()
            .columns([I::Id, I::List, I::Volume, I::Number, I::ClosedAt])
            .from(I::Table)
            .and_where(Expr::col(I::SentAt).is_null())
            .order_by(I::ClosedAt, Order::Asc)
            .order_by(I::Number, Order::Asc)
            .take();
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// The posts of a digest in their order.
    pub async fn digest_posts(&self, issue: Uuid) -> Result<Vec<EntryId>, StoreError> {
        let query = Query::select()
            .column(D::Id)
            .from(D::Table)
            .and_where(Expr::col(D::Issue).eq(issue))
            .order_by(D::Id, Order::Asc)
            .take();
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter().map(|row| Ok(EntryId::new(row.try_get_by_index(0)?))).collect()
        })
        .await
    }

    /// A digest went out: its posts are let go of, and `settled` have had their last one.
    pub async fn digest_sent(
        &self,
        issue: &Issue,
        at: Timestamp,
        settled: &[Address],
    ) -> Result<(), StoreError> {
        let posts =
            Query::select().column(D::Id).from(D::Table).and_where(Expr::col(D::Issue).eq(issue.id)).take();
        self.writing(|| async {
            let db = self.begin().await?;
            let ids: Vec<Uuid> = db
                .query_all(&posts)
                .await?
                .iter()
                .map(|row| row.try_get_by_index(0))
                .collect::<Result<_, _>>()?;
            db.execute(Query::delete().from_table(P::Table).and_where(Expr::col(P::Post).is_in(ids))).await?;
            for address in settled {
                let delete = Query::delete()
                    .from_table(G::Table)
                    .and_where(Expr::col(G::List).eq(issue.list))
                    .and_where(Expr::col(G::Key).eq(address.key()))
                    .take();
                db.execute(&delete).await?;
            }
            let done = Query::update()
                .table(I::Table)
                .value(I::SentAt, at.as_micros())
                .and_where(Expr::col(I::Id).eq(issue.id))
                .take();
            db.execute(&done).await?;
            db.commit(()).await
        })
        .await
    }

    /// Forgets digests that went out before `before`, and that their posts were in them.
    pub async fn forget_digests(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = || Expr::col(I::SentAt).lt(before.as_micros());
        self.writing(|| async {
            let db = self.begin().await?;
            let ids = Query::select().column(I::Id).from(I::Table).and_where(old()).take();
            let ids: Vec<Uuid> = db
                .query_all(&ids)
                .await?
                .iter()
                .map(|row| row.try_get_by_index(0))
                .collect::<Result<_, _>>()?;
            if ids.is_empty() {
                return Ok(0);
            }
            db.execute(Query::delete().from_table(D::Table).and_where(Expr::col(D::Issue).is_in(ids)))
                .await?;
            let gone = db.execute(Query::delete().from_table(I::Table).and_where(old())).await?;
            db.commit(gone.rows_affected()).await
        })
        .await
    }
}

fn read(row: &QueryResult) -> Result<Issue, Fault> {
    Ok(Issue {
        id: row.try_get_by_index(0)?,
        list: row.try_get_by_index(1)?,
        volume: row.try_get_by_index(2)?,
        number: row.try_get_by_index(3)?,
        closed_at: Timestamp::from_micros(row.try_get_by_index(4)?),
    })
}
