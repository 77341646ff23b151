//! The lists of somebody.

use posthaste_store::Subscriber;

use crate::call::Call;
use crate::fault::Fault;
use crate::params::Value;
use crate::reply::{Answer, Reply};
use crate::valid;

/// GET or POST lists/find: one entry for each membership, so a list may come more than once.
pub(crate) async fn find(call: Call) -> Answer {
    let mut form = call.form();
    let who = form.required("subscriber", |value| subscriber(&call, value));
    let role = form.optional("role", valid::role);
    form.also(&["count", "page"]);
    form.check()?;
    let Some(who) = who else { return Err(Fault::GONE) };
    let slice = call.page()?;
    let total = call.api.store.lists_of_counted(&who, role).await?;
    if total == 0 {
        return Err(Fault::GONE);
    }
    let lists = match slice.limit {
        0 => vec![],
        limit => call.api.store.lists_of(&who, role, slice.skip, limit).await?,
    };
    Ok(Reply::page(slice.skip, total, lists.iter().map(|list| super::resource(&call, list)).collect()))
}

/// A user by id, or whoever has an address. For what is neither Mailman has no words.
fn subscriber(call: &Call, value: &Value) -> valid::Valid<Subscriber> {
    let text = value.text().unwrap_or_default();
    if let Some(user) = call.parse_id(&text) {
        return Ok(Subscriber::User(user));
    }
    valid::address(&text).map(Subscriber::Address).ok_or_else(String::new)
}
