use posthaste_mime::{Field, format_mailbox, make_message_id, message_ids, parse_rfc5322_date, rfc5322_date};

use super::{Draft, Step, Stop};
use crate::post::stamp_hash;

/// On an anonymous list the post comes from the list, and nothing in its header tells more.
///
/// Only what is known to be harmless stays; whatever programs add tomorrow does not.
pub(super) struct Anonymise;

const KEPT: [&str; 12] = [
    "Subject",
    "Date",
    "To",
    "Cc",
    "MIME-Version",
    "Keywords",
    "Precedence",
    "Auto-Submitted",
    "In-Reply-To",
    "References",
    "X-Topics",
    "X-Ack",
];

const KEPT_BEGINNINGS: [&str; 5] =
    ["content-", "x-mailman-", "x-beenthere", "x-content-filtered-by", "x-list-administrivia"];

impl Step for Anonymise {
    const NAME: &'static str = "anonymise";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        if !draft.list.settings.anonymous_list {
            return Ok(());
        }
        let name = &draft.list.name;
        let description = draft.description();
        let id = draft.post.id.child("anonymous");
        let head = &mut draft.message.head;
        head.retain(|field| {
            let lower = field.name().to_ascii_lowercase();
            KEPT.iter().any(|kept| field.is(kept))
                || KEPT_BEGINNINGS.iter().any(|kept| lower.starts_with(kept))
        });
        let own = format!("@{}>", name.host());
        for field in ["In-Reply-To", "References"] {
            // Ids the list gave out itself betray nobody; any other names its author's host.
            let Some(value) = head.get(field).map(Field::unfolded) else { continue };
            let ids: Vec<_> = message_ids(&value).into_iter().filter(|id| id.ends_with(&own)).collect();
            head.remove(field);
            if !ids.is_empty() {
                head.append(Field::structured(field, &ids.join(" ")));
            }
        }
        // The time of day where the author lives tells where that is.
        let written = head.get("Date").and_then(|date| parse_rfc5322_date(&date.unfolded()));
        head.replace(Field::structured("Date", &rfc5322_date(written.unwrap_or(draft.facts.now))));
        let posting = name.to_string();
        head.append(Field::structured("From", &format_mailbox(&description, &posting)));
        head.append(Field::structured("Reply-To", &posting));
        head.append(Field::structured("Message-ID", &make_message_id(id.uuid().as_bytes(), name.host())));
        stamp_hash(&mut draft.message);
        Ok(())
    }
}
