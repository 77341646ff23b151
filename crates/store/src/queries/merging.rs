//! Two users turn out to be one; and memberships that go where their user's mail goes.

use posthaste_model::{Address, Mailbox, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::addresses::{give, one};
use super::people;
use super::users::{User, by_key, prefer};
use super::words::insert;
use super::{members, preferences};
use crate::error::{Fault, odd};
use crate::tables::{Address as A, DomainOwner as O, Member as M, MemberByUser as B, User as U};
use crate::{Store, StoreError};

/// What came of giving a user one more address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taking {
    /// The user has it.
    Done,
    /// A user has it already; perhaps this very one.
    Taken,
    /// There is no such user.
    NoUser,
}

impl Store {
    /// Gives a user an address: a new one, or one that nobody has. With `absorb` also one of another user, who becomes
    /// part of this one.
    pub async fn take_address(
        &self,
        user: Uuid,
        mailbox: &Mailbox,
        absorb: bool,
        at: Timestamp,
    ) -> Result<Taking, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let Some(this) = by_key(&db, user).await? else { return Ok(Taking::NoUser) };
            people::ensure(&db, &[mailbox], at).await?;
            let address =
                one(&db, &mailbox.address).await?.ok_or_else(|| odd("an address is gone at once"))?;
            match address.user {
                None => give(&db, address.id, Some(user)).await?,
                Some(_) if !absorb => return Ok(Taking::Taken),
                Some(owner) if owner == user => {}
                Some(owner) => {
                    let other = by_key(&db, owner).await?.ok_or_else(|| odd("a user is gone at once"))?;
                    merge(&db, &this, &other).await?;
                }
            }
            db.commit(Taking::Done).await
        })
        .await
    }

    /// The membership has another address, of the same role on the same list; false if that address has it already.
    pub async fn move_membership(&self, member: Uuid, address: &Address) -> Result<bool, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let Some(row) = one(&db, address).await? else { return Ok(false) };
            let done = readdress(&db, member, row.id).await?;
            db.commit(done).await
        })
        .await
    }
}

/// Sends the memberships that belong to a user to this address; one for which the address has the same role by itself is
/// too many.
pub(super) async fn follow(db: &DatabaseTransaction, user: Uuid, address: Uuid) -> Result<(), Fault> {
    let query =
        Query::select().column(B::Member).from(B::Table).and_where(Expr::col(B::User).eq(user)).take();
    for row in db.query_all(&query).await? {
        let member: Uuid = row.try_get_by_index(0)?;
        if !readdress(db, member, address).await? {
            remove(db, member).await?;
        }
    }
    Ok(())
}

/// Writes another address for a membership, unless that has the role on the list already.
async fn readdress(db: &DatabaseTransaction, member: Uuid, address: Uuid) -> Result<bool, Fault> {
    let query = members::everywhere().and_where(Expr::col((M::Table, M::Id)).eq(member)).take();
    let Some(row) = db.query_one(&query).await? else { return Ok(true) };
    let this = members::read(&row)?;
    let taken = Query::select()
        .column(M::Id)
        .from(M::Table)
        .and_where(Expr::col(M::List).eq(this.list))
        .and_where(Expr::col(M::Role).eq(this.role.name()))
        .and_where(Expr::col(M::Address).eq(address))
        .take();
    if let Some(row) = db.query_one(&taken).await? {
        return Ok(row.try_get_by_index::<Uuid>(0)? == member);
    }
    let update = Query::update()
        .table(M::Table)
        .value(M::Address, address)
        .and_where(Expr::col(M::Id).eq(member))
        .take();
    db.execute(&update).await?;
    Ok(true)
}

async fn remove(db: &DatabaseTransaction, member: Uuid) -> Result<(), Fault> {
    db.execute(Query::delete().from_table(M::Table).and_where(Expr::col(M::Id).eq(member))).await?;
    Ok(())
}

