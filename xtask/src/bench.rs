//! `cargo xtask bench`: the release build, measured.

use anyhow::Result;

use crate::step::{cargo, run as run_command, step};
use crate::workspace;

pub(crate) fn run(words: &[String]) -> Result<()> {
    step("build for release", || {
        run_command(&mut cargo(&[
            "build",
            "--locked",
            "--release",
            "--quiet",
            "--package",
            "posthaste",
            "--package",
            "posthaste-testkit",
            "--bins",
        ]))
    })?;
    let folder = workspace::metadata()?.target_directory.join("release");
    let mut command = std::process::Command::new(folder.join("posthaste-bench"));
    run_command(command.arg("--server").arg(folder.join("posthaste")).args(words))
}
