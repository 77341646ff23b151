//! The list's automatic answer to whoever writes to it.

use std::borrow::Cow;

use posthaste_mime::{AutoSubmitted, Field, Message};
use posthaste_model::{ListSettings, MailingList, ResponseAction, SubAddress, Timestamp};
use posthaste_spool::{Entry, NewEntry};

use super::{Letter, list_id_field, may_answer, reply_fields};
use crate::site::Site;
use crate::template::{expand, list_variable};
use crate::templates::phrase;

/// Whom a message is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WrittenTo {
    /// All members.
    Members,
    /// Owners and moderators.
    Owners,
    /// The program: commands.
    Commands,
}

impl WrittenTo {
    /// What the list does with such mail, and its text.
    pub fn says(self, settings: &ListSettings) -> (ResponseAction, &str) {
        match self {
            Self::Members => (settings.autorespond_postings, &settings.autoresponse_postings_text),
            Self::Owners => (settings.autorespond_owner, &settings.autoresponse_owner_text),
            Self::Commands => (settings.autorespond_requests, &settings.autoresponse_request_text),
        }
    }

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Members => "postings",
            Self::Owners => "owner",
            Self::Commands => "command",
        }
    }
}

/// The answer; `None` if the list gives none, its text is blank, or the message must not be answered.
pub fn auto_response(
    site: &Site,
    entry: &Entry,
    message: &Message,
    list: &MailingList,
    to: WrittenTo,
    at: Timestamp,
) -> Option<NewEntry> {
    let (action, template) = to.says(&list.settings);
    let unwanted = message.head.text("X-Ack").is_some_and(|v| v.trim().eq_ignore_ascii_case("no"));
    if action == ResponseAction::None || unwanted || !may_answer(&entry.envelope, message) {
        return None;
    }
    let facts = site.facts();
    let lookup = |name: &str| -> Option<Cow<'_, str>> {
        let name = match name {
            "requestemail" => "request_email",
            "owneremail" => "owner_email",
            name => name,
        };
        list_variable(list, &facts, name)
    };
    let text = expand(template, lookup);
    if text.trim().is_empty() {
        return None;
    }
    let languages = [list.settings.preferred_language.as_str(), &site.default_language];
    let name = list.name.to_string();
    let subject = phrase("auto_response.subject", &languages, &[("listname", &name)]);
    let author = entry.envelope.reverse_path.as_str();
    let owner = list.name.address(SubAddress::Owner);
    let mut extra = reply_fields(message);
    extra.push(list_id_field(list));
    extra.push(Field::structured("X-Ack", "no"));
    Letter {
        parent: entry.id,
        purpose: "auto-response",
        list: &list.list_id,
        from: &owner,
        to: author,
        recipients: &[author.to_owned()],
        subject,
        text: format!("{}\n", text.trim_end()),
        auto_submitted: AutoSubmitted::Replied,
        extra,
        attached: None,
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}
