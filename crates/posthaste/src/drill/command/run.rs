//! One fault after the other: strike, look, heal, count.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::fault::Kind;
use super::judge::{Measured, Row};
use super::load::Load;
use super::stand::{Engine, Stand};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(150);
/// So long things may take by themselves before time is turned.
const BY_ITSELF: Duration = Duration::from_millis(1_500);
/// How far time is turned between two looks: while something is measured …
const SLOWLY: Option<Duration> = Some(Duration::from_secs(1));
/// … and while the last copies wait for their turn, minutes away.
const FAST: Option<Duration> = Some(Duration::from_secs(15));
/// Longest wait for anything, in the world's time.
const PATIENCE: Duration = Duration::from_secs(40);

/// Drills these faults on one scratch instance.
pub(super) async fn all(engine: Engine, kinds: &[Kind], hold: Duration) -> Result<Vec<Row>> {
    let mut rows = vec![];
    if kinds.is_empty() {
        return Ok(rows);
    }
    let mut stand = Stand::start(engine)
        .await
        .with_context(|| format!("cannot set up a scratch instance on {}", engine.name()))?;
    for kind in kinds {
        tracing::info!(fault = kind.name(), database = engine.name(), "drill");
        let measured = one(&mut stand, *kind, hold)
            .await
            .with_context(|| format!("the drill {} on {} could not be ended", kind.name(), engine.name()))?;
        rows.push(Row::new(kind.name(), engine.name(), &kind.promise(), &measured));
    }
    Ok(rows)
}

async fn one(stand: &mut Stand, kind: Kind, hold: Duration) -> Result<Measured> {
    let mails = stand.alert_mails().len();
    let load = Load::start(stand.server.source(), kind.name());
    let mut measured = Measured::default();
    // Something must have gone through before, or nothing is learned.
    let first = format!("<0@{}.example>", kind.name());
    let members = stand.members.len();
    stand.sink.wait_until("the first post of the drill", PATIENCE, |t| t.reached(&first) == members).await?;
    wait(stand, None, Duration::ZERO, async |stand| Ok(stand.vitals().await?.is_some_and(|now| calm(&now))))
        .await?;
    let before = stand.vitals().await?.context("the scratch server does not answer")?;

    let struck = stand.now();
    kind.strike(stand).await?;
    let turns = SLOWLY.filter(|_| kind.takes_minutes());
    if kind.promise().detect.is_some() {
        measured.detected = wait(stand, turns, struck, async |stand| {
            Ok(stand.vitals().await?.is_some_and(|now| kind.seen(&now, &before)))
        })
        .await?;
    }
    let rest = hold.saturating_sub(stand.now().saturating_sub(struck));
    tokio::time::sleep(rest).await;
    measured.told = told(stand, mails);

    kind.heal(stand).await?;
    let healed = stand.now();
    let count = stand.sink.read(posthaste_testkit::sink::Tally::distinct);
    measured.resumed =
        wait(stand, turns, healed, async |stand| Ok(stand.sink.read(|tally| tally.distinct() > count)))
            .await?;

    // Some more, so that what comes after is counted too.
    let more = load.accepted() + 3;
    wait(stand, turns, healed, async |_| Ok(load.accepted() >= more)).await?;
    let book = load.finish().await;
    let now = stand.now();
    wait(stand, FAST.filter(|_| kind.takes_minutes()), now, async |stand| {
        Ok(stand.missing(&book.accepted) == 0)
    })
    .await?;
    measured.accepted = book.accepted.len();
    measured.lost = stand.missing(&book.accepted);
    measured.duplicated = stand.twice(&book.accepted);
    measured.blamed = book.blamed;
    Ok(measured)
}

/// Waits until `enough`, turning time if that is wanted; how long it took since `since`, or `None` if it never was.
async fn wait(
    stand: &mut Stand,
    turns: Option<Duration>,
    since: Duration,
    enough: impl AsyncFn(&Stand) -> Result<bool>,
) -> Result<Option<Duration>> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if enough(stand).await? {
            return Ok(Some(stand.now().saturating_sub(since)));
        }
        tokio::time::sleep(LOOK).await;
        if let Some(turn) = turns.filter(|_| began.elapsed() > BY_ITSELF) {
            stand.turn(turn).await?;
        }
    }
    Ok(None)
}

/// Nothing is left of the fault before.
fn calm(now: &posthaste_watch::Vitals) -> bool {
    now.disk.trouble.is_none() && now.dependencies.iter().all(|d| d.up)
}

/// What was told to people since there were `before` mails.
fn told(stand: &Stand, before: usize) -> Vec<String> {
    stand.alert_mails().into_iter().skip(before).map(|(to, subject)| format!("{to}: {subject}")).collect()
}
