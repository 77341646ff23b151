use std::borrow::Cow;

use posthaste_mime::{Field, Head};
use posthaste_model::{Action, MailingList};
use serde::Serialize;

use super::{Link, TABLE, Then};
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
    pub hits: Vec<Cow<'static, str>>,
    /// The rules that were asked and did not hit, in order.
    pub misses: Vec<Cow<'static, str>>,
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

/// What one rule said, for people who want to know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Said {
    /// The rule.
    pub rule: Cow<'static, str>,
    /// True if it hit.
    pub hit: bool,
    /// False if an earlier rule had decided, so that nobody asked this one.
    pub asked: bool,
    /// What follows from it: `accept`, `hold`, `reject`, `discard`, or `go on`.
    pub then: &'static str,
    /// Why.
    pub why: String,
}

/// Walks the rules in order.
pub fn judge(post: &Post, list: &MailingList, facts: &Facts) -> Judgement {
    walk(post, list, facts, None)
}

/// The same, and what each rule said, those that need not be asked included.
pub fn explain(post: &Post, list: &MailingList, facts: &Facts) -> (Judgement, Vec<Said>) {
    let mut said = vec![];
    let judgement = walk(post, list, facts, Some(&mut said));
    (judgement, said)
}

fn walk(post: &Post, list: &MailingList, facts: &Facts, mut told: Option<&mut Vec<Said>>) -> Judgement {
    let (mut hits, mut misses, mut reasons) = (vec![], vec![], vec![]);
    let mut settled = None;
    for link in TABLE {
        let asked = settled.is_none();
        if !asked && told.is_none() {
            break;
        }
        let found = (link.check)(post, list, facts);
        let action = found.as_ref().map(|reason| action(link, reason));
        if let Some(told) = told.as_deref_mut() {
            told.push(said(link, found.as_ref(), action, asked, || (link.passed)(post, list, facts)));
        }
        if !asked {
            continue;
        }
        let Some((reason, action)) = found.zip(action) else {
            misses.extend((!link.quiet).then_some(Cow::Borrowed(link.name)));
            continue;
        };
        hits.push(reason.hit_name());
        reasons.push(reason);
        if action != Action::Defer {
            settled = Some(action);
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

/// What is to happen because of a hit.
fn action(link: &Link, reason: &Reason) -> Action {
    match link.then {
        Then::Defer => Action::Defer,
        Then::Hold => Action::Hold,
        Then::Discard => Action::Discard,
        Then::Moderate => reason.action.unwrap_or(Action::Hold),
    }
}

fn said(
    link: &Link,
    reason: Option<&Reason>,
    action: Option<Action>,
    asked: bool,
    passed: impl FnOnce() -> String,
) -> Said {
    let then = match action {
        None => "go on",
        // It is held in the end if no later rule decides otherwise.
        Some(Action::Defer) => "hold",
        Some(action) => action.name(),
    };
    Said {
        rule: reason.map_or(Cow::Borrowed(link.name), Reason::hit_name),
        hit: reason.is_some(),
        asked,
        then,
        why: reason.map_or_else(passed, ToString::to_string),
    }
}
