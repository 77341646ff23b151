//! Whether members get their mail, in words: what the first line of every page says.

use std::time::Duration;

use posthaste_model::{Stage, Timestamp};
use posthaste_watch::Vitals;

use crate::seen::{Grade, Seen};
use crate::words;

/// Figures older than this say nothing about now.
const STALE: Duration = Duration::from_secs(15);
/// A post that waits longer than this is late, and longer than that means that mail stands still (P27).
const LATE: u64 = 60;
const STILL: u64 = 300;
/// Checks in a row with a drift, until it is one (P8).
const DRIFTING: u32 = 2;
/// The state of an alert whose symptom is gone.
const RECOVERING: &str = "recovering";

/// How list mail goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Delivery {
    /// As it should.
    Flowing,
    /// Late, or about to be.
    Delayed,
    /// Not at all.
    Stopped,
    /// New mail is not even taken.
    Refusing,
    /// Nobody knows.
    Unknown,
}

impl Delivery {
    /// A word for programs, and the class of the page's first line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Flowing => "delivered",
            Self::Delayed => "delayed",
            Self::Stopped => "stopped",
            Self::Refusing => "refusing",
            Self::Unknown => "unknown",
        }
    }
}

/// What is to be said first.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Verdict {
    pub(crate) delivery: Delivery,
    /// Since when, if it is not as it should be and that is known.
    pub(crate) since: Option<Timestamp>,
    /// Posts that are not accounted for, if the books do not balance.
    pub(crate) drift: Option<i64>,
    /// False while the disk keeps us from taking mail.
    accepting: bool,
    /// False until the books were looked at after the start.
    counted: bool,
    waiting: String,
}

impl Verdict {
    /// Judges what is seen at `now`.
    pub(crate) fn of(seen: &Seen, now: Timestamp) -> Self {
        let vitals = &seen.vitals;
        let (delivery, since) = judge(seen, now);
        let since = since.filter(|_| delivery != Delivery::Flowing);
        let drift =
            Some(vitals.ledger.drift).filter(|d| *d != 0 && vitals.ledger.drifting_checks >= DRIFTING);
        Self {
            delivery,
            since,
            drift,
            accepting: vitals.disk.trouble.is_none(),
            counted: vitals.ledger.checked.is_some(),
            waiting: waiting(vitals),
        }
    }

    /// For operators, short enough for the head of a page.
    pub(crate) fn headline(&self) -> &'static str {
        match self.delivery {
            Delivery::Flowing if self.drift.is_some() => {
                "Members get list mail, but the books do not balance"
            }
            Delivery::Flowing => "Members get their list mail",
            Delivery::Delayed => "List mail is delayed",
            Delivery::Stopped => "Members are NOT getting list mail",
            Delivery::Refusing => "New mail is NOT accepted",
            Delivery::Unknown => "Nobody knows whether members get mail",
        }
    }

    /// For operators: what waits, and whether anything is lost.
    pub(crate) fn sentences(&self) -> String {
        let first = match self.delivery {
            Delivery::Unknown => {
                "The figures below are old: the part of the server that takes them stands still."
            }
            Delivery::Refusing => "Other servers keep what they cannot hand over, and try again.",
            _ => self.waiting.as_str(),
        };
        let accepted = match self.delivery {
            Delivery::Delayed | Delivery::Stopped if self.accepting => " Mail is still accepted.",
            Delivery::Delayed | Delivery::Stopped => " New mail is not accepted; other servers keep it.",
            _ => "",
        };
        let lost = match self.drift {
            Some(drift) if drift > 0 => {
                format!(" Not accounted for: {}.", words::count(drift.unsigned_abs(), "post"))
            }
            Some(drift) => format!(" Counted twice: {}.", words::count(drift.unsigned_abs(), "post")),
            None if self.delivery == Delivery::Unknown => String::new(),
            None if !self.counted => " The books are looked at within a minute after the start.".to_owned(),
            None => " Nothing is lost.".to_owned(),
        };
        format!("{first}{accepted}{lost}")
    }

    /// For everybody: no inner names, no numbers.
    pub(crate) fn public(&self) -> (&'static str, &'static str) {
        match self.delivery {
            Delivery::Flowing => {
                ("List mail is being delivered", "Posts reach the members of their lists within moments.")
            }
            Delivery::Delayed => (
                "List mail is delayed",
                "Posts are accepted and kept, and reach members later than usual. Nothing is lost; please do not send \
                 them again.",
            ),
            Delivery::Stopped => (
                "List mail is not being delivered at the moment",
                "Posts are accepted and kept, and will be delivered. Nothing is lost; please do not send them again.",
            ),
            Delivery::Refusing => (
                "New list mail is not accepted at the moment",
                "Your mail server keeps what you send and tries again by itself. Please do not send it again.",
            ),
            Delivery::Unknown => (
                "The state of list mail is not known at the moment",
                "The server that writes this page has no fresh figures.",
            ),
        }
    }
}

