//! The user who has an address.

use posthaste_store::{AddressRow, Linked, UserMade};
use serde_json::{Value, json};
use uuid::Uuid;

use super::of_path;
use crate::call::Call;
use crate::fault::Fault;
use crate::reply::{Answer, Reply};
use crate::users::{self, Wish};
use crate::valid;

/// `GET addresses/{e}/user`.
pub(crate) async fn show(call: Call) -> Answer {
    let row = of_path(&call).await?;
    let id = row.user.ok_or(Fault::GONE)?;
    let user = call.api.store.user(id).await?.ok_or(Fault::GONE)?;
    Ok(Reply::Resource(users::entry(&call, &user)))
}

/// `DELETE addresses/{e}/user`.
pub(crate) async fn unlink(call: Call) -> Answer {
    let row = of_path(&call).await?;
    let id = row.user.ok_or(Fault::GONE)?;
    call.api.store.unlink_address(&row.address).await?;
    let was = json!({ "user": id.simple().to_string() });
    call.audit("unlink address", row.address.as_str(), was, Value::Null).await?;
    Ok(Reply::Done)
}

/// What was asked for.
struct Given {
    user: Option<String>,
    create: bool,
    wish: Wish,
}

fn read(call: &Call) -> Result<Given, Fault> {
    let mut form = call.form();
    let user = form.optional("user_id", valid::text);
    let create = form.optional("auto_create", valid::bool).unwrap_or(true);
    let name = form.optional("display_name", valid::name).unwrap_or_default();
    let password = form.optional("password", valid::text).filter(|password| !password.is_empty());
    let is_server_owner = form.optional("is_server_owner", valid::bool).unwrap_or_default();
    form.check()?;
    Ok(Given { user, create, wish: Wish { name, password, is_server_owner } })
}

/// `POST addresses/{e}/user`: gives the address, which nobody has, to a user, or to a new one.
pub(crate) async fn link(call: Call) -> Answer {
    let row = of_path(&call).await?;
    if row.user.is_some() {
        return Err(Fault::Conflict("409 Conflict".into()));
    }
    let given = read(&call)?;
    let Some(text) = given.user.clone() else { return make(&call, row, given).await };
    let id = call.parse_id(&text).ok_or_else(|| Fault::Bad(format!("No user with ID {text}")))?;
    match call.api.store.link_address(&row.address, id, false).await? {
        Linked::Done => linked(&call, &row, id).await,
        Linked::NoUser => Err(Fault::Bad(format!("No user with ID {text}"))),
        Linked::NoAddress => Err(Fault::GONE),
        Linked::Taken(_) => Err(Fault::Conflict("409 Conflict".into())),
    }
}

/// `PUT addresses/{e}/user`: the same, taking it from whoever has it. Nothing is taken before everything is known to be
/// right.
pub(crate) async fn replace(call: Call) -> Answer {
    let row = of_path(&call).await?;
    let given = read(&call)?;
    if let Some(text) = &given.user {
        let none = || Fault::no(format!("No user with ID {text}"));
        let id = call.parse_id(text).ok_or_else(none)?;
        return match call.api.store.link_address(&row.address, id, true).await? {
            Linked::NoUser => Err(none()),
            Linked::NoAddress => Err(Fault::GONE),
            Linked::Done | Linked::Taken(_) => linked(&call, &row, id).await,
        };
    }
    if !given.create {
        return Err(Fault::Forbidden(None));
    }
    if row.user.is_some() {
        call.api.store.unlink_address(&row.address).await?;
    }
    make(&call, row, given).await
}

async fn make(call: &Call, row: AddressRow, given: Given) -> Answer {
    if !given.create {
        return Err(Fault::Forbidden(None));
    }
    match given.wish.make(call, row.address).await? {
        UserMade::Done(id) => Ok(Reply::Created { location: format!("users/{}", call.uuid_text(id)) }),
        UserMade::Exists(_) => Err(Fault::Conflict("409 Conflict".into())),
    }
}

async fn linked(call: &Call, row: &AddressRow, id: Uuid) -> Answer {
    let was = json!({ "user": row.user.map(|id| id.simple().to_string()) });
    let became = json!({ "user": id.simple().to_string() });
    call.audit("link address", row.address.as_str(), was, became).await?;
    Ok(Reply::Empty)
}
