//! Asking a server that may be frozen.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use posthaste_watch::Vitals;

use crate::control::{Request, Response, ask};

/// What came of it.
pub(super) enum Told {
    /// Its vitals.
    Vitals(Box<Vitals>),
    /// No server runs.
    NotRunning,
    /// It gave no answer that can be used, and why.
    Silent(String),
}

/// The server's vitals, or why there are none, within `timeout` whatever the server does.
pub(super) fn vitals(state: &Path, timeout: Duration) -> Told {
    let (send, answer) = mpsc::channel();
    let folder = state.to_owned();
    // Connecting and reading may hang; the thread ends with the process.
    std::thread::spawn(move || send.send(ask(&folder, &Request::Vitals)));
    let Ok(answer) = answer.recv_timeout(timeout) else {
        return Told::Silent(format!("no answer within {} s", timeout.as_secs_f32()));
    };
    match answer {
        Ok(None) => Told::NotRunning,
        Ok(Some(Response::Done(value))) => match serde_json::from_value(value) {
            Ok(vitals) => Told::Vitals(Box::new(vitals)),
            Err(error) => {
                Told::Silent(format!("its answer cannot be read, it may be of another version: {error}"))
            }
        },
        Ok(Some(Response::Failed(why))) => Told::Silent(why),
        Err(error) => Told::Silent(error.to_string()),
    }
}