fn judge(seen: &Seen, now: Timestamp) -> (Delivery, Option<Timestamp>) {
    let vitals = &seen.vitals;
    if now.since(vitals.at) > STALE {
        return (Delivery::Unknown, Some(vitals.at));
    }
    let oldest = [Stage::Incoming, Stage::Out]
        .iter()
        .filter_map(|stage| vitals.stage(*stage)?.oldest_due_seconds)
        .max()
        .unwrap_or(0);
    let waits_since = vitals.at.minus(Duration::from_secs(oldest));
    // One that recovers says nothing about now; the figures do.
    let symptom = seen
        .alerts
        .iter()
        .find(|alert| alert.symptom && alert.grade == Grade::Critical && alert.state != RECOVERING);
    if let Some(alert) = symptom {
        return (Delivery::Stopped, Some(alert.since));
    }
    let canary = &vitals.canary;
    if oldest > STILL || (canary.enabled && canary.missing >= 2) {
        return (Delivery::Stopped, (oldest > STILL).then_some(waits_since).or(canary.last_returned));
    }
    if vitals.disk.trouble.is_some() {
        return (Delivery::Refusing, seen.alerts.first().map(|alert| alert.since));
    }
    let down = ["database", "relay"].iter().filter_map(|name| vitals.dependency(name)).find(|d| !d.up);
    if let Some(down) = down {
        return (Delivery::Delayed, Some(down.since));
    }
    let resting = [Stage::Incoming, Stage::Out]
        .iter()
        .filter_map(|stage| vitals.stage(*stage))
        .any(|stage| stage.paused && stage.depth > 0);
    if oldest > LATE || resting {
        return (Delivery::Delayed, Some(waits_since));
    }
    if !vitals.scanned || (canary.enabled && canary.missing > 0) {
        return (Delivery::Delayed, None);
    }
    (Delivery::Flowing, None)
}

