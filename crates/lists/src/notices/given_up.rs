//! To a list's owners: recipients that could not be reached for days and are not tried any more.

use posthaste_mime::AutoSubmitted;
use posthaste_model::{EntryId, ListId, Timestamp};
use posthaste_spool::NewEntry;

use super::Letter;
use crate::delivery::Plan;
use crate::site::Site;
use crate::templates::{built_in_wording, phrase};

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
    let languages = [site.default_language.as_str()];
    let count = given_up.len().to_string();
    let mut lines: String =
        given_up.iter().take(NAMED).map(|(address, reply)| format!("    {address}: {reply}\n")).collect();
    if given_up.len() > NAMED {
        let more = (given_up.len() - NAMED).to_string();
        let more = phrase("post.and_more", &languages, &[("count", &more)]);
        lines.push_str(&format!("    {more}\n"));
    }
    let vars = [
        ("subject", plan.subject.as_str()),
        ("count", &count),
        ("recipients", &lines),
        ("message_id", &plan.message_id),
    ];
    // Built-in words: the way out must not need the database.
    let wording = built_in_wording("notice.given-up", &languages, &vars);
    Letter {
        parent,
        purpose: "given-up",
        list,
        from: &plan.owner_address,
        to: &plan.owner_address,
        recipients,
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Generated,
        extra: vec![],
        attached: None,
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}
