//! One trouble from beginning to end, however many rules see it.

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Alert, Facts, Finding, Group, Ladder, Level};

/// How an incident stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AlertState {
    /// All is well.
    Ok,
    /// Seen, and not told yet: it may heal.
    Pending,
    /// Told in the channel.
    Degraded,
    /// Somebody is paged.
    Critical,
    /// Somebody looks after it.
    Acked,
    /// The symptom is gone; closed when it stays away.
    Recovering,
    /// There is no data.
    Unknown,
    /// It comes and goes: one incident until it has been quiet for half an hour.
    Unstable,
    /// A maintenance window keeps it silent.
    Maintenance,
}

/// An open incident. Times are steady unless said otherwise.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Incident {
    /// Counted from 1, never given twice.
    pub id: u32,
    /// What it is about.
    pub group: Group,
    /// When it was first seen, wall time.
    pub opened: Timestamp,
    /// What the rules say, and said.
    pub lines: Vec<Line>,
    /// The highest level that was told; `None` while it is pending.
    pub told: Option<Level>,
    /// How far it was told.
    pub reached: Told,
    /// Pages sent, all rungs together.
    pub pages: u32,
    /// The climb, while it is critical and nobody has it.
    pub ladder: Option<Ladder>,
    /// Who has it.
    pub ack: Option<Ack>,
    /// It comes and goes.
    pub unstable: bool,
    /// Since when the symptom is away.
    pub recovering: Option<Timestamp>,
    /// Since when all is calm, while recovering.
    pub calm: Option<Timestamp>,
    /// When a message was sent last.
    pub last_told: Option<Timestamp>,
    /// The public was told.
    pub public: bool,
    /// The owners of the lists with waiting mail were told.
    #[serde(default)]
    pub owners_told: bool,
    /// The worst that was seen.
    pub worst: Facts,
    /// It is a drill.
    pub drill: bool,
}

/// Whom an incident was told to, so that its end is told to the same.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// Contacts up to this step.
    pub step: u8,
    /// Owners of dependencies.
    pub owners: Vec<String>,
}

/// One rule's part in an incident.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// What it says, or said last.
    pub finding: Finding,
    /// Since when without a break.
    pub first: Timestamp,
    /// It still says so.
    pub present: bool,
    /// A maintenance window keeps it silent.
    pub silenced: bool,
    /// It was told within this incident.
    pub told: bool,
}

/// Somebody looks after it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ack {
    /// Who.
    pub by: String,
    /// What they said.
    pub note: String,
    /// When.
    pub at: Timestamp,
    /// How bad it was then: what gets worse needs another ack.
    pub level: Level,
}

impl Incident {
    pub(super) fn new(id: u32, group: Group, opened: Timestamp) -> Self {
        Self {
            id,
            group,
            opened,
            lines: Vec::new(),
            told: None,
            reached: Told::default(),
            pages: 0,
            ladder: None,
            ack: None,
            unstable: false,
            recovering: None,
            calm: None,
            last_told: None,
            public: false,
            owners_told: false,
            worst: Facts::default(),
            drill: false,
        }
    }

    /// Takes over what the rules say now.
    pub(super) fn merge(&mut self, findings: Vec<Finding>, window: bool, now: Timestamp) {
        for line in &mut self.lines {
            line.present = false;
        }
        for finding in findings {
            let silenced = window && !finding.armed;
            match self.lines.iter_mut().find(|l| same(&l.finding, &finding)) {
                Some(line) => {
                    if line.first == Timestamp::default() {
                        line.first = now;
                    }
                    let since = line.finding.since.min(finding.since);
                    line.finding = Finding { since, ..finding };
                    (line.present, line.silenced) = (true, silenced);
                }
                None => {
                    self.lines.push(Line { finding, first: now, present: true, silenced, told: false });
                }
            }
        }
        // What was never told leaves no trace; what was told stays a part of the story.
        self.lines.retain(|line| line.present || line.told);
        for line in self.lines.iter_mut().filter(|line| !line.present) {
            line.first = Timestamp::default();
        }
    }

    /// Lines that are to be told now: present, not silenced, and long enough so.
    pub(super) fn ripe(&self, now: Timestamp) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.is_ripe(now))
    }

    /// The worst of what is to be told now.
    pub fn level(&self, now: Timestamp) -> Option<Level> {
        self.ripe(now).map(|line| line.finding.level).max()
    }

    /// Something is wrong that was told or would be told if no window kept it silent.
    pub(super) fn lasts(&self) -> bool {
        self.lines.iter().any(|line| line.present && line.told)
    }

    /// How it stands.
    pub fn state(&self, now: Timestamp) -> AlertState {
        let present = || self.lines.iter().filter(|line| line.present);
        if self.told.is_none() {
            return match () {
                () if present().count() > 0 && present().all(|l| l.silenced) => AlertState::Maintenance,
                () if self.is_blind() => AlertState::Unknown,
                () => AlertState::Pending,
            };
        }
        match self.level(now) {
            _ if self.unstable => AlertState::Unstable,
            Some(level) if self.ack.as_ref().is_some_and(|ack| ack.level >= level) => AlertState::Acked,
            Some(Level::Critical) => AlertState::Critical,
            Some(Level::Degraded) if self.is_blind() => AlertState::Unknown,
            Some(Level::Degraded) => AlertState::Degraded,
            None if self.lasts() => AlertState::Maintenance,
            None => AlertState::Recovering,
        }
    }

    /// The line that names the harm: the worst, and of equals the symptom.
    pub fn main(&self) -> Option<&Line> {
        let key = |line: &&Line| (line.present, line.finding.level, std::cmp::Reverse(line.finding.alert));
        self.lines.iter().max_by_key(key)
    }

    /// Since when, wall time: the earliest that any told line knows of.
    pub fn since(&self) -> Timestamp {
        let told = self.lines.iter().filter(|line| line.told || line.present);
        told.map(|line| line.finding.since).min().unwrap_or(self.opened).min(self.opened)
    }

    fn is_blind(&self) -> bool {
        self.lines.iter().any(|line| line.present && line.finding.alert == Alert::MonitoringBlind)
    }
}

impl Line {
    fn is_ripe(&self, now: Timestamp) -> bool {
        self.present && !self.silenced && (self.told || now.since(self.first) >= self.finding.hold)
    }
}

impl AlertState {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Pending => "PENDING",
            Self::Degraded => "DEGRADED",
            Self::Critical => "CRITICAL",
            Self::Acked => "ACKED",
            Self::Recovering => "RECOVERING",
            Self::Unknown => "UNKNOWN",
            Self::Unstable => "UNSTABLE",
            Self::Maintenance => "MAINTENANCE",
        }
    }
}

fn same(a: &Finding, b: &Finding) -> bool {
    (a.alert, &a.subject, a.level) == (b.alert, &b.subject, b.level)
}
