//! Chores of this repository: tests, gate, checks, benchmarks. `cargo xtask` lists them.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

mod bench;
mod deps;
mod gate;
mod install;
mod licences;
mod rfc;
mod step;
mod tests;
mod units;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Usage: cargo xtask COMMAND

  test [ARGS…]   install what the tests need (Debian, as root; elsewhere say what is missing), then run every
                 test; ARGS go to the test runner (a name, for example)
  ci             the whole gate: fmt, deps, licences, rfc, clippy, docs, units, test
  deps           does any room import what the picture in ARCHITECTURE.md forbids?
  licences       has every crate we build with a licence from the list?
  units          do the systemd units shut the server in as well as they did? (systemd-analyze security)
  rfc [--check]  write docs/develop/rfc.md (or check that it is current)
  bench [ARGS…]  build for release and measure; ARGS are scenarios and flags of the benchmark (--help lists them)
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<()> {
    let Some((command, rest)) = words.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    match (command.as_str(), rest) {
        ("test", rest) => tests::run(rest),
        ("bench", rest) => bench::run(rest),
        ("ci", []) => gate::run(),
        ("deps", []) => deps::run(),
        ("licences", []) => licences::run(),
        ("units", []) => units::run(),
        ("rfc", []) => rfc::write(),
        ("rfc", [flag]) if flag == "--check" => rfc::check(),
        ("help" | "--help" | "-h", _) => {
            print!("{HELP}");
            Ok(())
        }
        ("ci" | "deps" | "licences" | "units" | "rfc", [word, ..]) => {
            bail!("`cargo xtask {command}` does not know `{word}`")
        }
        _ => bail!("no command `{command}`\n\n{HELP}"),
    }
}
