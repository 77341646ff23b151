//! `POST members`: somebody gets a role on a list.

use posthaste_lists::subscription::{JoinWish, Refusal, Settlement, Subscribing};
use posthaste_model::{
    Action, Address, ListId, Mailbox, MailingList, Preferences, Role, SubAddress, TokenOwner,
};
use posthaste_store::{AuditEntry, Enlisted, Enlisting};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::call::{Call, resource};
use crate::desk::fault;
use crate::fault::Fault;
use crate::params::Value;
use crate::reply::{Answer, Reply};
use crate::valid::{self, Valid};

/// Who is to get it.
enum Who {
    Address(Address),
    User(Uuid),
}

/// What was asked for.
struct Wanted {
    list: String,
    who: Who,
    name: String,
    role: Role,
    wish: JoinWish,
}

/// `POST members`.
pub(crate) async fn create(call: Call) -> Answer {
    let mut wanted = read(&call)?;
    let store = &call.api.store;
    let list = store.list_by_id(&ListId::new(wanted.list.as_str())).await?;
    let list = list.ok_or_else(|| Fault::bad("No such list"))?;
    let by_user = match wanted.who {
        Who::Address(_) => None,
        Who::User(user) => {
            wanted.wish.mailbox = preferred(&call, user, wanted.role).await?;
            Some(user)
        }
    };
    let audit = audit(&call, &list, &wanted, by_user);
    if wanted.role != Role::Member {
        return appoint(&call, &list, &wanted, by_user, &audit).await;
    }
    let how = Subscribing { list: &list, wish: &wanted.wish, by_user, audit: &audit };
    match call.desk().subscribe(&how).await.map_err(fault)? {
        Settlement::Joined(member) => Ok(created(&call, member.id)),
        Settlement::Waits { token, owner } => Ok(waits(&token, owner)),
        Settlement::Refused(why) => Err(refused(why)),
        Settlement::Left => Ok(Reply::Done),
    }
}

/// 202: somebody's word is waited for.
pub(crate) fn waits(token: &str, owner: TokenOwner) -> Reply {
    Reply::Accepted(Some(resource([("token", token.into()), ("token_owner", owner.name().into())])))
}

fn created(call: &Call, id: Uuid) -> Reply {
    Reply::Created { location: format!("members/{}", call.uuid_text(id)) }
}

fn read(call: &Call) -> Result<Wanted, Fault> {
    let mut form = call.form();
    let list = form.required("list_id", valid::text);
    let who = form.required("subscriber", |value| subscriber(call, value));
    let name = form.optional("display_name", valid::name).unwrap_or_default();
    let role = form.optional("role", valid::role).unwrap_or(Role::Member);
    let delivery_mode = form.optional("delivery_mode", valid::delivery_mode);
    let delivery_status = form.optional("delivery_status", valid::delivery_status);
    let [pre_verified, pre_confirmed, pre_approved, invitation] =
        ["pre_verified", "pre_confirmed", "pre_approved", "invitation"]
            .map(|flag| form.optional(flag, valid::bool).unwrap_or_default());
    let greet = form.optional("send_welcome_message", valid::bool);
    form.check()?;
    let (Some(list), Some(who)) = (list, who) else { return Err(Fault::bad("No such list")) };
    let address = match &who {
        Who::Address(address) => address.clone(),
        // Stands here until it is known.
        Who::User(_) => Address::parse("nobody@invalid.invalid").map_err(|e| Fault::ours(&e))?,
    };
    let wish = JoinWish {
        preferences: Preferences { delivery_mode, delivery_status, ..Preferences::default() },
        pre_verified,
        pre_confirmed,
        pre_approved,
        invitation,
        greet,
        ..JoinWish::new(Mailbox { name: name.clone(), address })
    };
    Ok(Wanted { list, who, name, role, wish })
}

/// An address, or the id of a user.
fn subscriber(call: &Call, value: &Value) -> Valid<Who> {
    let text = value.text().unwrap_or_default();
    if let Some(id) = call.parse_id(&text) {
        return Ok(Who::User(id));
    }
    valid::email(value).map(Who::Address).map_err(|_| String::new())
}

/// Where mail for a user goes.
async fn preferred(call: &Call, user: Uuid, role: Role) -> Result<Mailbox, Fault> {
    let store = &call.api.store;
    let user = store.user(user).await?.ok_or_else(|| Fault::bad("No such user"))?;
    let address = match user.preferred {
        Some(id) => store.address_by_key(id).await?,
        None => None,
    };
    let none =
        if role == Role::Member { "User has no preferred address" } else { "User without preferred address" };
    let address = address.ok_or_else(|| Fault::bad(none))?;
    Ok(Mailbox { name: user.display_name, address: address.address })
}

/// A role that nobody need be asked for.
async fn appoint(
    call: &Call,
    list: &MailingList,
    wanted: &Wanted,
    by_user: Option<Uuid>,
    audit: &AuditEntry,
) -> Answer {
    let (role, mailbox) = (wanted.role, &wanted.wish.mailbox);
    let administers = matches!(role, Role::Owner | Role::Moderator);
    if administers && mailbox.address.key() == list.name.address(SubAddress::Post) {
        return Err(Fault::bad("List posting address cannot be added"));
    }
    let enlisting = Enlisting {
        list: list.id,
        role,
        mailbox,
        by_user,
        preferences: &wanted.wish.preferences,
        action: administers.then_some(Action::Accept),
        verified: false,
        at: call.now(),
        audit,
    };
    match call.api.store.enlist(&enlisting, |_| true).await? {
        Enlisted::Done(member) => Ok(created(call, member.id)),
        Enlisted::Banned => Err(refused(Refusal::Banned)),
        Enlisted::Already | Enlisted::Waits | Enlisted::NotYet { .. } => {
            let (address, role) = (&mailbox.address, role.name());
            Err(Fault::Bad(format!("{address} is already an {role} of {}", list.name)))
        }
    }
}

fn audit(call: &Call, list: &MailingList, wanted: &Wanted, by_user: Option<Uuid>) -> AuditEntry {
    let wish = &wanted.wish;
    let mut became = json!({ "role": wanted.role.name(), "name": wanted.name });
    if let Some(map) = became.as_object_mut() {
        if wish.preferences != Preferences::default() {
            map.insert("preferences".into(), json!(wish.preferences));
        }
        if let Some(user) = by_user {
            map.insert("user".into(), user.simple().to_string().into());
        }
    }
    let address = wish.mailbox.address.as_str();
    call.audit_entry(list.list_id.as_str(), "subscribe", address, Json::Null, became)
}

fn refused(why: Refusal) -> Fault {
    match why {
        Refusal::Member => Fault::Conflict("Member already subscribed".into()),
        Refusal::Waiting => Fault::Conflict("Subscription request already pending".into()),
        Refusal::Banned => Fault::bad("Membership is banned"),
        Refusal::OwnAddress => Fault::bad("List posting address cannot subscribe"),
        Refusal::Blocked | Refusal::Rationed => Fault::TooMany { retry_after: 3_600 },
        Refusal::NoMember | Refusal::NoMatch => Fault::GONE,
    }
}
