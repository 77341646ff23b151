//! What became of every post, kept after its entry is gone: one line of JSON for each finished entry, in one file a day.
//!
//! `posthaste trace` reads it. It is written beside the spool, without fsync: it answers questions, it holds no mail.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use posthaste_model::{Clock, EntryId, Envelope, ListId, Timestamp};
use posthaste_spool::{Entry, Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::delivery::{Outcome, Recipients, decode_plan};

/// How long the files are kept.
const KEEP: Duration = Duration::from_hours(30 * 24);

/// The life of one entry, for people.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trace {
    /// The entry.
    pub id: EntryId,
    /// The Message-ID, if it is known.
    pub message_id: String,
    /// The list.
    pub list: ListId,
    /// What SMTP said.
    pub envelope: Envelope,
    /// The states it went through.
    pub events: Vec<TraceEvent>,
}

/// One state.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TraceEvent {
    /// Since when.
    pub at: Timestamp,
    /// Which: `planned`, `sent`, `held` …
    pub kind: String,
    /// What there is to say about it.
    pub detail: Value,
    /// For `sent`: what became of whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<TraceGroup>,
}

/// Recipients that met the same fate with the same reply.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TraceGroup {
    /// `delivered`, `deferred`, `failed` …
    pub fate: crate::delivery::Fate,
    /// What the relay said.
    pub reply: String,
    /// Who.
    pub addresses: Vec<String>,
}

impl TraceEvent {
    /// A state with something to say about it.
    pub fn new(at: Timestamp, kind: Kind, detail: Value) -> Self {
        Self { at, kind: kind.name().to_owned(), detail, recipients: vec![] }
    }

    /// A `sent` record.
    pub fn sent(at: Timestamp, outcomes: &[Outcome], recipients: &Recipients) -> Self {
        let address = |i| recipients.address(i).map(str::to_owned);
        let groups = outcomes.iter().map(|outcome| TraceGroup {
            fate: outcome.fate,
            reply: outcome.reply.clone(),
            addresses: outcome.indices().filter_map(address).collect(),
        });
        Self { at, kind: Kind::Sent.name().to_owned(), detail: Value::Null, recipients: groups.collect() }
    }
}

impl Trace {
    /// The life so far of an entry that is still in the spool.
    pub fn of(entry: &Entry) -> Self {
        let mut trace = Self {
            id: entry.id,
            message_id: crate::message_id_of(&entry.message),
            list: entry.list.clone(),
            envelope: entry.envelope.clone(),
            events: vec![],
        };
        let mut recipients = Recipients::default();
        for event in &entry.events {
            let told = match event.kind {
                Kind::Planned => match decode_plan(&event.data) {
                    Ok(planned) => {
                        recipients = planned.recipients;
                        let detail = serde_json::json!({ "recipients": recipients.len(), "subject": planned.plan.subject });
                        TraceEvent::new(event.at, event.kind, detail)
                    }
                    Err(error) => TraceEvent::new(event.at, event.kind, Value::String(error.to_string())),
                },
                Kind::Sent => {
                    let outcomes: Vec<Outcome> = serde_json::from_slice(&event.data).unwrap_or_default();
                    TraceEvent::sent(event.at, &outcomes, &recipients)
                }
                kind => {
                    TraceEvent::new(event.at, kind, serde_json::from_slice(&event.data).unwrap_or_default())
                }
            };
            trace.events.push(told);
        }
        trace
    }
}

/// The files.
pub struct History {
    folder: PathBuf,
    open: Mutex<Option<(String, std::fs::File)>>,
}

impl History {
    /// The history kept in `folder`, which is made if it is missing; drops what is older than thirty days.
    pub fn open(folder: &Path, clock: &dyn Clock) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let oldest = day(clock.now().minus(KEEP));
        for file in std::fs::read_dir(folder)?.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.strip_suffix(".jsonl").is_some_and(|d| d < oldest.as_str()) {
                let _ = std::fs::remove_file(file.path());
            }
        }
        Ok(Self { folder: folder.to_owned(), open: Mutex::new(None) })
    }

    /// Adds a finished life. Failing to is logged, never fatal.
    pub fn add(&self, trace: &Trace, now: Timestamp) {
        if let Err(error) = self.write(trace, &day(now)) {
            tracing::warn!(%error, folder = %self.folder.display(), "cannot write the history; trace will not know this post");
        }
    }

    /// Every finished life told here whose Message-ID or entry id is `wanted`, see [`find_finished()`].
    pub fn find(&self, wanted: &str) -> std::io::Result<Vec<Trace>> {
        find_finished(&self.folder, wanted)
    }

    /// True if the life of this entry, begun no earlier than `from`, is told here: it is over.
    pub fn has_finished(&self, id: EntryId, from: Timestamp) -> std::io::Result<bool> {
        let first = day(from);
        for file in std::fs::read_dir(&self.folder)?.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.strip_suffix(".jsonl").is_none_or(|day| day < first.as_str()) {
                continue;
            }
            for line in std::io::BufReader::new(std::fs::File::open(file.path())?).split(b'\n') {
                if serde_json::from_slice::<Trace>(&line?).is_ok_and(|trace| trace.id == id) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn write(&self, trace: &Trace, today: &str) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(trace)?;
        line.push(b'\n');
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_none_or(|(day, _)| day != today) {
            let path = self.folder.join(format!("{today}.jsonl"));
            *open = Some((today.to_owned(), std::fs::File::options().create(true).append(true).open(path)?));
        }
        match open.as_mut() {
            Some((_, file)) => file.write_all(&line),
            None => Ok(()),
        }
    }
}

/// Every finished life in `folder` whose Message-ID or entry id is `wanted` (angle brackets may be left off), oldest
/// first; each entry once.
pub fn find_finished(folder: &Path, wanted: &str) -> std::io::Result<Vec<Trace>> {
    let mut files: Vec<_> = match std::fs::read_dir(folder) {
        Ok(files) => files.flatten().map(|f| f.path()).collect(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(e),
    };
    files.sort();
    let wanted = wanted.trim_start_matches('<').trim_end_matches('>');
    let mut found: Vec<Trace> = vec![];
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "jsonl")) {
        for line in std::io::BufReader::new(std::fs::File::open(path)?).lines() {
            let line = line?;
            if !line.contains(wanted) {
                continue;
            }
            // A line cut short by a crash is skipped: the entry it told of was not done and tells its story itself.
            let Ok(trace) = serde_json::from_str::<Trace>(&line) else { continue };
            if trace.is(wanted) {
                found.retain(|t| t.id != trace.id);
                found.push(trace);
            }
        }
    }
    Ok(found)
}

impl Trace {
    /// True if `wanted` is its Message-ID (without angle brackets) or its entry's id.
    pub fn is(&self, wanted: &str) -> bool {
        self.message_id.trim_start_matches('<').trim_end_matches('>') == wanted
            || self.id.to_string() == wanted
    }
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
