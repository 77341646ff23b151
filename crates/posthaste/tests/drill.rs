//! The short drill: every fault, a few seconds each.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Runs `posthaste drill --quick` with these words; every promise must hold.
async fn drill(words: &[&str], faults: usize) -> Result<()> {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_posthaste"));
    command.args(["drill", "--quick", "--json"]).args(words).kill_on_drop(true);
    let ended = tokio::time::timeout(std::time::Duration::from_mins(5), command.output()).await;
    let output = ended.context("the drill did not end")??;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{told}{}", String::from_utf8_lossy(&output.stderr)))?;
    ensure!(output.status.success(), "a promise is broken: {told}");
    ensure!(rows.len() == faults, "{} faults were drilled instead of {faults}: {told}", rows.len());
    Ok(())
}

const OF_THE_DATABASE: [&str; 10] = [
    "--fault",
    "database-kill",
    "--fault",
    "database-stop",
    "--fault",
    "database-black-hole",
    "--fault",
    "database-read-only",
    "--fault",
    "database-flap",
];

#[tokio::test]
async fn p10_the_drill_of_the_database_holds_on_postgresql() -> Result<()> {
    drill(&[&["--database", "postgres"], OF_THE_DATABASE.as_slice()].concat(), 5).await
}

#[tokio::test]
async fn p10_the_drill_of_the_database_holds_on_mariadb() -> Result<()> {
    drill(&[&["--database", "mariadb"], OF_THE_DATABASE.as_slice()].concat(), 5).await
}

#[tokio::test]
async fn p15_p16_p19_the_drill_of_everything_else_holds() -> Result<()> {
    drill(&["--database", "sqlite"], 13).await
}

#[tokio::test]
async fn a_fault_that_there_is_not_is_named() -> Result<()> {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_posthaste"));
    let output = command.args(["drill", "--fault", "flood"]).output().await?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2) && told.contains("mta-drop"), "{told}");
    Ok(())
}
