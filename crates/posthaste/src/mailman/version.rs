//! `mailman version`

use super::tell;
use crate::cli::output::Exit;

/// The release of Mailman whose interfaces these are, in the form programs look for.
pub(super) fn line() -> String {
    format!("GNU Mailman 3.3.10 (Posthaste {})", env!("CARGO_PKG_VERSION"))
}

pub(super) fn run() -> anyhow::Result<Exit> {
    tell(&line())?;
    Ok(Exit::Done)
}
