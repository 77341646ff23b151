//! What the command line asks of the alerts of a running server.

use posthaste_watch::alerts::Window;
use serde::{Deserialize, Serialize};

/// A question, or something to be done.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "alerts", rename_all = "snake_case")]
pub(crate) enum AlertRequest {
    /// What is open?
    Overview,
    /// Somebody takes an incident.
    Ack {
        /// Which.
        id: u32,
        /// Who.
        by: String,
        /// What they say.
        note: String,
    },
    /// Try the ways to a contact, or to everybody.
    Test {
        /// Whom.
        contact: Option<String>,
    },
    /// Was the page needed?
    Judge {
        /// Which incident.
        id: u32,
        /// It was.
        needed: bool,
        /// Who says so.
        by: String,
    },
    /// Withhold the canary from the alerts.
    FireDrill {
        /// Who says so.
        by: String,
    },
    /// Open a maintenance window.
    OpenWindow {
        /// Its times are wall times.
        window: Window,
    },
    /// End it.
    CloseWindow {
        /// Who says so.
        by: String,
    },
    /// Write to the owners of all lists.
    Announce {
        /// The subject.
        subject: String,
        /// The text.
        text: String,
    },
}
