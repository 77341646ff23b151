//! Addresses.

pub(crate) mod owner;

use posthaste_model::Address;
use posthaste_store::{AddressRow, Level, RosterOrder, RosterWanted, Subscriber};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::call::{Call, resource};
use crate::encode::{Map, time};
use crate::fault::Fault;
use crate::lists::roster;
use crate::paged::paged;
use crate::reply::{Answer, Reply};
use crate::{percent, preferences, valid};

/// An address as clients see it.
pub(crate) fn entry(call: &Call, row: &AddressRow) -> Map {
    let name = Some(row.display_name.as_str()).filter(|name| !name.is_empty());
    let user = row.user.map(|id| call.link(&format!("users/{}", call.uuid_text(id))));
    resource([
        ("email", row.address.key().into()),
        ("original_email", row.address.as_str().into()),
        ("registered_on", time(row.registered_at)),
        ("self_link", call.link(&path(&row.address)).into()),
        ("display_name", name.into()),
        ("verified_on", row.verified_at.map_or(Value::Null, time)),
        ("user", user.into()),
    ])
}

/// The path of an address.
pub(crate) fn path(address: &Address) -> String {
    format!("addresses/{}", percent::encode(address.key()))
}

/// The address of the path; 404 if it is not known.
pub(crate) async fn of_path(call: &Call) -> Result<AddressRow, Fault> {
    let address = Address::parse(call.piece("e")).map_err(|_| Fault::GONE)?;
    call.api.store.address(&address).await?.ok_or(Fault::GONE)
}

/// Addresses, of a user or all.
pub(crate) async fn collection(call: Call, user: Option<Uuid>) -> Answer {
    let slice = call.page()?;
    let store = call.api.store.clone();
    let total = store.address_count(user).await?;
    let pages = move |after: Option<AddressRow>, skip, limit| {
        let store = store.clone();
        async move { Ok(store.addresses(user, after.as_ref(), skip, limit).await?) }
    };
    let entries = paged(slice, total, pages, move |row| entry(&call, row));
    Ok(Reply::Stream { start: slice.skip, total, entries })
}

/// `GET addresses`.
pub(crate) async fn all(call: Call) -> Answer {
    collection(call, None).await
}

/// `GET addresses/{e}`.
pub(crate) async fn show(call: Call) -> Answer {
    let row = of_path(&call).await?;
    Ok(Reply::Resource(entry(&call, &row)))
}

/// `PATCH addresses/{e}`: the name.
pub(crate) async fn patch(call: Call) -> Answer {
    let row = of_path(&call).await?;
    let mut form = call.form();
    let name = form.required("display_name", valid::name);
    form.check()?;
    let name = name.unwrap_or_default();
    call.api.store.name_address(&row.address, &name).await?;
    let (was, became) = (json!({ "name": row.display_name }), json!({ "name": name }));
    call.audit("set address", row.address.as_str(), was, became).await?;
    Ok(Reply::Done)
}

/// `DELETE addresses/{e}`: with its memberships; the user stays.
pub(crate) async fn remove(call: Call) -> Answer {
    let row = of_path(&call).await?;
    call.api.store.remove_address(&row.address).await?;
    let was = json!({ "name": row.display_name, "user": row.user.map(|id| id.simple().to_string()) });
    call.audit("remove address", row.address.as_str(), was, Value::Null).await?;
    Ok(Reply::Done)
}

/// `GET addresses/{e}/memberships`: in every role.
pub(crate) async fn memberships(call: Call) -> Answer {
    let row = of_path(&call).await?;
    let subscriber = Some(Subscriber::Address(row.address));
    let wanted = RosterWanted { subscriber, ..RosterWanted::default() };
    let slice = call.page()?;
    roster::collection(call, &wanted, RosterOrder::Address, slice, None).await
}

/// `POST addresses/{e}/verify`.
pub(crate) async fn verify(call: Call) -> Answer {
    set_verified(call, true).await
}

/// `POST addresses/{e}/unverify`.
pub(crate) async fn unverify(call: Call) -> Answer {
    set_verified(call, false).await
}

async fn set_verified(call: Call, verified: bool) -> Answer {
    let row = of_path(&call).await?;
    if row.verified_at.is_some() != verified {
        call.api.store.set_verified(&row.address, verified.then(|| call.now())).await?;
        let (was, became) = (json!({ "verified": !verified }), json!({ "verified": verified }));
        call.audit("set address", row.address.as_str(), was, became).await?;
    }
    Ok(Reply::Done)
}

/// Where the preferences of the address of the path are set.
pub(crate) async fn level(call: &Call) -> Result<preferences::Place, Fault> {
    let row = of_path(call).await?;
    Ok(preferences::Place {
        link: format!("{}/preferences", path(&row.address)),
        whose: row.address.to_string(),
        level: Level::Address(row.address),
        list: String::new(),
    })
}
