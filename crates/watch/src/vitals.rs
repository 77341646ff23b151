//! Everything that is known about the server at one moment.

use std::collections::BTreeMap;

use posthaste_lists::Destination;
use posthaste_model::{HistogramValue, Stage, Timestamp};
use serde::{Deserialize, Serialize};

/// The server at one moment. Taken once a second; crosses the control socket as JSON.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Vitals {
    /// When it was taken, wall time.
    pub at: Timestamp,
    /// The name this host gives itself.
    pub hostname: String,
    /// Of the program.
    pub version: String,
    /// Since the start of the process.
    pub uptime_seconds: u64,
    /// Its number among the processes of this host.
    pub pid: u32,
    /// Where its configuration was read from.
    pub config_file: String,
    /// Why the last reload of the configuration was refused, if it was.
    pub config_error: Option<String>,
    /// How many lists there are, as far as is known.
    pub lists: usize,
    /// Since when that is so: the age of the directory; `None` if it was not read since the start.
    pub directory_age_seconds: Option<u64>,
    /// True once everything in the spool has been found after the start.
    pub scanned: bool,
    /// One for each stage, in the order of [`Stage::ALL`].
    pub stages: Vec<StageVitals>,
    /// Posts, and the people who wait for them, at the stages that deliver.
    pub waiting: Waiting,
    /// Connections to the relay, in use or idle.
    pub relay_connections: usize,
    /// Lists that an administrator lets rest.
    #[serde(default)]
    pub resting_lists: Vec<String>,
    /// Domains of recipients that an administrator lets rest.
    #[serde(default)]
    pub resting_destinations: Vec<String>,
    /// What was set aside.
    pub quarantine: QuarantineVitals,
    /// The disk under the spool.
    pub disk: DiskVitals,
    /// What we need of others: `database`, `relay`, `dns`.
    pub dependencies: Vec<Dependency>,
    /// The supervised tasks, by name.
    pub tasks: Vec<TaskVitals>,
    /// The post that goes round and round.
    pub canary: CanaryVitals,
    /// Whether every accepted post is accounted for.
    pub ledger: LedgerVitals,
    /// The ways to people, and to the outside, that alerts go by.
    #[serde(default)]
    pub ways: Vec<WayVitals>,
    /// Totals since the start of the process.
    pub counters: Counters,
    /// How long things took, since the start of the process.
    pub latency: Latency,
}

/// One stage.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StageVitals {
    /// Which.
    pub stage: Stage,
    /// Entries that wait for it, now or later, leased ones included.
    pub depth: usize,
    /// Entries due now and not leased.
    pub due: usize,
    /// Entries being worked on.
    pub leased: usize,
    /// True if an administrator lets it rest.
    pub paused: bool,
    /// Age of the oldest entry that is due or leased; `None` if there is none.
    pub oldest_due_seconds: Option<u64>,
    /// Entries that left it, a second, over the last minute.
    pub rate: f64,
    /// When it will be empty at the rate of the last minute; `None` if nothing waits or nothing moves.
    pub eta_seconds: Option<u64>,
}

/// What waits at the stages that deliver to members (`incoming` and `out`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Waiting {
    /// Entries.
    pub posts: usize,
    /// Lists they belong to.
    pub lists: usize,
    /// Recipients who wait for posts that are planned (unknown before planning, and not counted then).
    pub recipients: usize,
}

/// The quarantine.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct QuarantineVitals {
    /// Entries in it.
    pub count: usize,
    /// How long the oldest has been there.
    pub oldest_seconds: Option<u64>,
}

/// The disk under the spool.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct DiskVitals {
    /// Why mail is not accepted now, if it is not.
    pub trouble: Option<String>,
    /// Free octets for us.
    pub free_bytes: u64,
    /// Octets of the whole file system.
    pub total_bytes: u64,
    /// Below this much free, no mail is accepted (P16).
    pub reserve_bytes: u64,
    /// Free inodes.
    pub free_inodes: u64,
    /// All inodes; 0 if the file system has no such number.
    pub total_inodes: u64,
    /// When the reserve is reached if it goes on as in the last hour; `None` if it does not shrink.
    pub full_in_seconds: Option<u64>,
}

/// Something we need of others.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Dependency {
    /// `database`, `relay` or `dns`.
    pub name: String,
    /// Where it is, for people: `mysql at db1.example.org:3306`.
    pub address: String,
    /// True while it answers.
    pub up: bool,
    /// Since when it does or does not.
    pub since: Timestamp,
    /// What it or the network said last when it is down.
    pub error: Option<String>,
    /// Who looks after it, if that is configured.
    pub owner: Option<String>,
}

/// Supervised tasks of one name.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TaskVitals {
    /// `incoming`, `out` …
    pub name: String,
    /// How many there should be.
    pub wanted: usize,
    /// How many run now.
    pub running: usize,
    /// Deaths since the start of the process, each followed by a new start.
    pub restarts: u64,
    /// Of these, how many in the last five minutes.
    pub recent_restarts: usize,
    /// Hung tasks that were replaced since the start of the process.
    pub replaced: u64,
    /// How long the one that is longest without progress, though it has work, has been so.
    pub stuck_seconds: u64,
    /// How the last one died.
    pub last_error: Option<String>,
}

