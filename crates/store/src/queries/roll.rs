use posthaste_model::{DeliveryMode, DeliveryStatus, Role};
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::recipients::{effective, or_default};
use super::words::unword;
use crate::error::Fault;
use crate::tables::{Address as A, Member as M, Preference as P, User as U};
use crate::{Store, StoreError};

/// A line of a roster: one address in one role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RollLine {
    /// The member's key.
    pub member: Uuid,
    /// The folded address; rolls go by it.
    pub key: String,
    /// The address as its owner spells it.
    pub address: String,
    /// The name of the membership, else of the address, else of the user; may be empty.
    pub name: String,
    /// In which role.
    pub role: Role,
    /// How posts come, by member, address, user and system.
    pub mode: DeliveryMode,
    /// Whether they come, by the same.
    pub status: DeliveryStatus,
}

impl Store {
    /// A page of those who have one of these roles, by address; `after` is the last line of the page before.
    pub async fn roll(
        &self,
        list: Uuid,
        roles: &[Role],
        after: Option<&RollLine>,
        limit: u64,
    ) -> Result<Vec<RollLine>, StoreError> {
        let mut query = effective(list);
        query
            .columns([(M::Table, M::Id)])
            .columns([(A::Table, A::Key), (A::Table, A::Spelling)])
            .column((M::Table, M::DisplayName))
            .column((A::Table, A::DisplayName))
            .column((U::Table, U::DisplayName))
            .column((M::Table, M::Role))
            .expr(or_default(P::DeliveryMode, "regular"))
            .expr(or_default(P::DeliveryStatus, "enabled"))
            .and_where(Expr::col((M::Table, M::Role)).is_in(roles.iter().map(|role| role.name())))
            .order_by((A::Table, A::Key), Order::Asc)
            .order_by((M::Table, M::Id), Order::Asc)
            .limit(limit);
        if let Some(after) = after {
            let key = || Expr::col((A::Table, A::Key));
            let same = key().eq(after.key.as_str()).and(Expr::col((M::Table, M::Id)).gt(after.member));
            query.and_where(key().gt(after.key.as_str()).or(same));
        }
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }
}

fn read(row: &QueryResult) -> Result<RollLine, Fault> {
    let mut name = String::new();
    for index in [3, 4, 5] {
        if name.is_empty() {
            name = row.try_get_by_index::<Option<String>>(index)?.unwrap_or_default();
        }
    }
    Ok(RollLine {
        member: row.try_get_by_index(0)?,
        key: row.try_get_by_index(1)?,
        address: row.try_get_by_index(2)?,
        name,
        role: unword(row.try_get_by_index(6)?)?,
        mode: unword(row.try_get_by_index(7)?)?,
        status: unword(row.try_get_by_index(8)?)?,
    })
}
