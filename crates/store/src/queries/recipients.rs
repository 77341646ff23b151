use posthaste_model::{Address, Role};
use sea_orm::sea_query::{
    Expr, ExprTrait, Func, IntoIden, JoinType, Order, Query, SelectStatement, SimpleExpr,
};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use uuid::Uuid;

use super::{packed, words};
use crate::error::Fault;
use crate::tables::{Address as A, Member as M, Preference as P, User as U};
use crate::{Store, StoreError};

/// Somebody who gets the posts of a list one by one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecipientRow {
    /// The member's key; pages go by it.
    pub member: Uuid,
    /// The address as its owner spells it.
    pub address: String,
    /// The name; may be empty.
    pub name: String,
    /// Wants the posts that this person wrote.
    pub own_postings: bool,
    /// Wants the list's copy even if To or Cc names this person.
    pub list_copy: bool,
    /// The language this person set.
    pub language: Option<String>,
}

impl Store {
    /// A page of those who get posts one by one: role member, delivery switched on, mode regular; by member, address,
    /// user and system preferences in this order. `after` is the last member of the page before.
    ///
    /// Pages go by key, so a member who stays throughout is on exactly one page, whoever joins or leaves meanwhile.
    pub async fn recipients_page(
        &self,
        list: Uuid,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<RecipientRow>, StoreError> {
        let mut query = effective(list);
        query
            .expr_as(Expr::col((M::Table, M::Id)), "member_id")
            .expr_as(Expr::col((A::Table, A::Spelling)), "spelling")
            .expr_as(Expr::col((M::Table, M::DisplayName)), "member_name")
            .expr_as(Expr::col((A::Table, A::DisplayName)), "address_name")
            .expr_as(first_set(P::ReceiveOwnPostings), "own_postings")
            .expr_as(first_set(P::ReceiveListCopy), "list_copy")
            .expr_as(first_set(P::PreferredLanguage), "language")
            .and_where(Expr::col((M::Table, M::Role)).eq(Role::Member.name()))
            .and_where(or_default(P::DeliveryMode, "regular").eq("regular"))
            .and_where(or_default(P::DeliveryStatus, "enabled").eq("enabled"))
            .order_by((M::Table, M::Id), Order::Asc)
            .limit(limit);
        if let Some(after) = after {
            query.and_where(Expr::col((M::Table, M::Id)).gt(after));
        }
        let packed = (self.engine() == DbBackend::Sqlite).then(|| packed::query(&query));
        self.reading(async |db| {
            if let Some(packed) = packed
                && let Some(rows) = packed::read(db.query_one(&packed).await?)?
            {
                return Ok(rows);
            }
            db.query_all(&query).await?.iter().map(read).collect()
        })
        .await
    }

    /// The owners and moderators whose delivery is switched on, each once.
    pub async fn admins(&self, list: Uuid) -> Result<Vec<Address>, StoreError> {
        let query = effective(list)
            .column((A::Table, A::Spelling))
            .distinct()
            .and_where(Expr::col((M::Table, M::Role)).is_in([Role::Owner.name(), Role::Moderator.name()]))
            .and_where(or_default(P::DeliveryStatus, "enabled").eq("enabled"))
            .order_by((A::Table, A::Spelling), Order::Asc)
            .take();
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter().map(|row| Ok(words::address(&row.try_get_by_index::<String>(0)?)?)).collect()
        })
        .await
    }
}

/// Members of a list beside their address and, if it is known, their user.
pub(super) fn effective(list: Uuid) -> SelectStatement {
    Query::select()
        .from(M::Table)
        .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)))
        .join(JoinType::LeftJoin, U::Table, Expr::col((U::Table, U::Id)).equals((A::Table, A::User)))
        .and_where(Expr::col((M::Table, M::List)).eq(list))
        .take()
}

/// What the first of member, address and user says.
pub(super) fn first_set(preference: P) -> SimpleExpr {
    Func::coalesce(levels(preference)).into()
}

/// The same, or else the system's default.
pub(super) fn or_default(preference: P, system: &str) -> SimpleExpr {
    Func::coalesce(levels(preference).into_iter().chain([Expr::val(system)])).into()
}

fn levels(preference: P) -> [SimpleExpr; 3] {
    [M::Table.into_iden(), A::Table.into_iden(), U::Table.into_iden()]
        .map(|table| Expr::col((table, preference)))
}

fn read(row: &QueryResult) -> Result<RecipientRow, Fault> {
    let name: String = row.try_get_by_index(2)?;
    let name = if name.is_empty() { row.try_get_by_index(3)? } else { name };
    Ok(RecipientRow {
        member: row.try_get_by_index(0)?,
        address: row.try_get_by_index(1)?,
        name,
        own_postings: row.try_get_by_index::<Option<bool>>(4)?.unwrap_or(true),
        list_copy: row.try_get_by_index::<Option<bool>>(5)?.unwrap_or(true),
        language: row.try_get_by_index(6)?,
    })
}
