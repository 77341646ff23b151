//! What people read (P31): what members notice, since when, how many posts wait, whether anything is lost, what is
//! suspected, one command to look, who owns it, how to take it. Written for a stranger.

use std::time::Duration;

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Alert, Incident, Level, Line, Moment, Policy, Rung, Window};
use crate::Vitals;

/// The figures that stand in messages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The name of the host.
    pub host: String,
    /// Posts that wait.
    pub posts: usize,
    /// Lists they belong to.
    pub lists: usize,
    /// Recipients they are for, as far as is known.
    pub recipients: usize,
    /// Posts not accounted for; `None` before the first check.
    pub drift: Option<i64>,
    /// Posts set aside.
    pub quarantined: usize,
    /// Why mail is not accepted, if it is not.
    pub refusing: Option<String>,
}

/// Why a message is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person is paged, once for an incident.
    Page,
    /// Nobody answered: the ladder goes on.
    Escalation(Rung),
    /// Somebody answered hours ago, and it lasts.
    AckExpired,
    /// Told in the channel.
    Notice,
    /// It comes and goes.
    Unstable,
    /// It is over.
    Closed,
    /// Somebody took it.
    Acked,
    /// The weekly test, or one asked for.
    Test,
}

/// A message, before it is cut to the shape of a channel.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Why it is sent.
    pub kind: Kind,
    /// How bad it is.
    pub level: Level,
    /// The incident.
    pub incident: Option<u32>,
    /// The host it is about.
    pub host: String,
    /// The same for every message of one incident, so that a receiver can put them together.
    pub key: String,
    /// One line, to begin with: the subject of a mail.
    pub subject: String,
    /// The rest of the one-line form.
    pub tail: String,
    /// What stands in the long form, label and text.
    pub rows: Vec<(String, String)>,
    /// Whether an ack is asked for.
    pub wants_ack: bool,
}

/// Everything a message is made of.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The figures now.
    pub facts: &'a Facts,
    /// What the operator decided.
    pub policy: &'a Policy,
    /// A maintenance window, if one is open.
    pub window: Option<&'a Window>,
    /// The time.
    pub now: Moment,
}

impl Facts {
    /// The figures of these vitals.
    pub fn of(vitals: &Vitals) -> Self {
        Self {
            host: vitals.hostname.clone(),
            posts: vitals.waiting.posts,
            lists: vitals.waiting.lists,
            recipients: vitals.waiting.recipients,
            drift: vitals.ledger.checked.map(|_| vitals.ledger.drift),
            quarantined: vitals.quarantine.count,
            refusing: vitals.disk.trouble.clone(),
        }
    }

    /// The worse of both, number by number.
    pub(super) fn worse(&mut self, now: &Self) {
        self.posts = self.posts.max(now.posts);
        self.lists = self.lists.max(now.lists);
        self.recipients = self.recipients.max(now.recipients);
        self.quarantined = self.quarantined.max(now.quarantined);
        self.drift = now.drift.or(self.drift);
        if self.host.is_empty() {
            self.host.clone_from(&now.host);
        }
    }

    fn waiting(&self) -> String {
        let known = if self.recipients > 0 {
            format!("{} ({})", count(self.lists, "list"), count(self.recipients, "recipient"))
        } else {
            count(self.lists, "list")
        };
        if self.posts == 0 {
            "no posts".to_owned()
        } else {
            format!("{} to {known}", count(self.posts, "post"))
        }
    }

    fn lost(&self) -> String {
        match self.drift {
            Some(0) => "0 lost".to_owned(),
            Some(lost) if lost > 0 => format!("{} NOT accounted for", count(lost.unsigned_abs(), "post")),
            Some(_) => "0 lost, some may have been counted twice".to_owned(),
            None => "not yet checked for losses".to_owned(),
        }
    }
}

