//! Mail from a domain that forbids others to send in its name is sent in the list's name.

mod wrap;

use posthaste_auth::Policy;
use posthaste_mime::{Field, address_entries, format_mailbox, mailboxes};
use posthaste_model::DmarcMitigateAction::{MungeFrom, NoMitigation, WrapMessage};
use posthaste_model::{Mailbox, ReplyToMunging};

use super::{Draft, Step, Stop};
use crate::rules::is_named;

/// From becomes the list (`munge_from`), or the post becomes an attachment to a mail from the list (`wrap_message`).
pub(super) struct Dmarc;

impl Step for Dmarc {
    const NAME: &'static str = "dmarc";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let settings = &draft.list.settings;
        let forbids = draft.facts.auth.policy.forbids() || is_named(draft.post, draft.list);
        let survives = settings.keep_signatures && draft.facts.auth.aligned_signature;
        if settings.anonymous_list || survives {
            return Ok(());
        }
        let wraps = match settings.dmarc_mitigate_action {
            NoMitigation => false,
            MungeFrom | WrapMessage if !forbids && !settings.dmarc_mitigate_unconditionally => false,
            MungeFrom => {
                munge(draft);
                false
            }
            WrapMessage => true,
            // Reject and discard happened before. Here is only what the DNS said nothing of: it is delivered, and safe.
            _ if draft.facts.auth.policy == Policy::Trouble => {
                munge(draft);
                false
            }
            _ => {
                if settings.dmarc_mitigate_unconditionally {
                    draft
                        .notes
                        .push("dmarc_mitigate_unconditionally has no effect with reject or discard".into());
                }
                false
            }
        };
        if wraps {
            wrap::wrap(draft);
        }
        Ok(())
    }
}

fn munge(draft: &mut Draft<'_>) {
    draft.undecorated.get_or_insert_with(|| draft.message.clone());
    for field in fields(draft) {
        draft.message.head.remove(field.name());
        draft.message.head.append(field);
    }
}

/// The fields that name the list and the author: From, and where the author goes.
fn fields(draft: &Draft<'_>) -> Vec<Field> {
    let Some(author) = author(draft) else { return vec![] };
    let head = &draft.message.head;
    let posting = draft.list.name.to_string();
    let title = match draft.list.settings.display_name.trim() {
        "" => draft.list.name.local(),
        name => name,
    };
    let from = format_mailbox(&format!("{} via {title}", shown(draft, &author)), &posting);
    let mut fields = vec![Field::structured("From", &from)];
    let own = format_mailbox(&author.name, author.address.as_str());
    let name =
        if draft.list.settings.reply_goes_to_list == ReplyToMunging::NoMunging { "Reply-To" } else { "Cc" };
    let values: Vec<String> = head.all(name).map(Field::unfolded).collect();
    let entries: Vec<_> = values.iter().flat_map(|value| address_entries(value)).collect();
    if !entries.iter().any(|e| e.address.eq_ignore_ascii_case(author.address.as_str())) {
        let mut written: Vec<&str> = entries.iter().map(|e| e.source).collect();
        written.push(&own);
        fields.push(Field::structured(name, &written.join(", ")));
    }
    fields
}

/// The one author; with none or several, the first sender.
fn author(draft: &Draft<'_>) -> Option<Mailbox> {
    let from: Vec<Mailbox> =
        draft.post.message.head.all("From").flat_map(|field| mailboxes(&field.unfolded())).collect();
    if let [one] = from.as_slice() {
        return Some(one.clone());
    }
    let address = draft.post.senders().into_iter().next()?;
    Some(Mailbox { address, name: String::new() })
}

/// How the author is called: by From, by the list's own record, by the address without its domain.
fn shown(draft: &Draft<'_>, author: &Mailbox) -> String {
    let known = draft.facts.memberships.iter().filter(|m| m.sought == author.address);
    let known = known.map(|m| m.display_name.as_str()).find(|name| !name.trim().is_empty());
    let name = match author.name.trim() {
        "" => known.unwrap_or(author.address.as_str()),
        name => name,
    };
    // An address in a name looks forged to those who check names.
    match name.split_once('@') {
        Some((local, rest)) if !local.is_empty() && !local.contains(char::is_whitespace) => {
            let behind = rest.find(|c: char| c.is_whitespace() || c == '>').and_then(|at| rest.get(at..));
            format!("{local}---{}", behind.unwrap_or_default())
        }
        _ => name.to_owned(),
    }
}
