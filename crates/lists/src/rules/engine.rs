use posthaste_mime::{Field, Head};
use posthaste_model::{Action, MailingList};

use super::{TABLE, Then};
use crate::facts::Facts;
use crate::post::Post;
use crate::reason::Reason;

/// What becomes of a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It goes to the members.
    Accept,
    /// It waits for a moderator.
    Hold(Vec<Reason>),
    /// It goes back to its author with these reasons.
    Reject(Vec<Reason>),
    /// It is dropped; the reasons are logged.
    Discard(Vec<Reason>),
}

impl Verdict {
    /// `accept`, `hold`, `reject` or `discard`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Hold(_) => "hold",
            Self::Reject(_) => "reject",
            Self::Discard(_) => "discard",
        }
    }

    /// The reasons; none for an accepted post.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Accept => &[],
            Self::Hold(reasons) | Self::Reject(reasons) | Self::Discard(reasons) => reasons,
        }
    }
}

/// A verdict and how it came about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// What becomes of the post.
    pub verdict: Verdict,
    /// The rules that hit, in order.
    pub hits: Vec<&'static str>,
    /// The rules that were asked and did not hit, in order.
    pub misses: Vec<&'static str>,
}

impl Judgement {
    /// Nobody asked the rules: a moderator has accepted the post.
    pub const fn accepted() -> Self {
        Self { verdict: Verdict::Accept, hits: vec![], misses: vec![] }
    }

    /// Writes X-Mailman-Rule-Hits and X-Mailman-Rule-Misses, in place of any that came along.
    pub fn stamp(&self, head: &mut Head) {
        for (name, rules) in [("X-Mailman-Rule-Hits", &self.hits), ("X-Mailman-Rule-Misses", &self.misses)] {
            head.remove(name);
            if !rules.is_empty() {
                head.append(Field::structured(name, &rules.join("; ")));
            }
        }
    }
}

/// Walks the rules in order.
pub fn judge(post: &Post, list: &MailingList, facts: &Facts) -> Judgement {
    let (mut hits, mut misses, mut reasons) = (vec![], vec![], vec![]);
    let mut settled = None;
    for link in TABLE {
        let Some(reason) = (link.check)(post, list, facts) else {
            misses.push(link.name);
            continue;
        };
        hits.push(link.name);
        let action = match link.then {
            Then::Defer => Action::Defer,
            Then::Hold => Action::Hold,
            Then::Discard => Action::Discard,
            Then::Moderate => reason.action.unwrap_or(Action::Hold),
        };
        reasons.push(reason);
        if action != Action::Defer {
            settled = Some(action);
            break;
        }
    }
    let verdict = match settled {
        Some(Action::Accept) => Verdict::Accept,
        Some(Action::Reject) => Verdict::Reject(reasons),
        Some(Action::Discard) => Verdict::Discard(reasons),
        None | Some(Action::Defer) if reasons.is_empty() => Verdict::Accept,
        None | Some(Action::Defer | Action::Hold) => Verdict::Hold(reasons),
    };
    Judgement { verdict, hits, misses }
}
