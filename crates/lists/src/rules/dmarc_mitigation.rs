use posthaste_model::{Action, DmarcMitigateAction, MailingList};

use super::{Rule, pattern::names};
use crate::{facts::Facts, post::Post, reason::Reason};
use posthaste_auth::Policy;

/// The author's domain forbids what a list does, and the list sends such posts back or drops them.
///
/// If the DNS could not tell, nothing is lost over that: the post goes on, with the list in From.
pub(super) struct DmarcMitigation;

impl Rule for DmarcMitigation {
    const NAME: &'static str = "dmarc-mitigation";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        let action = match list.settings.dmarc_mitigate_action {
            DmarcMitigateAction::Reject => Action::Reject,
            DmarcMitigateAction::Discard => Action::Discard,
            _ => return None,
        };
        let sure = matches!(facts.auth.policy, Policy::Quarantine | Policy::Reject);
        if !(sure || is_named(post, list)) {
            return None;
        }
        let notice = list.settings.dmarc_moderation_notice.trim();
        let text = if action == Action::Discard {
            "DMARC moderation: the domain of From asks that changed mail be refused.".to_owned()
        } else if notice.is_empty() {
            let domain = post.senders().first().map(|a| a.domain().to_owned()).unwrap_or_default();
            format!(
                "The domain of your address, {domain}, asks other servers to refuse mail that a list has passed on (a DMARC \
                 policy of reject or quarantine), so this list cannot take posts from it. Please write from another address, \
                 or ask {}.",
                list.name.address(posthaste_model::SubAddress::Owner)
            )
        } else {
            notice.to_owned()
        };
        Some(Reason::new(Self::NAME, text).asking(action))
    }
}

/// True if `dmarc_addresses` names the author: such posts are treated as if the domain forbade them.
pub(crate) fn is_named(post: &Post, list: &MailingList) -> bool {
    let Some(author) = post.senders().into_iter().next() else { return false };
    list.settings.dmarc_addresses.iter().any(|entry| names(entry, author.key()))
}
