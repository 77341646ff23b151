use serde_json::{Value, json};

use crate::call::Call;
use crate::fault::Fault;

/// Entries on a page unless told.
const USUAL: u64 = 100;
/// The most entries on a page.
const MOST: u64 = 1_000;

/// How many entries are wanted.
pub(super) fn limit(call: &Call) -> Result<u64, Fault> {
    let Some(text) = call.params.text("limit") else { return Ok(USUAL) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| Fault::Bad(format!("limit is {text:?}; it is a number from 1 to {MOST}")))
}

/// What the page before ended with; empty for the first one.
pub(super) fn after(call: &Call) -> String {
    call.params.text("after").unwrap_or_default()
}

/// A page; `next` is where the one behind it begins, which there is if this one is full.
pub(super) fn page(items: &[Value], limit: u64, next: Option<String>) -> Value {
    match next.filter(|_| items.len() as u64 == limit) {
        Some(next) => json!({ "items": items, "next": next }),
        None => json!({ "items": items }),
    }
}

/// That the cursor is none of ours.
pub(super) fn odd_cursor() -> Fault {
    Fault::bad("after is not what `next` of the page before it says")
}
