//! `cargo xtask test`: what the tests need, then all of them.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::install;
use crate::step::{cargo, run as run_command, step};

pub(crate) fn run(words: &[String]) -> Result<()> {
    install::run()?;
    // The examples in the documentation come first, so that the last lines on the screen are those of the suite.
    if words.is_empty() {
        step("doctests", || {
            run_command(&mut cargo(&["test", "--locked", "--workspace", "--doc", "--quiet"]))
        })?;
    }
    step("tests", || {
        let mut command = if has_nextest() {
            let mut command = cargo(&["nextest", "run", "--locked", "--workspace"]);
            if std::env::var_os("CI").is_some() {
                command.args(["--profile", "ci"]);
            }
            command
        } else {
            cargo(&["test", "--locked", "--workspace", "--lib", "--bins", "--tests"])
        };
        run_command(command.args(words))
    })
}

fn has_nextest() -> bool {
    Command::new("cargo-nextest")
        .args(["nextest", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
