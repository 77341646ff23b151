//! To a list's owners: recipients that could not be reached for days and are not tried any more.

use posthaste_mime::AutoSubmitted;
use posthaste_model::{EntryId, ListId, Timestamp};
use posthaste_spool::NewEntry;

use super::Letter;
use crate::delivery::Plan;
use crate::site::Site;

/// So many addresses are named; the trace has them all.
const NAMED: usize = 50;

/// The notice; `None` if the post itself was a notice.
pub fn given_up(
    site: &Site,
    parent: EntryId,
    list: &ListId,
    plan: &Plan,
    given_up: &[(String, String)],
    at: Timestamp,
) -> Option<NewEntry> {
    if plan.sender.is_empty() {
        return None;
    }
    let site_owner = [site.owner.clone()];
    let recipients = if plan.owners.is_empty() { site_owner.as_slice() } else { &plan.owners };
    let mut text = format!(
        "For five days the mail server would not take the post\n\n    {}\n\nfor {} of its recipients. They will not get \
         it any more:\n\n",
        plan.subject,
        given_up.len()
    );
    for (address, reply) in given_up.iter().take(NAMED) {
        text.push_str(&format!("    {address}: {reply}\n"));
    }
    if given_up.len() > NAMED {
        text.push_str(&format!("    and {} more\n", given_up.len() - NAMED));
    }
    text.push_str(&format!("\nEvery step: posthaste trace --recipients '{}'\n", plan.message_id));
    Letter {
        parent,
        purpose: "given-up",
        list,
        from: &plan.owner_address,
        to: &plan.owner_address,
        recipients,
        subject: format!("{} recipients did not get: {}", given_up.len(), plan.subject),
        text,
        auto_submitted: AutoSubmitted::Generated,
        extra: vec![],
        attached: None,
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}
