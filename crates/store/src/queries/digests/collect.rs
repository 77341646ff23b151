use bytes::{Bytes, BytesMut};
use posthaste_model::{EntryId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use uuid::Uuid;

use crate::error::{Fault, odd};
use crate::queries::words::insert;
use crate::tables::{DigestPiece as P, DigestPost as D};
use crate::{Store, StoreError};

/// Bytes of a message in one row, below the packet limit of any server.
const PIECE: usize = 1 << 20;

/// A post for the next digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Collected {
    /// The entry of the spool it is; collecting the same one again changes nothing, also after its digest went out.
    pub id: EntryId,
    /// The list's key.
    pub list: Uuid,
    /// When.
    pub at: Timestamp,
    /// The message, without the list's header and footer.
    pub message: Bytes,
}

/// What waits for the next digest of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backlog {
    /// The list's key.
    pub list: Uuid,
    /// How many posts.
    pub posts: u64,
    /// Their octets.
    pub size: u64,
    /// When the first of them was collected.
    pub oldest: Timestamp,
}

impl Store {
    /// Keeps a post for the next digest of its list. Durable, whole or not at all, when this returns.
    pub async fn collect_for_digest(&self, post: &Collected) -> Result<(), StoreError> {
        let known = Query::select()
            .column(D::Id)
            .from(D::Table)
            .and_where(Expr::col(D::Id).eq(post.id.uuid()))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            if db.query_one(&known).await?.is_some() {
                return Ok(());
            }
            let row = [
                post.id.uuid().into(),
                post.list.into(),
                post.at.as_micros().into(),
                i64::try_from(post.message.len()).map_err(odd)?.into(),
            ];
            let no_list = StoreError::NoSuchList(post.list.to_string());
            db.execute(&insert(D::Table, [D::Id, D::List, D::CollectedAt, D::Size], [row]))
                .await
                .map_err(|e| Fault::reference_means(e, no_list))?;
            for (place, piece) in (0_i32..).zip(post.message.chunks(PIECE)) {
                let row = [post.id.uuid().into(), place.into(), piece.to_vec().into()];
                db.execute(&insert(P::Table, [P::Post, P::Place, P::Bytes], [row])).await?;
            }
            db.commit(()).await
        })
        .await
    }

    /// What waits for a digest, list by list.
    pub async fn digest_backlog(&self) -> Result<Vec<Backlog>, StoreError> {
        self.backlog(None).await
    }

    /// What waits for the next digest of one list; `None` if nothing does.
    pub async fn digest_backlog_of(&self, list: Uuid) -> Result<Option<Backlog>, StoreError> {
        Ok(self.backlog(Some(list)).await?.pop())
    }

    async fn backlog(&self, list: Option<Uuid>) -> Result<Vec<Backlog>, StoreError> {
        let whole = if self.engine() == DbBackend::MySql { "signed" } else { "bigint" };
        let mut query = Query::select();
        query
            .column(D::List)
            .expr(Expr::col(D::Id).count())
            // The sum of integers is a decimal on two of the three engines.
            .expr(Expr::col(D::Size).sum().cast_as(whole))
            .expr(Expr::col(D::CollectedAt).min())
            .from(D::Table)
            .and_where(Expr::col(D::Issue).is_null())
            .group_by_col(D::List);
        if let Some(list) = list {
            query.and_where(Expr::col(D::List).eq(list));
        }
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            let number = |row: &QueryResult, i| Ok::<_, Fault>(row.try_get_by_index::<i64>(i)?);
            rows.iter()
                .map(|row| {
                    Ok(Backlog {
                        list: row.try_get_by_index(0)?,
                        posts: number(row, 1)?.unsigned_abs(),
                        size: number(row, 2)?.unsigned_abs(),
                        oldest: Timestamp::from_micros(number(row, 3)?),
                    })
                })
                .collect()
        })
        .await
    }

    /// The bytes of a collected post; `None` if its digest has gone out.
    pub async fn collected(&self, post: EntryId) -> Result<Option<Bytes>, StoreError> {
        let size =
            Query::select().column(D::Size).from(D::Table).and_where(Expr::col(D::Id).eq(post.uuid())).take();
        self.reading(async |db| {
            let Some(row) = db.query_one(&size).await? else { return Ok(None) };
            let size = usize::try_from(row.try_get_by_index::<i64>(0)?).map_err(odd)?;
            let mut message = BytesMut::with_capacity(size);
            while message.len() < size {
                let place = i32::try_from(message.len() / PIECE).map_err(odd)?;
                let piece = Query::select()
                    .column(P::Bytes)
                    .from(P::Table)
                    .and_where(Expr::col(P::Post).eq(post.uuid()))
                    .and_where(Expr::col(P::Place).eq(place))
                    .take();
                let Some(row) = db.query_one(&piece).await? else { return Ok(None) };
                message.extend_from_slice(&row.try_get_by_index::<Vec<u8>>(0)?);
            }
            Ok(Some(message.freeze()))
        })
        .await
    }
}
