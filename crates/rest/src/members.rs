//! Memberships: over all lists, found, one by one.

pub(crate) mod create;
pub(crate) mod one;

use posthaste_model::{ListId, Role};
use posthaste_store::{RosterOrder, RosterWanted, Subscriber};

use crate::call::Call;
use crate::lists::roster;
use crate::reply::{Answer, Reply};
use crate::valid;

pub(crate) use self::create::create;

/// `GET members`: everybody but those who only wrote.
pub(crate) async fn all(call: Call) -> Answer {
    let mut form = call.form();
    let fields = form.optional("fields", valid::strings);
    form.also(&["count", "page"]);
    form.check()?;
    let roles = vec![Role::Owner, Role::Moderator, Role::Member];
    let wanted = RosterWanted { roles, ..RosterWanted::default() };
    let slice = call.page()?;
    roster::collection(call, &wanted, RosterOrder::Role, slice, fields).await
}

/// `GET` and `POST members/find`: those for whom everything given is true; nobody if nothing is given.
pub(crate) async fn find(call: Call) -> Answer {
    let mut form = call.form();
    let fields = form.optional("fields", valid::strings);
    let list = form.optional("list_id", valid::text);
    let subscriber = form.optional("subscriber", valid::text);
    let role = form.optional("role", valid::role);
    let moderation_action = form.optional("moderation_action", valid::action_or_blank);
    let delivery_mode = form.optional("delivery_mode", valid::delivery_mode);
    let delivery_status = form.optional("delivery_status", valid::delivery_status);
    form.also(&["count", "page"]);
    form.check()?;
    let mut wanted = RosterWanted {
        list: None,
        roles: role.into_iter().collect(),
        subscriber: subscriber.map(Subscriber::Like),
        moderation_action,
        delivery_mode,
        delivery_status,
    };
    if list.is_none() && wanted == RosterWanted::default() {
        return nobody(&call);
    }
    if let Some(id) = list {
        let Some(list) = call.api.store.list_by_id(&ListId::new(id)).await? else { return nobody(&call) };
        wanted.list = Some(list.id);
    }
    let slice = call.page()?;
    roster::collection(call, &wanted, RosterOrder::Address, slice, fields).await
}

fn nobody(call: &Call) -> Answer {
    Ok(Reply::page(call.page()?.skip, 0, vec![]))
}
