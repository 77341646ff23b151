//! Giving one person a role, in few statements: programs do this ten thousand times in a row.

use posthaste_model::{Action, Mailbox, Member, Preferences, RequestAction, Role, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, InsertStatement, JoinType, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::audit::{AuditEntry, append};
use super::bans::Bans;
use super::preferences;
use super::words::{self, insert, word};
use crate::classify::{Class, classify};
use crate::error::Fault;
use crate::tables::{Address as A, Member as M, MemberByUser as B, MembershipRequest as R, User as U};
use crate::{Store, StoreError};

/// How often it is tried again when somebody else makes the same address at the same moment.
const ATTEMPTS: usize = 4;

/// Somebody is to have a role on a list.
#[derive(Clone, Debug)]
pub struct Enlisting<'a> {
    /// The list's key.
    pub list: Uuid,
    /// In which role.
    pub role: Role,
    /// Who; the name is for an address that has none yet.
    pub mailbox: &'a Mailbox,
    /// The membership belongs to this user, and follows the preferred address, which is the one above.
    pub by_user: Option<Uuid>,
    /// What it begins with.
    pub preferences: &'a Preferences,
    /// What happens to this person's posts; `None` = as the list says.
    pub action: Option<Action>,
    /// Somebody vouches that the address is read.
    pub verified: bool,
    /// When.
    pub at: Timestamp,
    /// What is written down about it, in the same transaction.
    pub audit: &'a AuditEntry,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Enlisted {
    /// It is done. The member's name is the one that holds.
    Done(Box<Member>),
    /// The address has this role already.
    Already,
    /// The address is banned.
    Banned,
    /// The same was asked for before, and waits for somebody's word.
    Waits,
    /// Nothing hinders it but that it may not be done at once.
    NotYet {
        /// It is proved that somebody reads the address.
        verified: bool,
    },
}

/// The address as it is before.
struct Known {
    id: Uuid,
    user: Option<Uuid>,
    verified: bool,
    mailbox: Mailbox,
    holds: bool,
}

impl Store {
    /// Gives an address a role on a list, with address and user if they are new, unless something hinders it. `may` says
    /// whether that is done at once, if it is known whether somebody reads the address. Whoever becomes a member is no
    /// longer known as a stranger who wrote.
    pub async fn enlist(
        &self,
        enlisting: &Enlisting<'_>,
        may: impl Fn(bool) -> bool,
    ) -> Result<Enlisted, StoreError> {
        for _ in 0..ATTEMPTS {
            let done = self
                .writing(|| async {
                    let db = self.begin().await?;
                    match enlist(&db, enlisting, &may).await? {
                        Some(done @ Enlisted::Done(_)) => db.commit(Some(done)).await,
                        other => Ok(other),
                    }
                })
                .await?;
            if let Some(done) = done {
                return Ok(done);
            }
        }
        Err(StoreError::Unavailable("others are writing the same addresses".into()))
    }
}

/// `None`: somebody else has just made what we would have made.
async fn enlist(
    db: &DatabaseTransaction,
    wish: &Enlisting<'_>,
    may: &impl Fn(bool) -> bool,
) -> Result<Option<Enlisted>, Fault> {
    let address = &wish.mailbox.address;
    let known = known(db, wish).await?;
    if known.as_ref().is_some_and(|k| k.holds) {
        return Ok(Some(Enlisted::Already));
    }
    if Bans::load_for(db, wish.list, std::slice::from_ref(address)).await?.find(address).is_some() {
        return Ok(Some(Enlisted::Banned));
    }
    if wish.role == Role::Member && waits(db, wish).await? {
        return Ok(Some(Enlisted::Waits));
    }
    let verified = wish.verified || known.as_ref().is_some_and(|k| k.verified);
    if !may(verified) {
        return Ok(Some(Enlisted::NotYet { verified }));
    }
    let Some((address, mailbox)) = person(db, wish, known).await? else { return Ok(None) };
    let member = Member {
        id: Uuid::now_v7(),
        list: wish.list,
        role: wish.role,
        address: mailbox.address,
        display_name: mailbox.name,
        moderation_action: wish.action,
        preferences: wish.preferences.clone(),
        created_at: wish.at,
    };
    if !once(db, &row(&member, address)).await? {
        return Ok(None);
    }
    if let Some(user) = wish.by_user {
        db.execute(&insert(B::Table, [B::Member, B::User], [[member.id.into(), user.into()]])).await?;
    }
    append(db, wish.audit).await?;
    Ok(Some(Enlisted::Done(Box::new(member))))
}

async fn known(db: &DatabaseTransaction, wish: &Enlisting<'_>) -> Result<Option<Known>, Fault> {
    let held = Expr::col((M::Table, M::Address))
        .equals((A::Table, A::Id))
        .and(Expr::col((M::Table, M::List)).eq(wish.list))
        .and(Expr::col((M::Table, M::Role)).eq(wish.role.name()));
    let query = Query::select()
        .columns(
            [A::Id, A::User, A::VerifiedAt, A::Spelling, A::DisplayName].map(|column| (A::Table, column)),
        )
        .column((M::Table, M::Id))
        .from(A::Table)
        .join(JoinType::LeftJoin, M::Table, held)
        .and_where(Expr::col((A::Table, A::Key)).eq(wish.mailbox.address.key()))
        .take();
    let Some(row) = db.query_one(&query).await? else { return Ok(None) };
    Ok(Some(Known {
        id: row.try_get_by_index(0)?,
        user: row.try_get_by_index(1)?,
        verified: row.try_get_by_index::<Option<i64>>(2)?.is_some(),
        mailbox: Mailbox {
            address: words::address(&row.try_get_by_index::<String>(3)?)?,
            name: row.try_get_by_index(4)?,
        },
        holds: row.try_get_by_index::<Option<Uuid>>(5)?.is_some(),
    }))
}

