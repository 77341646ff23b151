//! What the tests of the pages load into the browser, in the versions of their lock file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::run;
use crate::workspace::root;

/// The lock file, and where it is kept.
const WANTED: [&str; 2] = ["package.json", "package-lock.json"];

/// Puts it into `target/tools/browser`, unless it is there.
pub(super) fn fetch() -> Result<()> {
    let (from, to) = (root().join("crates/web/tests/browser"), root().join("target/tools/browser"));
    if to.join("node_modules/axe-core").exists() && WANTED.iter().all(|file| same(&from, &to, file)) {
        return Ok(());
    }
    std::fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    run(Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-fund", "--no-audit"])
        .current_dir(copied(&from, &to)?))
}

fn same(from: &Path, to: &Path, file: &str) -> bool {
    let read = |folder: &Path| std::fs::read(folder.join(file)).ok();
    read(from).is_some_and(|wanted| read(to) == Some(wanted))
}

fn copied(from: &Path, to: &Path) -> Result<PathBuf> {
    for file in WANTED {
        std::fs::copy(from.join(file), to.join(file))
            .with_context(|| format!("cannot copy {file} to {}", to.display()))?;
    }
    Ok(to.to_owned())
}
