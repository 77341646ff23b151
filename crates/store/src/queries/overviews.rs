//! Lists, many at once.

use posthaste_model::{ListId, Role};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::lists::{ListSummary, read_summary, summaries};
use super::rosters::{Subscriber, place, slice};
use crate::tables::{Address as A, MailingList as L, Member as M};
use crate::{Store, StoreError};

/// Which lists are wanted: those for which everything given is true.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListsWanted {
    /// Of this mail host, lower case.
    pub host: Option<String>,
    /// Only those shown in public overviews.
    pub advertised: bool,
    /// Only those behind this one, in the order of list-ids: the page after a page.
    pub after: Option<ListId>,
}

impl Store {
    /// The lists that are wanted, by list-id.
    pub async fn lists_among_all(
        &self,
        wanted: &ListsWanted,
        skip: u64,
        limit: u64,
    ) -> Result<Vec<ListSummary>, StoreError> {
        let mut query = narrowed(summaries(), wanted);
        query.order_by((L::Table, L::ListId), Order::Asc);
        slice(&mut query, skip, limit);
        self.reading(async |db| db.query_all(&query).await?.iter().map(read_summary).collect()).await
    }

    /// How many lists are wanted.
    pub async fn lists_counted(&self, wanted: &ListsWanted) -> Result<u64, StoreError> {
        let count = Query::select().expr(Expr::col((L::Table, L::Id)).count()).from(L::Table).take();
        self.counted(&narrowed(count, wanted)).await
    }

    /// The lists of a subscriber, one for each membership, by list-id, address and role. Without a role those of
    /// nonmembers are left out.
    pub async fn lists_of(
        &self,
        subscriber: &Subscriber,
        role: Option<Role>,
        skip: u64,
        limit: u64,
    ) -> Result<Vec<ListSummary>, StoreError> {
        let mut query = subscribed(summaries(), subscriber, role);
        query
            .order_by((L::Table, L::ListId), Order::Asc)
            .order_by((A::Table, A::Key), Order::Asc)
            .order_by_expr(place([Role::Member, Role::Owner, Role::Moderator]), Order::Asc);
        slice(&mut query, skip, limit);
        self.reading(async |db| db.query_all(&query).await?.iter().map(read_summary).collect()).await
    }

    /// How many these are.
    pub async fn lists_of_counted(
        &self,
        subscriber: &Subscriber,
        role: Option<Role>,
    ) -> Result<u64, StoreError> {
        let count = Query::select().expr(Expr::col((L::Table, L::Id)).count()).from(L::Table).take();
        self.counted(&subscribed(count, subscriber, role)).await
    }

    async fn counted(&self, query: &SelectStatement) -> Result<u64, StoreError> {
        self.reading(async |db| match db.query_one(query).await? {
            Some(row) => Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs()),
            None => Ok(0),
        })
        .await
    }
}

fn narrowed(mut query: SelectStatement, wanted: &ListsWanted) -> SelectStatement {
    if let Some(host) = &wanted.host {
        query.and_where(Expr::col((L::Table, L::Host)).eq(host));
    }
    if wanted.advertised {
        query.and_where(Expr::col((L::Table, L::Advertised)).eq(true));
    }
    if let Some(after) = &wanted.after {
        query.and_where(Expr::col((L::Table, L::ListId)).gt(after.as_str()));
    }
    query
}

fn subscribed(mut query: SelectStatement, subscriber: &Subscriber, role: Option<Role>) -> SelectStatement {
    query
        .inner_join(M::Table, Expr::col((M::Table, M::List)).equals((L::Table, L::Id)))
        .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)));
    match subscriber {
        Subscriber::Address(address) => query.and_where(Expr::col((A::Table, A::Key)).eq(address.key())),
        Subscriber::User(user) => query.and_where(Expr::col((A::Table, A::User)).eq(*user)),
        Subscriber::Like(text) => query.and_where(Expr::col((A::Table, A::Key)).eq(text.to_lowercase())),
    };
    match role {
        Some(role) => query.and_where(Expr::col((M::Table, M::Role)).eq(role.name())),
        None => query.and_where(Expr::col((M::Table, M::Role)).ne(Role::Nonmember.name())),
    };
    query
}
