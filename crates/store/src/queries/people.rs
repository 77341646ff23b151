//! Addresses and users: found, or made.

use std::collections::HashMap;

use posthaste_model::{Mailbox, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::words::insert;
use crate::ROWS;
use crate::error::{Fault, odd};
use crate::tables::{Address as A, User as U};

/// An address that is there.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) id: Uuid,
    pub(crate) user: Option<Uuid>,
}

/// The addresses among `keys` that are there, by key.
pub(crate) async fn find(db: &impl ConnectionTrait, keys: &[&str]) -> Result<HashMap<String, Known>, Fault> {
    let mut found = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(ROWS) {
        let query = Query::select()
            .columns([A::Key, A::Id, A::User])
            .from(A::Table)
            .and_where(Expr::col(A::Key).is_in(keys.iter().copied()))
            .take();
        for row in db.query_all(&query).await? {
            let known = Known { id: row.try_get_by_index(1)?, user: row.try_get_by_index(2)? };
            found.insert(row.try_get_by_index(0)?, known);
        }
    }
    Ok(found)
}

/// The same after making those that are not there. Mailboxes must be distinct, and no more than [`ROWS`].
pub(crate) async fn ensure(
    db: &DatabaseTransaction,
    mailboxes: &[&Mailbox],
    at: Timestamp,
) -> Result<HashMap<String, Known>, Fault> {
    let keys: Vec<_> = mailboxes.iter().map(|m| m.address.key()).collect();
    let mut found = find(db, &keys).await?;
    let mut new: Vec<_> = mailboxes.iter().filter(|m| !found.contains_key(m.address.key())).collect();
    if new.is_empty() {
        return Ok(found);
    }
    // Two who add the same addresses in the same order wait for each other instead of locking each other out.
    new.sort_unstable_by_key(|m| m.address.key());
    let rows = new.iter().map(|m| {
        [
            Uuid::now_v7().into(),
            m.address.key().into(),
            m.address.as_str().into(),
            m.name.as_str().into(),
            at.as_micros().into(),
        ]
    });
    let mut insert = insert(A::Table, [A::Id, A::Key, A::Spelling, A::DisplayName, A::RegisteredAt], rows);
    db.execute(insert.on_conflict(OnConflict::column(A::Key).do_nothing_on([A::Id]).to_owned())).await?;
    let keys: Vec<_> = new.iter().map(|m| m.address.key()).collect();
    found.extend(find(db, &keys).await?);
    Ok(found)
}

/// Sees that each address belongs to a user.
pub(crate) async fn ensure_users(
    db: &DatabaseTransaction,
    mailboxes: &[Mailbox],
    at: Timestamp,
) -> Result<(), Fault> {
    for mailbox in mailboxes {
        let known = ensure(db, &[mailbox], at).await?;
        let address = known.get(mailbox.address.key()).ok_or_else(|| odd("an address is gone at once"))?;
        if address.user.is_some() {
            continue;
        }
        let user = Uuid::now_v7();
        let row = [user.into(), mailbox.name.as_str().into(), false.into(), at.as_micros().into()];
        db.execute(&insert(U::Table, [U::Id, U::DisplayName, U::IsServerOwner, U::CreatedAt], [row])).await?;
        let link = Query::update()
            .table(A::Table)
            .value(A::User, user)
            .and_where(Expr::col(A::Id).eq(address.id))
            .and_where(Expr::col(A::User).is_null())
            .take();
        if db.execute(&link).await?.rows_affected() == 0 {
            // Somebody else linked it meanwhile.
            db.execute(Query::delete().from_table(U::Table).and_where(Expr::col(U::Id).eq(user))).await?;
        }
    }
    Ok(())
}

/// True if the address belongs to this user.
pub(crate) async fn owns(db: &DatabaseTransaction, user: Uuid, address: Uuid) -> Result<bool, Fault> {
    let query = Query::select()
        .column(A::Id)
        .from(A::Table)
        .and_where(Expr::col(A::Id).eq(address))
        .and_where(Expr::col(A::User).eq(user))
        .take();
    Ok(db.query_one(&query).await?.is_some())
}
