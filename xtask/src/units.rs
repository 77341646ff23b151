//! `cargo xtask units`: the systemd units that we ship shut the server in as well as they did.

use std::process::Command;

use anyhow::Result;

use crate::step::{run as run_command, step};
use crate::workspace;

/// The exposure that `systemd-analyze security` may find, in tenths: a bare unit has 92.
const THRESHOLD: u32 = 15;

pub(crate) fn run() -> Result<()> {
    step("units", || {
        let unit = workspace::root().join("packaging/systemd/posthaste.service");
        run_command(
            Command::new("systemd-analyze")
                .args(["security", "--offline=true", "--no-pager", "--quiet"])
                .arg(format!("--threshold={THRESHOLD}"))
                .arg(unit)
                .stdout(std::process::Stdio::null()),
        )
    })
}
