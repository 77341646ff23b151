//! The addresses of a user.

use posthaste_model::Mailbox;
use posthaste_store::Taking;
use serde_json::{Value, json};

use super::of_path;
use crate::addresses::collection;
use crate::call::Call;
use crate::fault::Fault;
use crate::percent;
use crate::reply::{Answer, Reply};
use crate::valid;

/// `GET users/{u}/addresses`.
pub(crate) async fn all(call: Call) -> Answer {
    let user = of_path(&call).await?;
    collection(call, Some(user.id)).await
}

/// `POST users/{u}/addresses`: one more; with `absorb_existing` the user who has it becomes part of this one.
pub(crate) async fn add(call: Call) -> Answer {
    let user = of_path(&call).await?;
    let mut form = call.form();
    let email = form.required("email", valid::text);
    let name = form.optional("display_name", valid::name).unwrap_or_default();
    let absorb = form.optional("absorb_existing", valid::text).is_some_and(|text| !text.is_empty());
    form.check()?;
    let address = valid::address(&email.unwrap_or_default());
    let address = address.ok_or_else(|| Fault::bad("Invalid email address"))?;
    let mailbox = Mailbox { name, address };
    let taken = call.api.store.take_address(user.id, &mailbox, absorb, call.now()).await?;
    match taken {
        Taking::Done => {}
        Taking::Taken => return Err(Fault::bad("Address belongs to other user")),
        Taking::NoUser => return Err(Fault::GONE),
    }
    let became = json!({ "user": user.id.simple().to_string(), "absorb": absorb });
    call.audit("link address", mailbox.address.as_str(), Value::Null, became).await?;
    Ok(Reply::Created { location: format!("addresses/{}", percent::encode(mailbox.address.key())) })
}
