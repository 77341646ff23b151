use posthaste_model::MailingList;

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// The owners have stopped everything.
pub(super) struct Emergency;

impl Rule for Emergency {
    const NAME: &'static str = "emergency";

    fn check(_: &Post, list: &MailingList, _: &Facts) -> Option<Reason> {
        list.settings.emergency.then(|| Reason::phrase(Self::NAME, "reason.emergency", []))
    }

    fn passed(_: &Post, _: &MailingList, _: &Facts) -> String {
        "there is no emergency".into()
    }
}
