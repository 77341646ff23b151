//! Addresses: shown, named, proved, given to users and taken from them.

use posthaste_model::{Address, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use uuid::Uuid;

use super::words;
use crate::error::Fault;
use crate::tables::{Address as A, Member as M, MemberByUser as B, User as U};
use crate::{Store, StoreError};

/// An address and what is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressRow {
    /// Its key.
    pub id: Uuid,
    /// The address.
    pub address: Address,
    /// The name; may be empty.
    pub display_name: String,
    /// The user who has it.
    pub user: Option<Uuid>,
    /// Since when it is proved that somebody reads it.
    pub verified_at: Option<Timestamp>,
    /// Since when it is known.
    pub registered_at: Timestamp,
}

/// What came of giving an address to a user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Linked {
    /// The user has it now.
    Done,
    /// A user has it already; which one.
    Taken(Uuid),
    /// There is no such address.
    NoAddress,
    /// There is no such user.
    NoUser,
}

impl Store {
    /// What is known of an address.
    pub async fn address(&self, address: &Address) -> Result<Option<AddressRow>, StoreError> {
        let query = query().and_where(Expr::col(A::Key).eq(address.key())).take();
        self.reading(async |db| db.query_one(&query).await?.as_ref().map(read).transpose()).await
    }

    /// The address with this key.
    pub async fn address_by_key(&self, id: Uuid) -> Result<Option<AddressRow>, StoreError> {
        let query = query().and_where(Expr::col(A::Id).eq(id)).take();
        self.reading(async |db| db.query_one(&query).await?.as_ref().map(read).transpose()).await
    }

    /// Addresses in the order of their spellings, of a user or of all; `after` is the last one of the page before, and
    /// `skip` leaves out so many besides.
    pub async fn addresses(
        &self,
        user: Option<Uuid>,
        after: Option<&AddressRow>,
        skip: u64,
        limit: u64,
    ) -> Result<Vec<AddressRow>, StoreError> {
        let mut query = query();
        query.order_by(A::Spelling, Order::Asc).order_by(A::Key, Order::Asc).limit(limit);
        if skip > 0 {
            query.offset(skip);
        }
        if let Some(user) = user {
            query.and_where(Expr::col(A::User).eq(user));
        }
        if let Some(after) = after {
            let (spelling, key) = (after.address.as_str(), after.address.key());
            query.and_where(
                Expr::col(A::Spelling)
                    .gt(spelling)
                    .or(Expr::col(A::Spelling).eq(spelling).and(Expr::col(A::Key).gt(key))),
            );
        }
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// How many addresses there are, of a user or in all.
    pub async fn address_count(&self, user: Option<Uuid>) -> Result<u64, StoreError> {
        let mut query = Query::select().expr(Expr::col(A::Id).count()).from(A::Table).take();
        if let Some(user) = user {
            query.and_where(Expr::col(A::User).eq(user));
        }
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs()),
            None => Ok(0),
        })
        .await
    }

    /// Names an address, and with it its memberships; says whether it is there.
    pub async fn name_address(&self, address: &Address, name: &str) -> Result<bool, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let Some(row) = one(&db, address).await? else { return Ok(false) };
            let update = Query::update()
                .table(A::Table)
                .value(A::DisplayName, name)
                .and_where(Expr::col(A::Id).eq(row.id))
                .take();
            db.execute(&update).await?;
            // A membership without a name of its own has the address's.
            let follow = Query::update()
                .table(M::Table)
                .value(M::DisplayName, "")
                .and_where(Expr::col(M::Address).eq(row.id))
                .and_where(Expr::col(M::DisplayName).ne(""))
                .take();
            db.execute(&follow).await?;
            db.commit(true).await
        })
        .await
    }

    /// It is proved that somebody reads an address, or not any more; proved already: the moment stays. Says whether the
    /// address is there.
    pub async fn set_verified(&self, address: &Address, at: Option<Timestamp>) -> Result<bool, StoreError> {
        let mut update = Query::update();
        update
            .table(A::Table)
            .value(A::VerifiedAt, at.map(Timestamp::as_micros))
            .and_where(Expr::col(A::Key).eq(address.key()));
        if at.is_some() {
            update.and_where(Expr::col(A::VerifiedAt).is_null());
        }
        self.writing(|| async {
            let db = self.begin().await?;
            if one(&db, address).await?.is_none() {
                return Ok(false);
            }
            db.execute(&update).await?;
            db.commit(true).await
        })
        .await
    }

    /// Forgets an address with its memberships; its user stays. Says whether it was there.
    pub async fn remove_address(&self, address: &Address) -> Result<bool, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let Some(row) = one(&db, address).await? else { return Ok(false) };
            not_preferred(&db, row.id).await?;
            let delete = Query::delete().from_table(A::Table).and_where(Expr::col(A::Id).eq(row.id)).take();
            let gone = db.execute(&delete).await?.rows_affected() > 0;
            db.commit(gone).await
        })
        .await
    }

    /// Gives an address to a user; with `replace` it is taken from whoever has it.
    pub async fn link_address(
        &self,
        address: &Address,
        user: Uuid,
        replace: bool,
    ) -> Result<Linked, StoreError> {
        let exists = Query::select().column(U::Id).from(U::Table).and_where(Expr::col(U::Id).eq(user)).take();
        self.writing(|| async {
            let db = self.begin().await?;
            let Some(row) = one(&db, address).await? else { return Ok(Linked::NoAddress) };
            if db.query_one(&exists).await?.is_none() {
                return Ok(Linked::NoUser);
            }
            match row.user {
                Some(owner) if owner == user => {
                    return Ok(if replace { Linked::Done } else { Linked::Taken(owner) });
                }
                Some(owner) if !replace => return Ok(Linked::Taken(owner)),
                Some(_) => cut_loose(&db, row.id).await?,
                None => {}
            }
            give(&db, row.id, Some(user)).await?;
            db.commit(Linked::Done).await
        })
        .await
    }

    /// Takes an address from its user; `None` if it is not there, else whether somebody had it.
    pub async fn unlink_address(&self, address: &Address) -> Result<Option<bool>, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let Some(row) = one(&db, address).await? else { return Ok(None) };
            if row.user.is_some() {
                cut_loose(&db, row.id).await?;
                give(&db, row.id, None).await?;
            }
            db.commit(Some(row.user.is_some())).await
        })
        .await
    }
}