async fn waits(db: &DatabaseTransaction, wish: &Enlisting<'_>) -> Result<bool, Fault> {
    let query = Query::select()
        .column(R::Id)
        .from(R::Table)
        .and_where(Expr::col(R::List).eq(wish.list))
        .and_where(Expr::col(R::Action).eq(RequestAction::Join.name()))
        .and_where(Expr::col(R::Key).eq(wish.mailbox.address.key()))
        .and_where(Expr::col(R::ExpiresAt).gt(wish.at.as_micros()))
        .take();
    Ok(db.query_one(&query).await?.is_some())
}

/// Makes of address and user what is not there; the address's key, and how it is spelled and named.
async fn person(
    db: &DatabaseTransaction,
    wish: &Enlisting<'_>,
    known: Option<Known>,
) -> Result<Option<(Uuid, Mailbox)>, Fault> {
    let verified_at = wish.verified.then(|| wish.at.as_micros());
    let Some(known) = known else {
        let id = Uuid::now_v7();
        let user = new_user(db, wish).await?;
        let row = [
            id.into(),
            wish.mailbox.address.key().into(),
            wish.mailbox.address.as_str().into(),
            wish.mailbox.name.as_str().into(),
            user.into(),
            verified_at.into(),
            wish.at.as_micros().into(),
        ];
        let columns = [A::Id, A::Key, A::Spelling, A::DisplayName, A::User, A::VerifiedAt, A::RegisteredAt];
        let made = once(db, &insert(A::Table, columns, [row])).await?;
        return Ok(made.then(|| (id, wish.mailbox.clone())));
    };
    let mut mailbox = known.mailbox;
    let mut update = Query::update();
    update.table(A::Table).and_where(Expr::col(A::Id).eq(known.id));
    let mut changes = false;
    if known.user.is_none() {
        update.value(A::User, new_user(db, wish).await?);
        changes = true;
    }
    if wish.verified && !known.verified {
        update.value(A::VerifiedAt, verified_at);
        changes = true;
    }
    if mailbox.name.is_empty() && !wish.mailbox.name.is_empty() {
        update.value(A::DisplayName, wish.mailbox.name.as_str());
        mailbox.name.clone_from(&wish.mailbox.name);
        changes = true;
    }
    if changes {
        db.execute(&update).await?;
    }
    if wish.role == Role::Member {
        no_stranger(db, wish.list, known.id, known.user).await?;
    }
    Ok(Some((known.id, mailbox)))
}

async fn new_user(db: &DatabaseTransaction, wish: &Enlisting<'_>) -> Result<Uuid, Fault> {
    let user = Uuid::now_v7();
    let row = [user.into(), wish.mailbox.name.as_str().into(), false.into(), wish.at.as_micros().into()];
    db.execute(&insert(U::Table, [U::Id, U::DisplayName, U::IsServerOwner, U::CreatedAt], [row])).await?;
    Ok(user)
}

/// Forgets that this person has written as a stranger.
async fn no_stranger(
    db: &DatabaseTransaction,
    list: Uuid,
    address: Uuid,
    user: Option<Uuid>,
) -> Result<(), Fault> {
    let mut delete = Query::delete();
    delete
        .from_table(M::Table)
        .and_where(Expr::col(M::List).eq(list))
        .and_where(Expr::col(M::Role).eq(Role::Nonmember.name()));
    match user {
        None => delete.and_where(Expr::col(M::Address).eq(address)),
        Some(user) => {
            let theirs =
                Query::select().column(A::Id).from(A::Table).and_where(Expr::col(A::User).eq(user)).take();
            delete.and_where(Expr::col(M::Address).in_subquery(theirs))
        }
    };
    db.execute(&delete).await?;
    Ok(())
}

/// The membership has no name of its own: it is called as its address is, also when that changes.
fn row(member: &Member, address: Uuid) -> InsertStatement {
    let values = [
        member.id.into(),
        member.list.into(),
        address.into(),
        member.role.name().into(),
        "".into(),
        member.moderation_action.as_ref().map(word::<Action>).into(),
        member.created_at.as_micros().into(),
    ];
    let columns = [M::Id, M::List, M::Address, M::Role, M::DisplayName, M::ModerationAction, M::CreatedAt];
    let mut insert = Query::insert();
    let (names, extra): (Vec<_>, Vec<_>) = preferences::values(&member.preferences).into_iter().unzip();
    let columns = columns
        .into_iter()
        .map(sea_orm::sea_query::IntoIden::into_iden)
        .chain(names.into_iter().map(sea_orm::sea_query::IntoIden::into_iden));
    insert.into_table(M::Table).columns(columns).values_panic(values.into_iter().chain(extra).map(Expr::val));
    insert
}

/// Inserts; false if somebody else has inserted the same.
async fn once(db: &DatabaseTransaction, insert: &InsertStatement) -> Result<bool, Fault> {
    match db.execute(insert).await {
        Ok(_) => Ok(true),
        Err(e) if classify(&e) == Class::Unique => Ok(false),
        Err(e) => Err(e.into()),
    }
}
