//! Changes of one membership. Each is told by a deed, written in the same transaction: who does it again, after a crash,
//! is told what came of it the first time.

use posthaste_model::{Address, ListId, Mailbox, Member, MembershipRequest, Preferences, Role, Timestamp};
use sea_orm::ConnectionTrait;
use sea_orm::DatabaseTransaction;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::audit::{self, AuditEntry};
use super::bans::Bans;
use super::words::{insert, json, unjson};
use super::{members, people, preferences, requests};
use crate::error::{Fault, odd};
use crate::tables::{Address as A, Deed as D, Member as M, MemberByUser as B};
use crate::{Store, StoreError};

/// What came of a change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipOutcome {
    /// It was made; the member as joined or changed, or as it was before it left.
    Done(Box<Member>),
    /// The address is a member already.
    Already,
    /// The address is none.
    Absent,
    /// The address is banned.
    Banned,
    /// The request was decided before, or its time was over.
    Gone,
}

/// A change that was tried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deed {
    /// The request behind it, if there was one.
    pub request: Option<MembershipRequest>,
    /// What came of it.
    pub outcome: MembershipOutcome,
}

/// Who makes a change, as it will stand in the audit log.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// Who, and by which way: `anne@example.com by mail`.
    pub who: &'a str,
    /// On which list.
    pub list: &'a ListId,
    /// When.
    pub at: Timestamp,
}

/// Somebody joins.
#[derive(Clone, Debug)]
pub struct Joining<'a> {
    /// Who says so, and when.
    pub actor: Actor<'a>,
    /// The key of this deed: the same key is the same deed.
    pub deed: Uuid,
    /// The request it grants; it is gone afterwards.
    pub request: Option<&'a MembershipRequest>,
    /// The list's key.
    pub list: Uuid,
    /// Who.
    pub mailbox: &'a Mailbox,
    /// What the membership begins with.
    pub preferences: &'a Preferences,
    /// It is proved that somebody reads this address.
    pub verified: bool,
}

/// What is done to a membership.
#[derive(Clone, Copy)]
enum Act<'a> {
    Join(&'a Joining<'a>),
    Leave { list: Uuid, address: &'a Address },
    Change { list: Uuid, address: &'a Address, changes: &'a Preferences },
}

impl Store {
    /// Makes somebody a member: makes address and user if they are new, and takes away the records of this person as a
    /// stranger who wrote.
    pub async fn join(&self, joining: &Joining<'_>) -> Result<MembershipOutcome, StoreError> {
        self.do_once(joining.deed, joining.request, joining.actor, Act::Join(joining)).await
    }

    /// Ends the membership of an address.
    pub async fn leave(
        &self,
        deed: Uuid,
        request: Option<&MembershipRequest>,
        list: Uuid,
        address: &Address,
        actor: Actor<'_>,
    ) -> Result<MembershipOutcome, StoreError> {
        self.do_once(deed, request, actor, Act::Leave { list, address }).await
    }

    /// Changes those preferences of the requesting member that the request names.
    pub async fn change(
        &self,
        deed: Uuid,
        request: &MembershipRequest,
        actor: Actor<'_>,
    ) -> Result<MembershipOutcome, StoreError> {
        let act = Act::Change {
            list: request.list,
            address: &request.address,
            changes: &request.details.preferences,
        };
        self.do_once(deed, Some(request), actor, act).await
    }

    /// What came of a deed, if it was done.
    pub async fn deed(&self, id: Uuid) -> Result<Option<Deed>, StoreError> {
        let query = Query::select().column(D::Told).from(D::Table).and_where(Expr::col(D::Id).eq(id)).take();
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => Ok(Some(unjson(&row.try_get_by_index::<String>(0)?)?)),
            None => Ok(None),
        })
        .await
    }

    /// It is proved that somebody reads this address.
    pub async fn verify(&self, mailbox: &Mailbox, at: Timestamp) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let known = people::ensure(&db, &[mailbox], at).await?;
            let address =
                known.get(mailbox.address.key()).ok_or_else(|| odd("an address is gone at once"))?;
            set_verified(&db, address.id, at).await?;
            db.commit(()).await
        })
        .await
    }

    /// True if it was proved that somebody reads this address.
    pub async fn is_verified(&self, address: &Address) -> Result<bool, StoreError> {
        let query = Query::select()
            .column(A::Id)
            .from(A::Table)
            .and_where(Expr::col(A::Key).eq(address.key()))
            .and_where(Expr::col(A::VerifiedAt).is_not_null())
            .take();
        self.reading(async |db| Ok(db.query_one(&query).await?.is_some())).await
    }

    /// Does what was not done yet, and writes down what came of it.
    async fn do_once(
        &self,
        id: Uuid,
        request: Option<&MembershipRequest>,
        actor: Actor<'_>,
        act: Act<'_>,
    ) -> Result<MembershipOutcome, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let query =
                Query::select().column(D::Told).from(D::Table).and_where(Expr::col(D::Id).eq(id)).take();
            if let Some(row) = db.query_one(&query).await? {
                let deed: Deed = unjson(&row.try_get_by_index::<String>(0)?)?;
                return Ok(deed.outcome);
            }
            if let Some(request) = request
                && !requests::take(&db, request.id).await?
            {
                return Ok(MembershipOutcome::Gone);
            }
            let outcome = match act {
                Act::Join(joining) => enter(&db, joining).await?,
                Act::Leave { list, address } => quit(&db, list, address).await?,
                Act::Change { list, address, changes } => set(&db, list, address, changes).await?,
            };
            if let MembershipOutcome::Done(member) = &outcome {
                audit::append(&db, &witnessed(act, member, actor)).await?;
            }
            let deed = Deed { request: request.cloned(), outcome };
            let row = [id.into(), json(&deed)?.into(), actor.at.as_micros().into()];
            db.execute(&insert(D::Table, [D::Id, D::Told, D::At], [row])).await?;
            db.commit(deed.outcome).await
        })
        .await
    }
}

