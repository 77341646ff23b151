//! `cargo xtask ci`: all that must hold before a change lands. What is quick to fail comes first.

use std::time::Instant;

use anyhow::Result;

use crate::step::{cargo, run as run_command, step};
use crate::{deps, install, licences, rfc, tests, units};

pub(crate) fn run() -> Result<()> {
    let began = Instant::now();
    step("fmt", || run_command(&mut cargo(&["fmt", "--all", "--check"])))?;
    deps::run()?;
    licences::run()?;
    rfc::check()?;
    step("clippy", || {
        run_command(&mut cargo(&[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    step("docs", || {
        run_command(
            cargo(&["doc", "--locked", "--workspace", "--no-deps", "--document-private-items", "--quiet"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    })?;
    install::run()?;
    units::run()?;
    tests::run(&[])?;
    println!("The gate is passed, in {:.0} s.", began.elapsed().as_secs_f64());
    Ok(())
}
