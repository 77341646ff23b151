//! Checks for other people's monitors, by the contract of Nagios plugins: a state, one line, figures behind a bar.
//!
//! Pure: the command line asks the server and hands the vitals in. Doubt is UNKNOWN, never OK.

mod parts;
mod perf;

use std::str::FromStr;
use std::time::Duration;

use posthaste_model::Timestamp;

pub use self::perf::Perf;
use crate::Vitals;

/// Vitals that are older, or come from the future, say nothing about now.
const STALE: Duration = Duration::from_secs(10);

/// What can be checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// The supervised tasks: number that do not run.
    Runners,
    /// How much waits: entries of all stages.
    Queues,
    /// The age of the oldest entry that waits to be delivered, seconds.
    Oldest,
    /// When what waits will be gone, seconds.
    Drain,
    /// The canary: how many in a row are missing.
    Canary,
    /// The database: seconds it has been away.
    Database,
    /// The relay: seconds it has been away.
    Relay,
    /// The spool's disk: percent free.
    Disk,
    /// The ledger: posts not accounted for.
    Ledger,
    /// All of these; the worst counts.
    All,
}

impl What {
    /// Each of them.
    pub const EACH: [(&'static str, Self); 10] = [
        ("runners", Self::Runners),
        ("queues", Self::Queues),
        ("oldest", Self::Oldest),
        ("drain", Self::Drain),
        ("canary", Self::Canary),
        ("database", Self::Database),
        ("relay", Self::Relay),
        ("disk", Self::Disk),
        ("ledger", Self::Ledger),
        ("all", Self::All),
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        Self::EACH.iter().find(|(_, what)| *what == self).map_or("all", |(name, _)| name)
    }
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::EACH.iter().find(|(name, _)| *name == text).map(|(_, what)| *what);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::EACH.iter().map(|(name, _)| *name).collect();
            format!("there is no check {text:?}; there are {}", names.join(", "))
        })
    }
}

/// The state of a check; the number is the exit code of a plugin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    /// Well.
    Ok = 0,
    /// Somebody should look.
    Warning = 1,
    /// Nobody can say.
    Unknown = 3,
    /// Members notice, or soon will. Sorts above UNKNOWN: in a sum of checks it says more.
    Critical = 2,
}

impl State {
    /// As plugins write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// How bad it is: OK, WARNING, UNKNOWN, CRITICAL.
    const fn rank(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Unknown => 2,
            Self::Critical => 3,
        }
    }
}

/// Where the administrator draws the lines; unset: our own.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Limits {
    /// `--warning`
    pub warning: Option<f64>,
    /// `--critical`
    pub critical: Option<f64>,
}

/// What a check found.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// How it is.
    pub state: State,
    /// A sentence.
    pub text: String,
    /// The figures.
    pub perf: Vec<Perf>,
}

impl Verdict {
    pub(crate) fn new(state: State, text: impl Into<String>, perf: Vec<Perf>) -> Self {
        Self { state, text: text.into(), perf }
    }

    /// Nobody can say, and why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::new(State::Unknown, why, vec![])
    }

    /// The one line of a plugin: `POSTHASTE OLDEST OK - text | 'label'=value…`.
    pub fn line(&self, what: &str) -> String {
        // A bar would begin the figures, a line break end the answer.
        let text: String =
            self.text.chars().map(|c| if c == '|' || c.is_control() { ' ' } else { c }).collect();
        let figures: Vec<_> = self.perf.iter().map(ToString::to_string).collect();
        let bar = if figures.is_empty() { "" } else { " | " };
        format!("POSTHASTE {} {} - {text}{bar}{}", what.to_uppercase(), self.state.name(), figures.join(" "))
    }
}

/// Checks these vitals at `now`.
pub fn check(what: What, vitals: &Vitals, now: Timestamp, limits: Limits) -> Verdict {
    let age = now.since(vitals.at).max(vitals.at.since(now));
    if age > STALE {
        let age = age.as_secs();
        return Verdict::unknown(format!(
            "the server's figures are {age} s away from now: its watch does not turn"
        ));
    }
    if vitals.stages.is_empty() || vitals.dependencies.is_empty() {
        return Verdict::unknown("the server's figures are not complete: it is of another version");
    }
    match what {
        What::Runners => parts::runners(vitals, limits),
        What::Queues => parts::queues(vitals, limits),
        What::Oldest => parts::oldest(vitals, limits),
        What::Drain => parts::drain(vitals, limits),
        What::Canary => parts::canary(vitals, limits),
        What::Database => parts::dependency(vitals, "database", limits),
        What::Relay => parts::dependency(vitals, "relay", limits),
        What::Disk => parts::disk(vitals, limits),
        What::Ledger => parts::ledger(vitals, limits),
        What::All => all(vitals, now),
    }
}

/// Every check that makes sense here; limits are each one's own.
fn all(vitals: &Vitals, now: Timestamp) -> Verdict {
    let mut perf = Vec::new();
    let mut state = State::Ok;
    let (mut bad, mut good) = (Vec::new(), Vec::new());
    for (name, what) in What::EACH {
        // A site without a canary chose so; asked for by name, it is a doubt.
        if what == What::All || (what == What::Canary && !vitals.canary.enabled) {
            continue;
        }
        let verdict = check(what, vitals, now, Limits::default());
        perf.extend(verdict.perf);
        if verdict.state == State::Ok {
            good.push(name);
        } else {
            bad.push((verdict.state.rank(), format!("{name} {}: {}", verdict.state.name(), verdict.text)));
        }
        if verdict.state.rank() > state.rank() {
            state = verdict.state;
        }
    }
    bad.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    let text = if bad.is_empty() {
        format!("{} are well", good.join(", "))
    } else {
        bad.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("; ")
    };
    Verdict::new(state, text, perf)
}

#[cfg(test)]
mod tests;