/// A way by which alerts reach somebody; several addresses of one contact are one way.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct WayVitals {
    /// Who; empty for the heartbeat.
    pub contact: String,
    /// How: `mail`, `webhook` or `heartbeat`.
    pub way: String,
    /// True if it does not get through.
    pub broken: bool,
    /// When something last got through; `None` if nothing ever did.
    pub proved: Option<Timestamp>,
}

/// The canary.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CanaryVitals {
    /// False if none is configured.
    pub enabled: bool,
    /// Seconds from one to the next.
    pub interval_seconds: u64,
    /// Sent since the start of the process.
    pub sent: u64,
    /// Come back since the start of the process.
    pub returned: u64,
    /// Given up since the start of the process.
    pub lost: u64,
    /// When the last one came back.
    pub last_returned: Option<Timestamp>,
    /// How long the last one that came back was under way.
    pub latency_ms: Option<u64>,
    /// How many, one after the other, have been away for more than 60 s; 0 as soon as one comes back.
    pub missing: u32,
    /// Age of the oldest that is still under way.
    pub oldest_seconds: Option<u64>,
    /// Why it cannot even be sent, if so.
    pub error: Option<String>,
}

/// The ledger's sum.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LedgerVitals {
    /// When it was last checked.
    pub checked: Option<Timestamp>,
    /// Posts that are not accounted for (positive) or counted twice (negative), over all lists; 0 when all is well.
    pub drift: i64,
    /// Checks in a row with a drift.
    pub drifting_checks: u32,
    /// All lists together.
    pub total: LedgerRow,
    /// What is wrong, a sentence each; the ids of entries stand in them.
    #[serde(default)]
    pub findings: Vec<String>,
}

/// One line of the ledger: `opening + accepted + born = delivered + held + rejected + discarded + removed + queued +
/// quarantined` (P8), counted from the start of the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Found in the spool at the start, quarantine included.
    pub opening: u64,
    /// Accepted through a door.
    pub accepted: u64,
    /// Made by ourselves: notices, reports.
    pub born: u64,
    /// Handed to the relay for everybody who was to get it, or given up with a notice.
    pub delivered: u64,
    /// Held for a moderator, in the database.
    pub held: u64,
    /// Rejected with a notice.
    pub rejected: u64,
    /// Discarded by a named rule.
    pub discarded: u64,
    /// Removed by an administrator, or used up (a command done, a bounce counted).
    pub removed: u64,
    /// In the spool now.
    pub queued: u64,
    /// In quarantine now.
    pub quarantined: u64,
}

impl LedgerRow {
    /// Its accounts by name.
    pub fn accounts(&self) -> [(&'static str, u64); 10] {
        [
            ("opening", self.opening),
            ("accepted", self.accepted),
            ("born", self.born),
            ("delivered", self.delivered),
            ("held", self.held),
            ("rejected", self.rejected),
            ("discarded", self.discarded),
            ("removed", self.removed),
            ("queued", self.queued),
            ("quarantined", self.quarantined),
        ]
    }

    /// Adds another list's.
    pub fn add(&mut self, other: &Self) {
        self.opening += other.opening;
        self.accepted += other.accepted;
        self.born += other.born;
        self.delivered += other.delivered;
        self.held += other.held;
        self.rejected += other.rejected;
        self.discarded += other.discarded;
        self.removed += other.removed;
        self.queued += other.queued;
        self.quarantined += other.quarantined;
    }

    /// What came in less what is known of: 0 when all is well.
    pub fn drift(&self) -> i64 {
        let came = self.opening + self.accepted + self.born;
        let known = self.delivered
            + self.held
            + self.rejected
            + self.discarded
            + self.removed
            + self.queued
            + self.quarantined;
        i64::try_from(came).unwrap_or(i64::MAX) - i64::try_from(known).unwrap_or(i64::MAX)
    }
}

/// Totals since the start of the process.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Entries accepted.
    pub accepted: u64,
    /// Mail that had been accepted before (P6).
    pub duplicates: u64,
    /// Posts whose last recipient was answered for.
    pub posts_done: u64,
    /// Of these, how many within 60 s of being accepted.
    pub posts_done_in_time: u64,
    /// Recipients the relay took.
    pub delivered: u64,
    /// Messages we could not take for our own trouble, and were to be sent again.
    pub turned_away: u64,
    /// Times it asked us to try a recipient again.
    pub deferred: u64,
    /// Recipients it refused for good.
    pub failed: u64,
    /// What the incoming runner came to: `planned`, `held`, `rejected`, `discarded`, `done`.
    pub judged: BTreeMap<String, u64>,
    /// The relay's answers by class: `2xx`, `4xx`, `5xx`, `none`.
    pub replies: BTreeMap<String, u64>,
    /// The busiest domains of recipients, and `other`.
    pub destinations: BTreeMap<String, Destination>,
}

/// How long things took.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Latency {
    /// From the last octet of a message to our answer.
    pub accept: HistogramValue,
    /// From our answer to the last recipient's.
    pub delivery: HistogramValue,
}

impl Vitals {
    /// The stage's figures.
    pub fn stage(&self, stage: Stage) -> Option<&StageVitals> {
        self.stages.iter().find(|s| s.stage == stage)
    }

    /// The dependency's figures.
    pub fn dependency(&self, name: &str) -> Option<&Dependency> {
        self.dependencies.iter().find(|d| d.name == name)
    }
}