/// Makes `other` a part of `this`: what this one has not set is taken from there.
async fn merge(db: &DatabaseTransaction, this: &User, other: &User) -> Result<(), Fault> {
    let addresses = Query::update()
        .table(A::Table)
        .value(A::User, this.id)
        .and_where(Expr::col(A::User).eq(other.id))
        .take();
    db.execute(&addresses).await?;
    one_membership_each(db, this.id, other.id).await?;
    let memberships = Query::update()
        .table(B::Table)
        .value(B::User, this.id)
        .and_where(Expr::col(B::User).eq(other.id))
        .take();
    db.execute(&memberships).await?;
    own_domains(db, this.id, other.id).await?;
    let (own, others) = (set(db, this.id).await?, set(db, other.id).await?);
    let mut update = Query::update();
    update.table(U::Table).and_where(Expr::col(U::Id).eq(this.id));
    for (column, value) in preferences::values(&own.or(&others)) {
        update.value(column, value);
    }
    let name = if this.display_name.is_empty() { &other.display_name } else { &this.display_name };
    let password = this.password_hash.as_ref().or(other.password_hash.as_ref());
    update
        .value(U::DisplayName, name.as_str())
        .value(U::PasswordHash, password.cloned())
        .value(U::IsServerOwner, this.is_server_owner || other.is_server_owner);
    db.execute(&update).await?;
    if let Some(preferred) = this.preferred.or(other.preferred) {
        prefer(db, this.id, Some(preferred)).await?;
        follow(db, this.id, preferred).await?;
    }
    db.execute(Query::delete().from_table(U::Table).and_where(Expr::col(U::Id).eq(other.id))).await?;
    Ok(())
}

/// Where both belong to a list in the same role as users, one membership is enough: that of `this`.
async fn one_membership_each(db: &DatabaseTransaction, this: Uuid, other: Uuid) -> Result<(), Fault> {
    let of = |user: Uuid| {
        Query::select()
            .columns([(M::Table, M::Id), (M::Table, M::List)])
            .column((M::Table, M::Role))
            .from(M::Table)
            .inner_join(B::Table, Expr::col((B::Table, B::Member)).equals((M::Table, M::Id)))
            .and_where(Expr::col((B::Table, B::User)).eq(user))
            .take()
    };
    let mut ours = vec![];
    for row in db.query_all(&of(this)).await? {
        ours.push((row.try_get_by_index::<Uuid>(1)?, row.try_get_by_index::<String>(2)?));
    }
    for row in db.query_all(&of(other)).await? {
        let place = (row.try_get_by_index::<Uuid>(1)?, row.try_get_by_index::<String>(2)?);
        if ours.contains(&place) {
            remove(db, row.try_get_by_index(0)?).await?;
        }
    }
    Ok(())
}

async fn set(db: &DatabaseTransaction, user: Uuid) -> Result<posthaste_model::Preferences, Fault> {
    let mut query = Query::select();
    preferences::select(&mut query, U::Table, 'p');
    query.from(U::Table).and_where(Expr::col(U::Id).eq(user));
    match db.query_one(&query).await? {
        Some(row) => preferences::read(&row, 'p'),
        None => Ok(posthaste_model::Preferences::default()),
    }
}

/// Makes `this` an owner of what `other` owns.
async fn own_domains(db: &DatabaseTransaction, this: Uuid, other: Uuid) -> Result<(), Fault> {
    let theirs =
        Query::select().column(O::Domain).from(O::Table).and_where(Expr::col(O::User).eq(other)).take();
    for row in db.query_all(&theirs).await? {
        let domain: Uuid = row.try_get_by_index(0)?;
        let mut insert = insert(O::Table, [O::Domain, O::User], [[domain.into(), this.into()]]);
        insert.on_conflict(OnConflict::columns([O::Domain, O::User]).do_nothing_on([O::User]).to_owned());
        db.execute(&insert).await?;
    }
    Ok(())
}