impl Words<'_> {
    /// The message about `incident`.
    pub fn message(&self, incident: &Incident, kind: Kind) -> Message {
        let unknown = Line::nothing(incident);
        let main = incident.main().unwrap_or(&unknown);
        let finding = &main.finding;
        let level = incident.level(self.now.steady).or(incident.told).unwrap_or(finding.level);
        let since = incident.since();
        let lasted = span(self.now.wall.since(since));
        let (headline, noticed) = harm(finding.alert, &finding.subject, self.facts);
        let drill = if incident.drill { "DRILL " } else { "" };
        let word = match kind {
            Kind::Closed => "OK",
            Kind::Unstable => "UNSTABLE",
            Kind::Acked => "ACKED",
            _ if finding.alert == Alert::MonitoringBlind && level == Level::Degraded => "UNKNOWN",
            _ => level.word(),
        };
        let host = self.facts.host.as_str();
        let prefix = format!("{drill}{word} {host}");
        let owner = finding.owner.as_deref().unwrap_or(&self.policy.owner);
        let mut message = Message {
            kind,
            level,
            incident: Some(incident.id),
            host: host.to_owned(),
            key: format!("posthaste/{host}/{}/{}", incident.id, incident.opened.as_secs()),
            subject: format!("{prefix}: {headline} since {} ({lasted})", clock(since)),
            tail: String::new(),
            rows: vec![],
            wants_ack: !matches!(kind, Kind::Closed | Kind::Acked | Kind::Test),
        };
        if kind == Kind::Closed {
            self.close(&mut message, incident, &prefix, headline, &lasted);
            return message;
        }
        let taken = if self.facts.refusing.is_some() { "mail NOT accepted" } else { "mail still accepted" };
        let aside = match self.facts.quarantined {
            0 => String::new(),
            some => format!(", {} set aside", count(some, "post")),
        };
        message.tail = format!(
            "{} waiting, {taken}, {}{aside}. Suspect: {}. Look: {}.",
            capital(&self.facts.waiting()),
            self.facts.lost(),
            finding.text,
            finding.command,
        );
        if !owner.is_empty() {
            message.tail.push_str(&format!(" Owner: {owner}."));
        }
        message.rows = self.rows(incident, main, noticed, owner, (taken, &aside));
        if let Some(said) = self.said(incident, kind) {
            message.tail = format!("{said} {}", message.tail);
            message.rows.insert(0, ("Why this mail".to_owned(), said));
        }
        message
    }

    /// What the owners of these lists are told once the public is: their mail waits, and what they need not do.
    pub fn to_owners(&self, incident: &Incident, lists: &[String]) -> Message {
        let named = match lists {
            [one] => one.clone(),
            [one, more @ ..] => format!("{one} and {} more", more.len()),
            [] => "your lists".to_owned(),
        };
        let notice = "Posts to these lists are accepted and kept, and reach members later. Ask nobody to send them again.";
        let mut rows = vec![
            ("What members notice".to_owned(), notice.to_owned()),
            ("Your lists with waiting mail".to_owned(), lists.join(", ")),
            ("Lost".to_owned(), self.facts.lost()),
        ];
        if let Some(base) = &self.policy.base_url {
            rows.push(("What is known".to_owned(), format!("{base}/status")));
        }
        if !self.policy.owner.is_empty() {
            rows.push(("Who looks after it".to_owned(), self.policy.owner.clone()));
        }
        let ours = self.message(incident, Kind::Notice);
        Message {
            subject: format!("Mail of {named} is not being delivered since {}", moment(incident.since())),
            tail: notice.to_owned(),
            rows,
            wants_ack: false,
            ..ours
        }
    }

    /// The message of a test to `contact`.
    pub fn test(&self, contact: &str) -> Message {
        let host = &self.facts.host;
        let told = format!(
            "This is how {contact} is told when list mail at {host} is in trouble. Nothing is wrong, nothing is to be done."
        );
        Message {
            kind: Kind::Test,
            level: Level::Degraded,
            incident: None,
            host: host.clone(),
            key: format!("posthaste/{host}/test"),
            subject: format!("TEST {host}: alerts reach {contact}"),
            tail: told.clone(),
            rows: vec![
                ("What this is".to_owned(), told),
                ("Look".to_owned(), "posthaste alerts report".to_owned()),
            ],
            wants_ack: false,
        }
    }

    fn rows(
        &self,
        incident: &Incident,
        main: &Line,
        noticed: &str,
        owner: &str,
        (taken, aside): (&str, &str),
    ) -> Vec<(String, String)> {
        let since = incident.since();
        let mut rows = vec![
            ("Members notice", noticed.to_owned()),
            ("Since", format!("{} ({})", moment(since), span(self.now.wall.since(since)))),
            ("Waiting", format!("{}; {taken}", self.facts.waiting())),
            ("Lost", format!("{}{aside}", self.facts.lost())),
            ("Suspect", main.finding.text.clone()),
        ];
        for line in incident.ripe(self.now.steady).filter(|l| !main.finding.text.contains(&l.finding.text)) {
            rows.push(("Also", line.finding.text.clone()));
        }
        rows.push(("Look", main.finding.command.clone()));
        if !owner.is_empty() {
            rows.push(("Owner", owner.to_owned()));
        }
        if let Some(window) = self.window {
            let until = clock(self.now.wall_of(window.until));
            rows.push(("Maintenance", format!("until {until}, by {}: {}", window.who, window.why)));
        }
        if let Some(ladder) = &incident.ladder {
            let (rung, at) = ladder.next(self.policy);
            let whom = match rung {
                Rung::First => "the first person",
                Rung::Second => "the second person",
                Rung::Everyone => "everyone",
                Rung::Public => "everyone, and a public banner",
                Rung::Again => "everyone again",
            };
            rows.push(("Next", format!("{whom} at {} if nobody acknowledges", clock(self.now.wall_of(at)))));
        }
        rows.into_iter().map(|(label, text)| (label.to_owned(), text)).collect()
    }

    /// What is special about this message.
    fn said(&self, incident: &Incident, kind: Kind) -> Option<String> {
        match kind {
            Kind::Escalation(Rung::Public) => Some(
                "Nobody has acknowledged this for an hour; the status page now tells the public.".to_owned(),
            ),
            Kind::Escalation(_) => Some("Nobody has acknowledged this.".to_owned()),
            Kind::AckExpired => {
                let hours = self.policy.ack_expires.as_secs() / 3600;
                Some(format!("The acknowledgement of {hours} hours ago has run out, and it still lasts."))
            }
            Kind::Unstable => Some(format!(
                "It comes and goes. It is one incident until it has been quiet for {}.",
                span(self.policy.quiet)
            )),
            Kind::Acked => incident.ack.as_ref().map(|ack| {
                let note = if ack.note.is_empty() { String::new() } else { format!(": {}", ack.note) };
                format!("{} looks after it{note}.", ack.by)
            }),
            _ => None,
        }
    }

    fn close(&self, message: &mut Message, incident: &Incident, prefix: &str, headline: &str, lasted: &str) {
        let worst = &incident.worst;
        let from = clock(incident.since());
        message.subject = format!("{prefix}: well again after {lasted} (was: {headline})");
        message.tail =
            format!("It began at {from}. At worst {} waited; {}.", worst.waiting(), self.facts.lost());
        message.rows = vec![
            ("From".to_owned(), moment(incident.since())),
            ("Until".to_owned(), format!("{} ({lasted})", moment(self.now.wall))),
            ("At worst".to_owned(), format!("{} waited", worst.waiting())),
            ("Lost".to_owned(), self.facts.lost()),
        ];
        if let Some(line) = incident.main() {
            message.rows.push(("Cause".to_owned(), line.finding.text.clone()));
        }
        if incident.pages > 0 {
            let ask = format!("posthaste alerts close {} --action-needed yes|no", incident.id);
            message.rows.push(("Was the page needed?".to_owned(), ask));
        }
    }
}

