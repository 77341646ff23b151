//! What people set for themselves, at each of the levels where it can be set.

use posthaste_model::{Address, DeliveryStatus, Preferences, Role};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, JoinType, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::digests::readers::change_of_mode;
use super::{members, preferences};
use crate::error::Fault;
use crate::tables::{Address as A, BounceStanding as S, Member as M, User as U};
use crate::{Store, StoreError};

/// Where preferences are set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Level {
    /// For a user: holds for all their addresses and memberships.
    User(Uuid),
    /// For an address: holds for all its memberships.
    Address(Address),
    /// For one membership.
    Member(Uuid),
}

impl Store {
    /// What is set at this level; `None` if there is no such user, address or member.
    pub async fn preferences(&self, level: &Level) -> Result<Option<Preferences>, StoreError> {
        let query = match level {
            Level::User(id) => at(U::Table, (U::Table, U::Id), *id),
            Level::Address(address) => at(A::Table, (A::Table, A::Key), address.key()),
            Level::Member(id) => at(M::Table, (M::Table, M::Id), *id),
        };
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => Ok(Some(preferences::read(&row, 'p')?)),
            None => Ok(None),
        })
        .await
    }

    /// What holds for a membership: what it says itself, else the address, else the user.
    pub async fn effective_preferences(&self, member: Uuid) -> Result<Option<Preferences>, StoreError> {
        let mut query = Query::select();
        preferences::select(&mut query, M::Table, 'm');
        preferences::select(&mut query, A::Table, 'a');
        preferences::select(&mut query, U::Table, 'u');
        query
            .from(M::Table)
            .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)))
            .join(JoinType::LeftJoin, U::Table, Expr::col((U::Table, U::Id)).equals((A::Table, A::User)))
            .and_where(Expr::col((M::Table, M::Id)).eq(member));
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => {
                let own = preferences::read(&row, 'm')?.or(&preferences::read(&row, 'a')?);
                Ok(Some(own.or(&preferences::read(&row, 'u')?)))
            }
            None => Ok(None),
        })
        .await
    }

    /// Sets all seven preferences of a level; says whether there is such a user, address or member. A member who gets
    /// mail again after it was switched off for bounces begins anew.
    pub async fn set_preferences(&self, level: &Level, wanted: &Preferences) -> Result<bool, StoreError> {
        let mut update = Query::update();
        match level {
            Level::User(id) => update.table(U::Table).and_where(Expr::col(U::Id).eq(*id)),
            Level::Address(address) => update.table(A::Table).and_where(Expr::col(A::Key).eq(address.key())),
            Level::Member(id) => update.table(M::Table).and_where(Expr::col(M::Id).eq(*id)),
        };
        for (column, value) in preferences::values(wanted) {
            update.value(column, value);
        }
        self.writing(|| async {
            let db = self.begin().await?;
            let there = match level {
                Level::Member(id) => of_member(&db, *id, wanted).await?,
                // MariaDB counts only rows that change.
                Level::User(id) => is_there(&db, U::Table, U::Id, *id).await?,
                Level::Address(address) => is_there(&db, A::Table, A::Key, address.key()).await?,
            };
            if there {
                db.execute(&update).await?;
            }
            db.commit(there).await
        })
        .await
    }
}

/// What else changes with the preferences of a member; false if there is no such member.
async fn of_member(db: &DatabaseTransaction, id: Uuid, wanted: &Preferences) -> Result<bool, Fault> {
    let query = members::everywhere().and_where(Expr::col((M::Table, M::Id)).eq(id)).take();
    let Some(row) = db.query_one(&query).await? else { return Ok(false) };
    let before = members::read(&row)?;
    if before.role == Role::Member {
        let (was, is) = (before.preferences.delivery_mode, wanted.delivery_mode);
        change_of_mode(db, before.list, &before.address, was, is).await?;
    }
    let off = Some(DeliveryStatus::ByBounces);
    if before.preferences.delivery_status == off && wanted.delivery_status != off {
        db.execute(Query::delete().from_table(S::Table).and_where(Expr::col(S::Member).eq(id))).await?;
    }
    Ok(true)
}

fn at<C>(table: impl IntoIden + Copy, key: C, value: impl Into<sea_orm::sea_query::Value>) -> SelectStatement
where
    C: sea_orm::sea_query::IntoColumnRef,
{
    let mut query = Query::select();
    preferences::select(&mut query, table, 'p');
    query.from(table.into_iden()).and_where(Expr::col(key).eq(value.into())).take()
}

async fn is_there(
    db: &DatabaseTransaction,
    table: impl IntoIden,
    column: impl IntoIden + Copy,
    value: impl Into<sea_orm::sea_query::Value>,
) -> Result<bool, Fault> {
    let query = Query::select()
        .column(column.into_iden())
        .from(table.into_iden())
        .and_where(Expr::col(column.into_iden()).eq(value.into()))
        .take();
    Ok(db.query_one(&query).await?.is_some())
}
