//! Posthaste, a mailing-list server: the program. It alone reads configuration, environment, clock and signals.

mod cli;
mod clock;
mod config;
mod control;
mod dev;
mod drill;
mod logging;
mod mailman;
mod mta;
mod outlets;
mod serve;
mod texts;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // One TLS provider everywhere; a second call would only say that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(words) = mailman::called(std::env::args_os()) {
        return mailman::run(words, None).into();
    }
    let cli = cli::Cli::try_parse().unwrap_or_else(|error| {
        let words: Vec<_> = std::env::args_os().collect();
        match cli::check::usage(&words, &error) {
            Some(exit) => std::process::exit(exit as i32),
            None => error.exit(),
        }
    });
    let json = cli.json;
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(error) => cli::output::fail(&error, json).into(),
    }
}
