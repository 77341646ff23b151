//! swaks: somebody else's idea of an SMTP client.

use std::net::SocketAddr;
use std::process::Output;

use anyhow::{Context, Result};
use tokio::process::Command;

/// Sends a short text from `from` to the addresses `to` (with commas between them) by SMTP; the exit code and what it
/// printed, refused or not.
pub async fn send(server: SocketAddr, from: &str, to: &str, message_id: &str) -> Result<Output> {
    Command::new("swaks")
        .args(["--server", &server.to_string(), "--from", from, "--to", to])
        .args(["--header", &format!("Message-ID: {message_id}"), "--body", "hello from swaks"])
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run swaks; `cargo xtask test` installs it")
}
