use posthaste_model::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use crate::tables::{ArchivedMessage as M, ArchivedThread as T};
use crate::{Store, StoreError};

/// What a list's archive holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchiveStats {
    /// The list's key.
    pub list: Uuid,
    /// Posts.
    pub messages: u64,
    /// Threads.
    pub threads: u64,
    /// Octets of the posts as they came.
    pub size: u64,
    /// When the first was written.
    pub first: Timestamp,
    /// When the last was written.
    pub last: Timestamp,
}

impl Store {
    /// What each archive holds, counted.
    pub async fn archive_stats(&self) -> Result<Vec<ArchiveStats>, StoreError> {
        let whole = if self.engine() == DbBackend::MySql { "signed" } else { "bigint" };
        let threads = Query::select()
            .expr(Expr::col((T::Table, T::Id)).count())
            .from(T::Table)
            .and_where(Expr::col((T::Table, T::List)).equals((M::Table, M::List)))
            .take();
        let query = Query::select()
            .column(M::List)
            .expr(Expr::col(M::Id).count())
            .expr(Expr::from(threads))
            // The sum of integers is a decimal on two of the three engines.
            .expr(Expr::col(M::Size).sum().cast_as(whole))
            .expr(Expr::col(M::At).min())
            .expr(Expr::col(M::At).max())
            .from(M::Table)
            .group_by_col(M::List)
            .take();
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter()
                .map(|row| {
                    Ok(ArchiveStats {
                        list: row.try_get_by_index(0)?,
                        messages: row.try_get_by_index::<i64>(1)?.unsigned_abs(),
                        threads: row.try_get_by_index::<i64>(2)?.unsigned_abs(),
                        size: row.try_get_by_index::<i64>(3)?.unsigned_abs(),
                        first: Timestamp::from_micros(row.try_get_by_index(4)?),
                        last: Timestamp::from_micros(row.try_get_by_index(5)?),
                    })
                })
                .collect()
        })
        .await
    }

    /// A page of posts over all archives, in the order of their keys: key, list's key, hash, and the name of the bytes.
    pub async fn archived_bodies(
        &self,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Uuid, Uuid, String, String)>, StoreError> {
        let mut query = Query::select();
        query
            .columns([M::Id, M::List, M::Hash, M::Body])
            .from(M::Table)
            .order_by(M::Id, Order::Asc)
            .limit(limit);
        if let Some(after) = after {
            query.and_where(Expr::col(M::Id).gt(after));
        }
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter()
                .map(|row| {
                    Ok((
                        row.try_get_by_index(0)?,
                        row.try_get_by_index(1)?,
                        row.try_get_by_index(2)?,
                        row.try_get_by_index(3)?,
                    ))
                })
                .collect()
        })
        .await
    }
}
