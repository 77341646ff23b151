use posthaste_model::{Action, Address, MailingList, Role};

use super::{Rule, pattern, umbrella};
use crate::{facts::Facts, post::Post, reason::Reason};

/// The author is not a member.
///
/// Owners and moderators are no strangers to their list even if they do not get its posts.
pub(super) struct NonmemberModeration;

impl Rule for NonmemberModeration {
    const NAME: &'static str = "nonmember-moderation";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        let known = facts.author(post).is_some() || facts.author_runs_list(post);
        if known || facts.from_news || umbrella::sent_by(post, list).is_some() {
            return None;
        }
        let (action, why) = post
            .senders()
            .iter()
            .find_map(|sender| decide(sender, list, facts))
            .unwrap_or((list.settings.default_nonmember_action, None));
        let notice = list.settings.nonmember_rejection_notice.trim();
        let reason = match why {
            _ if action == Action::Reject && !notice.is_empty() => Reason::new(Self::NAME, notice),
            Some(why) => why,
            None => Reason::phrase(Self::NAME, "reason.nonmember", []),
        };
        (action != Action::Defer).then(|| reason.asking(action))
    }

    fn passed(post: &Post, list: &MailingList, facts: &Facts) -> String {
        let who = if facts.from_news {
            "it comes from the newsgroup"
        } else if facts.author(post).is_some() {
            "the author is a member"
        } else if facts.author_runs_list(post) {
            "the author runs the list"
        } else if umbrella::sent_by(post, list).is_some() {
            "it comes from a list above this one"
        } else {
            "the author is no member, but such posts go on"
        };
        who.into()
    }
}

/// True if `accept_these_nonmembers` names this sender.
pub(super) fn accepted(sender: &Address, list: &MailingList, facts: &Facts) -> bool {
    list.settings.accept_these_nonmembers.iter().any(|entry| match entry.strip_prefix('@') {
        Some(other) => {
            facts.elsewhere.iter().any(|(list, who)| list.eq_ignore_ascii_case(other) && who == sender)
        }
        None => pattern::names(entry, sender.key()),
    })
}

/// What is set for this sender in particular.
fn decide(sender: &Address, list: &MailingList, facts: &Facts) -> Option<(Action, Option<Reason>)> {
    let own = facts
        .memberships
        .iter()
        .find(|m| m.role == Role::Nonmember && m.sought == *sender)
        .and_then(|m| m.moderation_action);
    if let Some(action) = own {
        return Some((action, None));
    }
    if accepted(sender, list, facts) {
        return Some((Action::Defer, None));
    }
    let settings = &list.settings;
    let lists = [
        (Action::Hold, "hold_these_nonmembers", &settings.hold_these_nonmembers),
        (Action::Reject, "reject_these_nonmembers", &settings.reject_these_nonmembers),
        (Action::Discard, "discard_these_nonmembers", &settings.discard_these_nonmembers),
    ];
    lists.into_iter().find(|(_, _, entries)| entries.iter().any(|e| pattern::names(e, sender.key()))).map(
        |(action, setting, _)| {
            let vars = [("sender", sender.to_string()), ("setting", setting.to_owned())];
            (action, Some(Reason::phrase(NonmemberModeration::NAME, "reason.nonmember-listed", vars)))
        },
    )
}
