//! The client against scripted relays on real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod breaker;
mod clock;
mod connect;
mod haste;
mod peer;
mod pool;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use posthaste_model::{Clock, ForwardPath, ReversePath};
use posthaste_smtp::client::{Attempt, Batch, Pool, Relay, SendError, Timeouts};
use tokio_util::sync::CancellationToken;

use crate::peer::Peer;

/// How long any test may wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A relay's first words up to the end of EHLO.
const HELLO: &str = "S: 220 relay ready
C: EHLO lists.example
S: 250-relay
S: 250-PIPELINING
S: 250 ENHANCEDSTATUSCODES
";

/// One whole transaction for `a@x`.
const DELIVERY: &str = "C: MAIL FROM:<dev-bounces@lists.example>
C: RCPT TO:<a@x>
C: DATA
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 go
C: Subject: hi
C:
C: ..x
C: .
S: 250 2.0.0 queued
";

fn relay(peer: &Peer) -> Relay {
    Relay::new(peer.address.ip().to_string(), peer.address.port(), "lists.example")
}

/// With timeouts that no test with a manual clock reaches.
fn patient_relay(peer: &Peer) -> Relay {
    let long = Duration::from_secs(100_000);
    let timeouts =
        Timeouts { connect: long, greeting: long, reply: long, message: long, idle: long, drain: long };
    Relay { timeouts, max_connections: 20, ..relay(peer) }
}

fn pool(peer: &Peer) -> Arc<Pool> {
    Pool::new(relay(peer), Arc::new(clock::Real::default()) as Arc<dyn Clock>)
}

fn batch(recipients: &[&str]) -> Batch {
    Batch {
        reverse_path: ReversePath::parse("dev-bounces@lists.example").unwrap(),
        verp: false,
        recipients: recipients.iter().map(|r| ForwardPath::parse(&format!("{r}@x")).unwrap()).collect(),
        message: vec![Bytes::from_static(b"Subject: hi\r\n\r\n"), Bytes::from_static(b".x\r\n")],
    }
}

async fn send(pool: &Pool, recipients: &[&str]) -> Result<Vec<Attempt>, SendError> {
    patient(pool.send(batch(recipients), &CancellationToken::new())).await
}

async fn patient<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("took too long")
}

/// Waits for something that will become true, looking often.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn delivered(result: &Result<Vec<Attempt>, SendError>) -> bool {
    matches!(result, Ok(attempts) if attempts.iter().all(|a| matches!(a, Attempt::Delivered(_))))
}