impl Message {
    /// All of it in one line, for a pager: with where to acknowledge, if that is wanted.
    pub fn line(&self, ack: Option<&str>) -> String {
        let ack = ack.filter(|_| self.wants_ack).map(|link| format!(" Ack: {link}")).unwrap_or_default();
        format!("{}. {}{ack}", self.subject, self.tail)
    }

    /// The long form, for a mail. `reply` says that an answer to this mail can acknowledge.
    pub fn text(&self, ack: Option<&str>, reply: bool) -> String {
        let width = self.rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0) + 1;
        let mut text = format!("{}.\n\n", self.subject);
        for (label, said) in &self.rows {
            let label = format!("{label}:");
            text.push_str(&format!("{label:<width$} {said}\n"));
        }
        if self.wants_ack {
            let mut ways: Vec<String> = ack.map(|link| format!("open {link}")).into_iter().collect();
            if reply {
                ways.push("answer this mail with the word: ack".to_owned());
            }
            if let Some(id) = self.incident {
                ways.push(format!("on the server: posthaste alerts ack {id}"));
            }
            text.push_str(&format!("\nTo say that you look after it:\n  {}\n", ways.join("\n  or ")));
        }
        text
    }
}

impl Line {
    fn nothing(incident: &Incident) -> Self {
        let finding =
            super::Finding::new(Alert::MonitoringBlind, Level::Degraded, incident.opened, "nothing is known");
        let first = Timestamp::default();
        Self { finding, first, present: false, silenced: false, told: false }
    }
}

