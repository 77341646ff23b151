//! What the tests of the whole program share: one list, its members' posts, and the exact count at the end.

use std::time::Duration;

use anyhow::{Result, ensure};
use posthaste_testkit::message::message;
use posthaste_testkit::sink::Tally;
use posthaste_testkit::source::Job;
use posthaste_testkit::{ServerOptions, Sink};

/// The list everybody posts to.
pub(crate) const LIST: &str = "test@example.org";
/// The member who posts; the first that `list_with_members` makes.
pub(crate) const AUTHOR: &str = "m0@rcpt.example";
/// How long anything may take. Generous: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The program with `sink` as its relay.
pub(crate) fn options(sink: &Sink) -> ServerOptions {
    ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr())
}

/// A post of the author to the list under this Message-ID.
pub(crate) fn post(id: &str) -> Job {
    Job::new(id, AUTHOR, vec![LIST.to_owned()], &message(id, AUTHOR, LIST, "hello", 600))
}

/// The Message-ID of the n-th post of a series.
pub(crate) fn id(series: &str, number: usize) -> String {
    format!("<{number}@{series}.example>")
}

/// Every post of these reached every member, and how often more than once.
pub(crate) fn extra_copies<S: AsRef<str>>(tally: &Tally, ids: &[S], members: &[String]) -> Result<u64> {
    let mut extra = 0;
    for id in ids {
        for member in members {
            let times = u64::from(tally.times(id.as_ref(), member));
            ensure!(times > 0, "{} never reached {member}", id.as_ref());
            extra += times - 1;
        }
    }
    Ok(extra)
}