fn waiting(vitals: &Vitals) -> String {
    let waiting = vitals.waiting;
    if waiting.posts == 0 {
        return "No post waits.".to_owned();
    }
    let posts = words::count(waiting.posts as u64, "post");
    let lists = words::count(waiting.lists as u64, "list");
    let verb = if waiting.posts == 1 { "waits" } else { "wait" };
    match waiting.recipients {
        0 => format!("{posts} to {lists} {verb}."),
        many => format!("{posts} to {lists} ({}) {verb}.", words::count(many as u64, "recipient")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use posthaste_watch::{DiskVitals, Waiting};

    use super::*;
    use crate::OpenAlert;
    use crate::made_up::{alert, dependency, now, seen, stage};

    /// Each changes one thing of a server that is well.
    type Change = fn(&mut Seen);

    #[test]
    fn the_first_line_says_whether_members_get_mail() {
        let cases: [(&str, Change, Delivery); 13] = [
            ("well", |_| {}, Delivery::Flowing),
            ("old figures", |s| vitals(s).at = now().minus(Duration::from_secs(16)), Delivery::Unknown),
            ("late", |s| stage(vitals(s), Stage::Out).oldest_due_seconds = Some(61), Delivery::Delayed),
            ("not late", |s| stage(vitals(s), Stage::Out).oldest_due_seconds = Some(60), Delivery::Flowing),
            (
                "stands still",
                |s| stage(vitals(s), Stage::Incoming).oldest_due_seconds = Some(301),
                Delivery::Stopped,
            ),
            (
                "bounces are not mail to members",
                |s| stage(vitals(s), Stage::Bounce).oldest_due_seconds = Some(900),
                Delivery::Flowing,
            ),
            ("canary late once", |s| vitals(s).canary.missing = 1, Delivery::Delayed),
            ("canary late twice", |s| vitals(s).canary.missing = 2, Delivery::Stopped),
            (
                "no canary",
                |s| {
                    vitals(s).canary.missing = 2;
                    vitals(s).canary.enabled = false;
                },
                Delivery::Flowing,
            ),
            ("database away", |s| dependency(vitals(s), "database").up = false, Delivery::Delayed),
            (
                "disk full",
                |s| vitals(s).disk = DiskVitals { trouble: Some("full".into()), ..DiskVitals::default() },
                Delivery::Refusing,
            ),
            ("an alert says so", |s| s.alerts.push(alert("MailNotDelivered")), Delivery::Stopped),
            (
                "it recovers",
                |s| s.alerts.push(OpenAlert { state: "recovering".into(), ..alert("MailNotDelivered") }),
                Delivery::Flowing,
            ),
        ];
        for (what, change, wanted) in cases {
            let mut seen = seen();
            change(&mut seen);
            assert_eq!(Verdict::of(&seen, now()).delivery, wanted, "{what}");
        }
    }

    #[test]
    fn a_stage_that_rests_with_mail_in_it_is_a_delay() {
        let mut seen = seen();
        stage(vitals(&mut seen), Stage::Out).paused = true;
        stage(vitals(&mut seen), Stage::Out).depth = 0;
        assert_eq!(Verdict::of(&seen, now()).delivery, Delivery::Flowing);
        stage(vitals(&mut seen), Stage::Out).depth = 1;
        assert_eq!(Verdict::of(&seen, now()).delivery, Delivery::Delayed);
    }

    #[test]
    fn the_sentences_say_what_waits_and_whether_anything_is_lost() {
        let mut seen = seen();
        vitals(&mut seen).waiting = Waiting { posts: 6, lists: 5, recipients: 8_112 };
        dependency(vitals(&mut seen), "database").up = false;
        let verdict = Verdict::of(&seen, now());
        assert_eq!(verdict.since, Some(dependency(vitals(&mut seen), "database").since));
        assert_eq!(
            verdict.sentences(),
            "6 posts to 5 lists (8,112 recipients) wait. Mail is still accepted. Nothing is lost."
        );
        vitals(&mut seen).ledger.drift = 3;
        vitals(&mut seen).ledger.drifting_checks = 1;
        assert!(Verdict::of(&seen, now()).sentences().ends_with("Nothing is lost."), "once may be a race");
        let checked = vitals(&mut seen).ledger.checked.take();
        assert!(!Verdict::of(&seen, now()).sentences().contains("lost"), "nobody has looked");
        vitals(&mut seen).ledger.checked = checked;
        vitals(&mut seen).ledger.drifting_checks = 2;
        assert!(Verdict::of(&seen, now()).sentences().ends_with("Not accounted for: 3 posts."));
        vitals(&mut seen).disk.trouble = Some("full".into());
        vitals(&mut seen).canary.missing = 2;
        let told = Verdict::of(&seen, now()).sentences();
        assert!(!told.contains("still accepted") && told.contains("other servers keep it"), "{told}");
    }

    fn vitals(seen: &mut Seen) -> &mut Vitals {
        Arc::make_mut(&mut seen.vitals)
    }
}
