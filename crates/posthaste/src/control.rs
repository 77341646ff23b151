//! The socket between a running server and the command line: one JSON request a connection, one JSON answer.
//!
//! `STATE/control.sock`, mode 0600: who may use it may also write the state folder.

mod alerts;
mod hands;
mod memberships;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use posthaste_model::{EntryId, Stage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::alerts::AlertRequest;
pub(crate) use self::hands::HandRequest;
pub(crate) use self::memberships::MembershipRequest;

/// What the command line can ask of a running server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Request {
    /// How are you?
    Status,
    /// Everything you know of yourself: [`posthaste_watch::Vitals`].
    Vitals,
    /// The ledger: [`posthaste_watch::LedgerReport`].
    Ledger {
        /// Check it now, do not tell of the last check.
        check: bool,
    },
    /// Lists or domains changed: read them again.
    Refresh,
    /// Moderators decided something: carry it out.
    Decided,
    /// Send digests of what was collected, due or not.
    SendDigests {
        /// Of this list, by name; of all if there is none.
        list: Option<posthaste_model::ListName>,
    },
    /// Read the configuration again, as SIGHUP does.
    Reload,
    /// How is the canary?
    Canary,
    /// A link into the operations pages.
    Invite {
        /// For whom.
        name: String,
    },
    /// Plant a fault, in a drill.
    Fault {
        /// Which.
        fault: crate::drill::Fault,
    },
    /// Something about alerts.
    Alerts {
        /// What.
        ask: AlertRequest,
    },
    /// The value of every key of the configuration in force.
    Settings,
    /// Something about memberships, where mails go with it.
    Memberships {
        /// What.
        ask: MembershipRequest,
    },
    /// Something that writes to people.
    Hands {
        /// What.
        ask: HandRequest,
    },
    /// Make an entry due now, or take it back from quarantine.
    Retry {
        /// Which.
        id: EntryId,
    },
    /// Drop an entry.
    Remove {
        /// Which.
        id: EntryId,
    },
    /// Let a stage rest.
    Pause {
        /// Which.
        stage: Stage,
    },
    /// Let it go on.
    Resume {
        /// Which.
        stage: Stage,
    },
    /// Let a list rest at every stage.
    PauseList {
        /// Its name or list-id.
        list: String,
    },
    /// Let it go on.
    ResumeList {
        /// Its name or list-id.
        list: String,
    },
    /// Let recipients in a domain rest.
    PauseDestination {
        /// The domain.
        domain: String,
    },
    /// Let them go on.
    ResumeDestination {
        /// The domain.
        domain: String,
    },
    /// Make many entries due now, or take them back from quarantine.
    RetryMany {
        /// Which.
        which: Which,
    },
    /// Drop many entries.
    RemoveMany {
        /// Which.
        which: Which,
    },
    /// Set an entry aside in quarantine.
    SetAside {
        /// Which.
        id: EntryId,
        /// What for.
        why: String,
    },
}

/// Entries that have all this in common.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Which {
    /// They wait for this stage.
    pub(crate) stage: Option<Stage>,
    /// They belong to this list, by name or list-id.
    pub(crate) list: Option<String>,
    /// They wait for recipients in this domain.
    #[serde(default)]
    pub(crate) destination: Option<String>,
    /// They are in quarantine.
    pub(crate) quarantined: bool,
}

/// The answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Response {
    /// It was done; with what there is to tell.
    Done(Value),
    /// It could not be done; a sentence for people.
    Failed(String),
}

/// Where the socket of the server with this state folder is.
pub(crate) fn socket(state: &Path) -> PathBuf {
    state.join("control.sock")
}

/// Where a running server writes its process id; a clean stop takes it away.
pub(crate) fn pid_file(state: &Path) -> PathBuf {
    state.join("posthaste.pid")
}

/// Who sits at this shell.
pub(crate) fn user() -> String {
    let from = |name: &str| std::env::var(name).ok().filter(|user| !user.is_empty());
    from("SUDO_USER").or_else(|| from("USER")).unwrap_or_else(|| "somebody".to_owned())
}

/// Asks the server of this state folder; `None` if none is running.
pub(crate) fn ask(state: &Path, request: &Request) -> std::io::Result<Option<Response>> {
    let stream = match std::os::unix::net::UnixStream::connect(socket(state)) {
        Ok(stream) => stream,
        Err(e)
            if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let mut asked = serde_json::to_value(request)?;
    if let Some(fields) = asked.as_object_mut() {
        fields.insert("by".to_owned(), user().into());
    }
    let mut line = serde_json::to_vec(&asked)?;
    line.push(b'\n');
    (&stream).write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer)?;
    Ok(Some(serde_json::from_str(&answer)?))
}
