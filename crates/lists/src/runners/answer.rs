//! The list's automatic answer: who gets it, and when again.

use std::time::Duration;

use posthaste_mime::Message;
use posthaste_model::{Address, MailingList, ResponseAction};
use posthaste_spool::{Entry, NewEntry};

use super::station::{Station, Trouble};
use crate::notices::{WrittenTo, auto_response};

/// Nobody gets two within this time, whatever the list says (P36).
const SHORTEST: Duration = Duration::from_hours(24);

impl Station {
    /// The answer to this entry, if there is to be one; and whether that is all that becomes of it, which holds even if
    /// this time nobody is answered.
    pub(super) async fn answer(
        &self,
        to: WrittenTo,
        entry: &Entry,
        list: &MailingList,
    ) -> Result<(Option<NewEntry>, bool), Trouble> {
        let (action, _) = to.says(&list.settings);
        if action == ResponseAction::None {
            return Ok((None, false));
        }
        let enough = action == ResponseAction::RespondAndDiscard;
        let message = Message::parse(entry.message.clone());
        let tools = &self.tools;
        let now = tools.clock.now();
        let Some(answer) = auto_response(&tools.site.get(), entry, &message, list, to, now) else {
            return Ok((None, enough));
        };
        let Ok(author) = Address::parse(entry.envelope.reverse_path.as_str()) else {
            return Ok((None, enough));
        };
        let asked = message.head.text("X-Ack").is_some_and(|v| v.trim().eq_ignore_ascii_case("yes"));
        let grace = if asked { SHORTEST } else { list.settings.autoresponse_grace_period.max(SHORTEST) };
        let may = tools.store.claim_answer(list.id, &author, to.name(), entry.id, now, grace).await?;
        Ok((may.then_some(answer), enough))
    }
}
