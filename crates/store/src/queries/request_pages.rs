//! Requests about memberships as overviews show them: in the order in which they came.

use posthaste_model::{MembershipRequest, RequestAction, Timestamp, TokenOwner};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use uuid::Uuid;

use super::requests::{query, read};
use crate::tables::MembershipRequest as R;
use crate::{Store, StoreError};

/// Which requests are wanted: of one kind, on one list, whose time is not over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestsWanted {
    /// The list's key.
    pub list: Uuid,
    /// Of this kind.
    pub action: RequestAction,
    /// That wait for this one's word; `None` = for anybody's.
    pub owner: Option<TokenOwner>,
    /// Whose time is not over now.
    pub now: Timestamp,
}

impl Store {
    /// The requests that are wanted, the oldest first.
    pub async fn request_page(
        &self,
        wanted: &RequestsWanted,
        skip: u64,
        limit: u64,
    ) -> Result<Vec<MembershipRequest>, StoreError> {
        let mut query = narrowed(query(), wanted);
        query.order_by(R::AskedAt, Order::Asc).order_by(R::Id, Order::Asc);
        super::rosters::slice(&mut query, skip, limit);
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// How many requests are wanted.
    pub async fn request_count(&self, wanted: &RequestsWanted) -> Result<u64, StoreError> {
        let query = Query::select().expr(Expr::col(R::Id).count()).from(R::Table).take();
        let query = narrowed(query, wanted);
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs()),
            None => Ok(0),
        })
        .await
    }
}

fn narrowed(mut query: SelectStatement, wanted: &RequestsWanted) -> SelectStatement {
    query
        .and_where(Expr::col(R::List).eq(wanted.list))
        .and_where(Expr::col(R::Action).eq(wanted.action.name()))
        .and_where(Expr::col(R::ExpiresAt).gt(wanted.now.as_micros()));
    if let Some(owner) = wanted.owner {
        query.and_where(Expr::col(R::Owner).eq(owner.name()));
    }
    query
}
