//! The address to which a user's mail goes.

use posthaste_model::Mailbox;
use posthaste_store::Preferring;
use serde_json::{Value, json};

use super::{of_path, path};
use crate::addresses;
use crate::call::Call;
use crate::fault::Fault;
use crate::reply::{Answer, Reply};
use crate::valid;

/// `GET users/{u}/preferred_address`.
pub(crate) async fn show(call: Call) -> Answer {
    let user = of_path(&call).await?;
    let id = user.preferred.ok_or(Fault::GONE)?;
    let row = call.api.store.address_by_key(id).await?.ok_or(Fault::GONE)?;
    Ok(Reply::Resource(addresses::entry(&call, &row)))
}

/// `POST users/{u}/preferred_address`.
pub(crate) async fn set(call: Call) -> Answer {
    let user = of_path(&call).await?;
    let mut form = call.form();
    let email = form.required("email", valid::text);
    form.check()?;
    let email = email.unwrap_or_default();
    let none = || Fault::Bad(format!("Address does not exist: {email}"));
    let address = valid::address(&email).ok_or_else(none)?;
    match call.api.store.prefer_address(user.id, &address).await? {
        Preferring::Done => {}
        Preferring::NoAddress => return Err(none()),
        Preferring::NoUser => return Err(Fault::GONE),
        Preferring::Taken => return Err(Fault::Bad(email)),
        Preferring::Unverified(Mailbox { name, address }) => {
            let shown = if name.is_empty() { address.to_string() } else { format!("{name} <{address}>") };
            return Err(Fault::Bad(format!("{shown} must be verified before setting as primary")));
        }
    }
    let became = json!({ "preferred": address });
    call.audit("set user", &user.id.simple().to_string(), Value::Null, became).await?;
    Ok(Reply::Created { location: format!("{}/preferred_address", path(&call, &user)) })
}

/// `DELETE users/{u}/preferred_address`.
pub(crate) async fn clear(call: Call) -> Answer {
    let user = of_path(&call).await?;
    if !call.api.store.prefer_none(user.id).await? {
        return Err(Fault::GONE);
    }
    call.audit("set user", &user.id.simple().to_string(), Value::Null, json!({ "preferred": null })).await?;
    Ok(Reply::Done)
}