/// The headline, and what members notice.
fn harm(alert: Alert, subject: &str, facts: &Facts) -> (&'static str, &'static str) {
    match (alert, subject) {
        (Alert::MailNotDelivered, _) if facts.refusing.is_some() => (
            "list mail is NOT being delivered",
            "New posts stay with the sender's mail server, which tries again; accepted posts reach nobody.",
        ),
        (Alert::MailNotDelivered, _) => {
            ("list mail is NOT being delivered", "Posts are accepted, but they reach nobody.")
        }
        (Alert::DependencyDown, "database") => (
            "list mail is delayed, the database does not answer",
            "New posts are accepted and wait; posts that were on their way already still go out.",
        ),
        (Alert::DependencyDown, "relay") => (
            "list mail is delayed, the mail server that takes it does not answer",
            "Posts are accepted and wait; nothing goes out.",
        ),
        (Alert::DependencyDown, _) => {
            ("something list mail needs does not answer", "Perhaps a delay; posts are accepted and kept.")
        }
        (Alert::LedgerDrift, _) => {
            ("accepted posts are NOT accounted for", "A post may be missing for some members.")
        }
        (Alert::SpoolUnhealthy, _) => (
            "list mail is NOT being accepted",
            "New posts stay with the sender's mail server, which tries again; accepted posts still go out.",
        ),
        (Alert::DiskReserve, _) => (
            "the disk will soon be full",
            "Nothing yet. When it is full, new posts wait at the sender's mail server.",
        ),
        (Alert::SloBurn, _) => ("too many posts are late", "Some posts take more than a minute."),
        (Alert::RestartStorm, _) => (
            "a part of the server dies again and again",
            "Perhaps a delay. It is still being started again, for ever.",
        ),
        (Alert::Quarantine, _) => (
            "posts are set aside",
            "The posts that were set aside reach nobody until a person looks; all others go out.",
        ),
        (Alert::BacklogEta, _) => ("list mail is slow", "Posts come, but late."),
        (Alert::AlertPathBroken, _) => {
            ("a way to reach people is broken", "Nothing now; but the next trouble may not be told.")
        }
        (Alert::MonitoringBlind, _) => (
            "nobody knows whether list mail is delivered",
            "Unknown. Nothing says that mail is delivered, and nothing says that it is not.",
        ),
    }
}

/// `8,112 recipients`, `1 post`.
fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number: u64 = number.try_into().unwrap_or(u64::MAX);
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `45 s`, `2 min`, `3 h 12 min`, `2 d 1 h`.
pub(super) fn span(time: Duration) -> String {
    let secs = time.as_secs();
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..86_400 => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
        _ => format!("{} d {} h", secs / 86_400, secs % 86_400 / 3600),
    }
}

/// `14:35:31 UTC`.
pub(super) fn clock(at: Timestamp) -> String {
    format!("{} UTC", at.to_string().get(11..19).unwrap_or_default())
}

/// `2023-03-07 14:35:31 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{} {}", at.to_string().get(..10).unwrap_or_default(), clock(at))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