/// What the audit log says of a change.
fn witnessed(act: Act<'_>, member: &Member, actor: Actor<'_>) -> AuditEntry {
    let set = |preferences: &Preferences| {
        let mut told = serde_json::to_value(preferences).unwrap_or_default();
        if let Some(told) = told.as_object_mut() {
            told.retain(|_, value| !value.is_null());
        }
        told
    };
    let (action, was, became) = match act {
        Act::Join(_) => ("join", Value::Null, set(&member.preferences)),
        Act::Leave { .. } => ("leave", set(&member.preferences), Value::Null),
        Act::Change { changes, .. } => ("set", Value::Null, set(changes)),
    };
    AuditEntry {
        at: actor.at,
        who: actor.who.to_owned(),
        action: action.to_owned(),
        list: actor.list.as_str().to_owned(),
        object: member.address.to_string(),
        was,
        became,
    }
}

async fn quit(db: &DatabaseTransaction, list: Uuid, address: &Address) -> Result<MembershipOutcome, Fault> {
    let Some(member) = member(db, list, address).await? else { return Ok(MembershipOutcome::Absent) };
    let delete = Query::delete().from_table(M::Table).and_where(Expr::col(M::Id).eq(member.id)).take();
    let ours = db.execute(&delete).await?.rows_affected() > 0;
    Ok(if ours { MembershipOutcome::Done(Box::new(member)) } else { MembershipOutcome::Absent })
}

async fn set(
    db: &DatabaseTransaction,
    list: Uuid,
    address: &Address,
    changes: &Preferences,
) -> Result<MembershipOutcome, Fault> {
    let Some(mut member) = member(db, list, address).await? else { return Ok(MembershipOutcome::Absent) };
    member.preferences = changes.or(&member.preferences);
    write(db, member.id, &member.preferences).await?;
    Ok(MembershipOutcome::Done(Box::new(member)))
}

async fn enter(db: &DatabaseTransaction, joining: &Joining<'_>) -> Result<MembershipOutcome, Fault> {
    let Joining { list, mailbox, actor: Actor { at, .. }, .. } = *joining;
    let bans = Bans::load_for(db, list, std::slice::from_ref(&mailbox.address)).await?;
    if bans.find(&mailbox.address).is_some() {
        return Ok(MembershipOutcome::Banned);
    }
    people::ensure_users(db, std::slice::from_ref(mailbox), at).await?;
    let known = people::find(db, &[mailbox.address.key()]).await?;
    let address = known.get(mailbox.address.key()).ok_or_else(|| odd("an address is gone at once"))?;
    if joining.verified {
        set_verified(db, address.id, at).await?;
    }
    if members::add(db, list, Role::Member, std::slice::from_ref(mailbox), at).await? == 0 {
        return Ok(MembershipOutcome::Already);
    }
    let of_person = Query::select()
        .column(A::Id)
        .from(A::Table)
        .and_where(Expr::col(A::Id).eq(address.id).or(Expr::col(A::User).eq(address.user)))
        .take();
    let stranger = Query::delete()
        .from_table(M::Table)
        .and_where(Expr::col(M::List).eq(list))
        .and_where(Expr::col(M::Role).eq(Role::Nonmember.name()))
        .and_where(Expr::col(M::Address).in_subquery(of_person))
        .take();
    db.execute(&stranger).await?;
    let mut member =
        member(db, list, &mailbox.address).await?.ok_or_else(|| odd("a member is gone at once"))?;
    if let Some(user) = joining.request.and_then(|request| request.details.by_user)
        && people::owns(db, user, address.id).await?
    {
        db.execute(&insert(B::Table, [B::Member, B::User], [[member.id.into(), user.into()]])).await?;
    }
    if *joining.preferences != Preferences::default() {
        member.preferences = joining.preferences.clone();
        write(db, member.id, &member.preferences).await?;
    }
    Ok(MembershipOutcome::Done(Box::new(member)))
}

async fn member(db: &DatabaseTransaction, list: Uuid, address: &Address) -> Result<Option<Member>, Fault> {
    let query = members::query(list)
        .and_where(Expr::col((M::Table, M::Role)).eq(Role::Member.name()))
        .and_where(Expr::col((A::Table, A::Key)).eq(address.key()))
        .take();
    db.query_one(&query).await?.as_ref().map(members::read).transpose()
}

async fn write(db: &DatabaseTransaction, member: Uuid, preferences: &Preferences) -> Result<(), Fault> {
    let mut update = Query::update();
    update.table(M::Table).and_where(Expr::col(M::Id).eq(member));
    for (column, value) in preferences::values(preferences) {
        update.value(column, value);
    }
    db.execute(&update).await?;
    Ok(())
}

pub(super) async fn set_verified(
    db: &DatabaseTransaction,
    address: Uuid,
    at: Timestamp,
) -> Result<(), Fault> {
    let update = Query::update()
        .table(A::Table)
        .value(A::VerifiedAt, at.as_micros())
        .and_where(Expr::col(A::Id).eq(address))
        .and_where(Expr::col(A::VerifiedAt).is_null())
        .take();
    db.execute(&update).await?;
    Ok(())
}
