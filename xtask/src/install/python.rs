//! What the tests of the REST interface run in Python, in the versions of their list.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::step::run;
use crate::workspace::root;

/// The list, and where a copy of it says what is there.
const WANTED: &str = "requirements.txt";

/// True if Python can make a virtual environment with pip in it; Debian keeps that in a package of its own.
pub(super) fn has_venv() -> bool {
    Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Puts it into a virtual environment in `target/tools/python`, unless it is there.
pub(super) fn fetch() -> Result<()> {
    let wanted = root().join("crates/posthaste/tests/mailmanclient").join(WANTED);
    let folder = root().join("target/tools/python");
    let text = std::fs::read(&wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    let there = folder.join(WANTED);
    if std::fs::read(&there).is_ok_and(|there| there == text) {
        return Ok(());
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"];
    run(Command::new(folder.join("bin/python3")).args(pip).arg(&wanted))?;
    std::fs::write(&there, text).with_context(|| format!("cannot write {}", there.display()))
}