/// The address, within a transaction.
pub(super) async fn one(db: &DatabaseTransaction, address: &Address) -> Result<Option<AddressRow>, Fault> {
    let query = query().and_where(Expr::col(A::Key).eq(address.key())).take();
    db.query_one(&query).await?.as_ref().map(read).transpose()
}

/// Writes whose an address is.
pub(super) async fn give(db: &DatabaseTransaction, id: Uuid, user: Option<Uuid>) -> Result<(), Fault> {
    let update =
        Query::update().table(A::Table).value(A::User, user).and_where(Expr::col(A::Id).eq(id)).take();
    db.execute(&update).await?;
    Ok(())
}

/// What hangs on an address because of its user stays with the address alone.
async fn cut_loose(db: &DatabaseTransaction, id: Uuid) -> Result<(), Fault> {
    not_preferred(db, id).await?;
    let of_address =
        Query::select().column(M::Id).from(M::Table).and_where(Expr::col(M::Address).eq(id)).take();
    let delete =
        Query::delete().from_table(B::Table).and_where(Expr::col(B::Member).in_subquery(of_address)).take();
    db.execute(&delete).await?;
    Ok(())
}

async fn not_preferred(db: &DatabaseTransaction, id: Uuid) -> Result<(), Fault> {
    let update = Query::update()
        .table(U::Table)
        .value(U::PreferredAddress, Option::<Uuid>::None)
        .and_where(Expr::col(U::PreferredAddress).eq(id))
        .take();
    db.execute(&update).await?;
    Ok(())
}

fn query() -> SelectStatement {
    Query::select()
        .columns([A::Id, A::Spelling, A::DisplayName, A::User, A::VerifiedAt, A::RegisteredAt])
        .from(A::Table)
        .take()
}

fn read(row: &QueryResult) -> Result<AddressRow, Fault> {
    Ok(AddressRow {
        id: row.try_get_by_index(0)?,
        address: words::address(&row.try_get_by_index::<String>(1)?)?,
        display_name: row.try_get_by_index(2)?,
        user: row.try_get_by_index(3)?,
        verified_at: row.try_get_by_index::<Option<i64>>(4)?.map(Timestamp::from_micros),
        registered_at: Timestamp::from_micros(row.try_get_by_index(5)?),
    })
}
