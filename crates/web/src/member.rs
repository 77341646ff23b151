//! What a member does under an address of their own that stands in our mail, without logging in: leaves a list (RFC 8058),
//! or switches mail on again that failures had switched off. Scanners of mail open such addresses, so looking does nothing
//! (RFC 8058 §3.2); the button does.

use axum::http::StatusCode;
use axum::response::Response;

use crate::answer::notice;
use crate::call::{Call, Proof};
use crate::house::Act;
use crate::membership::{done, show};

/// Asks whether to leave.
pub(crate) fn ask_leave(call: &Call) -> Response {
    let Proof::Member { list, .. } = &call.proof else { return lost(call) };
    let what = "You will get no more mail from this list. You can join again whenever you like.";
    show(call, &format!("Leave {list}?"), what, "Leave the list")
}

/// Ends the membership: the button of the page above, or the mail program's own.
pub(crate) async fn leave(call: Call) -> Response {
    let Proof::Member { list, member } = &call.proof else { return lost(&call) };
    let act = Act::Leave { list: list.clone(), member: *member };
    done(&call, "You have left", act).await
}

/// Asks whether mail is to come again.
pub(crate) fn ask_enable(call: &Call) -> Response {
    let Proof::Member { list, .. } = &call.proof else { return lost(call) };
    let what = "Mail to your address failed several times, so it is not sent any more. If your mailbox is in order again, \
                press the button.";
    show(call, &format!("Get mail of {list} again?"), what, "Send me mail again")
}

/// Switches it on.
pub(crate) async fn enable(call: Call) -> Response {
    let Proof::Member { list, member } = &call.proof else { return lost(&call) };
    let act = Act::Enable { list: list.clone(), member: *member };
    done(&call, "Done", act).await
}

fn lost(call: &Call) -> Response {
    notice(&call.site, StatusCode::FORBIDDEN, "This address does not hold", "It was not copied whole.")
}
