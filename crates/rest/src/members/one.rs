//! One membership: by its id, or by list, role and address.

use posthaste_lists::subscription::Settlement;
use posthaste_model::{Address, Role};
use posthaste_store::{Level, MemberChange, RosterOrder, RosterRow, RosterWanted, Subscriber};
use serde_json::{Value, json};

use super::create::waits;
use crate::call::Call;
use crate::desk::fault;
use crate::fault::Fault;
use crate::lists::roster;
use crate::preferences;
use crate::reply::{Answer, Reply};
use crate::valid;

/// The membership of the path; 404 if there is none.
pub(crate) async fn of_path(call: &Call) -> Result<RosterRow, Fault> {
    let store = &call.api.store;
    let ids = if call.piece("m").is_empty() {
        let role = Role::ALL.into_iter().find(|role| role.name() == call.piece("role")).ok_or(Fault::GONE)?;
        let address = Address::parse(call.piece("e")).map_err(|_| Fault::GONE)?;
        let wanted = RosterWanted {
            list: Some(call.list().await?.id),
            roles: vec![role],
            subscriber: Some(Subscriber::Address(address)),
            ..RosterWanted::default()
        };
        store.roster_ids(&wanted, RosterOrder::Address, 0, 1).await?
    } else {
        vec![call.parse_id(call.piece("m")).ok_or(Fault::GONE)?]
    };
    store.roster_rows(&ids).await?.pop().ok_or(Fault::GONE)
}

/// `GET`.
pub(crate) async fn show(call: Call) -> Answer {
    let row = of_path(&call).await?;
    Ok(Reply::Resource(roster::resource(&call, &row)))
}

/// `PATCH`: address, mode, moderation action.
pub(crate) async fn patch(call: Call) -> Answer {
    let row = of_path(&call).await?;
    let mut form = call.form();
    let address = form.optional("address", valid::email);
    let mode = form.optional("delivery_mode", valid::delivery_mode);
    let action = form.optional("moderation_action", valid::action_or_blank);
    form.check()?;
    let store = &call.api.store;
    let own = Level::Member(row.id);
    if let Some(address) = &address {
        may_move(&call, &row, address).await?;
        if !store.move_membership(row.id, address).await? {
            return Err(Fault::Conflict("Member already subscribed".into()));
        }
    }
    if let Some(mode) = mode {
        let mut preferences = store.preferences(&own).await?.ok_or(Fault::GONE)?;
        preferences.delivery_mode = Some(mode);
        store.set_preferences(&own, &preferences).await?;
    }
    if let Some(action) = action {
        let change = MemberChange { moderation_action: Some(action), ..MemberChange::default() };
        let key = address.clone().map_or_else(|| spelled(&row), Ok)?;
        store.set_member(row.list, &key, row.role, &change).await?;
    }
    let (mut was, mut became) = (json!({}), json!({}));
    let changes: [(&str, bool, Value, Value); 3] = [
        ("address", address.is_some(), row.spelling.as_str().into(), json!(address)),
        ("delivery_mode", mode.is_some(), json!(row.delivery_mode), json!(mode)),
        ("moderation_action", action.is_some(), json!(row.moderation_action), json!(action.flatten())),
    ];
    for (name, changed, before, after) in changes {
        if changed && let (Some(was), Some(became)) = (was.as_object_mut(), became.as_object_mut()) {
            was.insert(name.to_owned(), before);
            became.insert(name.to_owned(), after);
        }
    }
    call.audit_on(row.list_id.as_str(), "set member", &row.spelling, was, became).await?;
    Ok(Reply::Done)
}

/// `DELETE`: a member leaves as the list's policy has it; who has another role loses it at once.
pub(crate) async fn remove(call: Call) -> Answer {
    let row = of_path(&call).await?;
    let store = &call.api.store;
    let address = spelled(&row)?;
    if row.role != Role::Member {
        store.remove_members(row.list, row.role, std::slice::from_ref(&address)).await?;
        return gone(&call, &row).await;
    }
    let mut form = call.form();
    let pre_confirmed = form.optional("pre_confirmed", valid::bool).unwrap_or(true);
    let pre_approved = form.optional("pre_approved", valid::bool).unwrap_or(false);
    form.check()?;
    let list = store.list_by_key(row.list).await?.ok_or(Fault::GONE)?;
    let member = store.membership(row.list, row.id).await?.ok_or(Fault::GONE)?;
    match call.desk().unsubscribe(&list, &member, pre_confirmed, pre_approved).await.map_err(fault)? {
        Settlement::Waits { token, owner } => Ok(waits(&token, owner)),
        Settlement::Refused(_) => Err(Fault::GONE),
        Settlement::Left | Settlement::Joined(_) => Ok(Reply::Done),
    }
}

async fn gone(call: &Call, row: &RosterRow) -> Answer {
    let was = json!({ "role": row.role.name() });
    call.audit_on(row.list_id.as_str(), "unsubscribe", &row.spelling, was, Value::Null).await?;
    Ok(Reply::Done)
}

/// Whether a membership may go over to another address.
async fn may_move(call: &Call, row: &RosterRow, address: &Address) -> Result<(), Fault> {
    let known = call.api.store.address(address).await?.ok_or_else(|| Fault::bad("Address not registered"))?;
    if row.by_user {
        return Err(Fault::bad("Membership is via preferred address"));
    }
    if known.verified_at.is_none() {
        return Err(Fault::bad("Unverified address"));
    }
    if known.user.is_none() || known.user != row.user {
        return Err(Fault::bad("Address is not controlled by user"));
    }
    Ok(())
}

fn spelled(row: &RosterRow) -> Result<Address, Fault> {
    Address::parse(&row.spelling).map_err(|e| Fault::ours(&e))
}

/// What is set for the membership of the path, and where it is shown.
pub(crate) async fn level(call: &Call) -> Result<preferences::Place, Fault> {
    let row = of_path(call).await?;
    Ok(preferences::Place {
        level: Level::Member(row.id),
        link: format!("members/{}/preferences", call.uuid_text(row.id)),
        list: row.list_id.as_str().to_owned(),
        whose: row.spelling,
    })
}

/// `GET members/{m}/all/preferences`: what holds, wherever it is set.
pub(crate) async fn effective(call: Call) -> Answer {
    let row = of_path(&call).await?;
    let store = &call.api.store;
    let own = store.effective_preferences(row.id).await?.ok_or(Fault::GONE)?;
    let list = store.list_by_key(row.list).await?.ok_or(Fault::GONE)?;
    let whole = own.or(&preferences::system(&list.settings.preferred_language));
    let link = call.link(&format!("members/{}/all/preferences", call.uuid_text(row.id)));
    Ok(Reply::Resource(preferences::entry(&whole, link)))
}
