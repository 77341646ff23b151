//! API tokens: made, known again, revoked. What is kept of one is its hash.

use std::time::Duration;

use posthaste_model::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::words::{cut, insert};
use crate::error::Fault;
use crate::tables::ApiToken as T;
use crate::{Store, StoreError};

/// The last use is written down no more often than this.
const USED: Duration = Duration::from_mins(1);

/// An API token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiToken {
    /// Its key.
    pub id: Uuid,
    /// What people call it; no two have the same name.
    pub name: String,
    /// How far it reaches: `site`, `domain` or `list`.
    pub reach: String,
    /// The domain or list-id; empty for the site.
    pub target: String,
    /// What it may do, in words with commas between them.
    pub kinds: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does not hold; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Since when it does not hold any more.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a new token under this hash; false if there is one of that name that was not revoked. A revoked one of that
    /// name goes.
    pub async fn add_api_token(&self, token: &ApiToken, hash: &str) -> Result<bool, StoreError> {
        let row = [
            token.id.into(),
            cut(&token.name).into(),
            hash.into(),
            token.reach.as_str().into(),
            token.target.as_str().into(),
            token.kinds.as_str().into(),
            token.created_at.as_micros().into(),
            token.expires_at.map(Timestamp::as_micros).into(),
        ];
        let columns = [T::Id, T::Name, T::Hash, T::Reach, T::Target, T::Kinds, T::CreatedAt, T::ExpiresAt];
        let row = insert(T::Table, columns, [row]);
        self.writing(|| async {
            let db = self.begin().await?;
            let revoked = Query::delete()
                .from_table(T::Table)
                .and_where(Expr::col(T::Name).eq(cut(&token.name)))
                .and_where(Expr::col(T::RevokedAt).is_not_null())
                .take();
            db.execute(&revoked).await?;
            let same = Query::select()
                .column(T::Id)
                .from(T::Table)
                .and_where(Expr::col(T::Name).eq(cut(&token.name)))
                .take();
            if db.query_one(&same).await?.is_some() {
                return db.commit(false).await;
            }
            db.execute(&row).await?;
            db.commit(true).await
        })
        .await
    }

    /// The token with this hash, if it holds; notes that it was used.
    pub async fn api_token(&self, hash: &str, now: Timestamp) -> Result<Option<ApiToken>, StoreError> {
        let query = select().and_where(Expr::col(T::Hash).eq(hash)).take();
        let found: Option<ApiToken> =
            self.reading(async |db| db.query_one(&query).await?.as_ref().map(read).transpose()).await?;
        let holds = |token: &ApiToken| {
            token.revoked_at.is_none() && token.expires_at.is_none_or(|expires| now < expires)
        };
        let Some(token) = found.filter(holds) else { return Ok(None) };
        if token.last_used_at.is_none_or(|at| now.since(at) >= USED) {
            let update = Query::update()
                .table(T::Table)
                .value(T::LastUsedAt, now.as_micros())
                .and_where(Expr::col(T::Id).eq(token.id))
                .take();
            self.writing(|| async {
                let db = self.begin().await?;
                db.execute(&update).await?;
                db.commit(()).await
            })
            .await?;
        }
        Ok(Some(token))
    }

    /// Every token, by name.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let query = select().order_by(T::Name, Order::Asc).take();
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// The token of this name does not hold any more; false if there is none that does.
    pub async fn revoke_api_token(&self, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        let update = Query::update()
            .table(T::Table)
            .value(T::RevokedAt, now.as_micros())
            .and_where(Expr::col(T::Name).eq(cut(name)))
            .and_where(Expr::col(T::RevokedAt).is_null())
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let gone = db.execute(&update).await?.rows_affected() > 0;
            db.commit(gone).await
        })
        .await
    }
}

fn select() -> SelectStatement {
    Query::select()
        .columns([
            T::Id,
            T::Name,
            T::Reach,
            T::Target,
            T::Kinds,
            T::CreatedAt,
            T::ExpiresAt,
            T::RevokedAt,
            T::LastUsedAt,
        ])
        .from(T::Table)
        .take()
}

fn read(row: &QueryResult) -> Result<ApiToken, Fault> {
    let moment = |index: usize| -> Result<Option<Timestamp>, Fault> {
        Ok(row.try_get_by_index::<Option<i64>>(index)?.map(Timestamp::from_micros))
    };
    Ok(ApiToken {
        id: row.try_get_by_index(0)?,
        name: row.try_get_by_index(1)?,
        reach: row.try_get_by_index(2)?,
        target: row.try_get_by_index(3)?,
        kinds: row.try_get_by_index(4)?,
        created_at: Timestamp::from_micros(row.try_get_by_index(5)?),
        expires_at: moment(6)?,
        revoked_at: moment(7)?,
        last_used_at: moment(8)?,
    })
}
