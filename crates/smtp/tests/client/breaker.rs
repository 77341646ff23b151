//! P15: a relay that is down is probed by one connection at a time, never faster than once a second and never
//! slower than every thirty, and all who wait go as soon as it is back.

use std::sync::atomic::{AtomicBool, Ordering};

use posthaste_smtp::client::Attempt;
use tokio::task::JoinSet;

use super::*;
use crate::clock::Manual;
use crate::peer::never;

const SECOND: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(31);
const WAITERS: usize = 20;

struct Outage {
    clock: Arc<Manual>,
    peer: Peer,
    pool: Arc<Pool>,
    back: Arc<AtomicBool>,
    sending: JoinSet<Result<Vec<Attempt>, SendError>>,
}

/// A relay that plays `broken` until it is told to come back, and many who want to send.
async fn outage(broken: &'static str) -> Outage {
    let back: Arc<AtomicBool> = Arc::default();
    let works = Arc::clone(&back);
    let choose = move |_| {
        if works.load(Ordering::SeqCst) {
            format!("{HELLO}{}", DELIVERY.repeat(100))
        } else {
            broken.to_owned()
        }
    };
    let peer = Peer::choosing(choose, None).await;
    let clock = Manual::new();
    let pool = Pool::new(patient_relay(&peer), Arc::clone(&clock) as Arc<dyn Clock>);
    let mut sending = JoinSet::new();
    for _ in 0..WAITERS {
        let pool = Arc::clone(&pool);
        sending.spawn(async move { pool.send(batch(&["a"]), &never()).await });
    }
    until("broken", || !pool.state().up).await;
    Outage { clock, peer, pool, back, sending }
}

impl Outage {
    /// Waits until nothing is under way but one who waits for the next probe; says when that will be.
    async fn next_probe(&self) -> Duration {
        until("one waits for the next probe, all others for that one", || {
            self.clock.sleepers() == 1 && self.clock.due_within(WINDOW).len() == 1
        })
        .await;
        self.clock.due_within(WINDOW)[0]
    }

    /// Goes through `probes` probes that fail; says how long before each of them nobody connected.
    async fn pauses(&self, probes: usize) -> Vec<Duration> {
        let mut pauses = Vec::new();
        for _ in 0..probes {
            let due = self.next_probe().await;
            let before = self.peer.accepted();
            pauses.push(due.saturating_sub(self.clock.monotonic()));
            // Just before its time, nobody moves.
            self.clock.set(due.saturating_sub(Duration::from_millis(1)));
            tokio::task::yield_now().await;
            assert_eq!(self.peer.accepted(), before);
            self.clock.set(due);
            until("the probe", || self.peer.accepted() > before).await;
            self.next_probe().await;
            assert_eq!(self.peer.accepted(), before + 1, "one connection for a probe");
        }
        pauses
    }

    /// The relay is back: at the next probe all go, without the clock moving on.
    async fn recover(mut self) {
        assert!(!self.pool.state().up);
        assert!(self.pool.state().last_error.is_some());
        self.back.store(true, Ordering::SeqCst);
        let due = self.next_probe().await;
        assert!(due.saturating_sub(self.clock.monotonic()) <= Duration::from_secs(30));
        self.clock.set(due);
        while let Some(result) = patient(self.sending.join_next()).await {
            assert!(delivered(&result.unwrap()));
        }
        assert_eq!(self.clock.monotonic(), due);
        let state = self.pool.state();
        assert!(state.up && state.last_error.is_none(), "{state:?}");
    }
}

fn check_pauses(pauses: &[Duration]) {
    for (pause, base) in pauses.iter().zip([1, 2, 4, 8, 16, 30, 30, 30]) {
        let base = SECOND * base;
        assert!(*pause >= base.mul_f64(0.8).max(SECOND), "{pauses:?}");
        assert!(*pause <= base.mul_f64(1.2).min(SECOND * 30), "{pauses:?}");
    }
}

/// It takes the connection and closes it at once.
#[tokio::test]
async fn p15_one_probe_at_a_time_at_a_growing_distance() {
    let outage = outage("close").await;
    check_pauses(&outage.pauses(8).await);
    outage.recover().await;
}

#[tokio::test]
async fn p15_refused_logins_and_greetings_are_an_outage_too() {
    for broken in [
        "S: 421 too busy\nclose",
        "S: 554 go away\nclose",
        "S: 220 x\nC: EHLO lists.example\nS: 550 no\nC: HELO lists.example\nS: 550 no",
    ] {
        let outage = outage(broken).await;
        check_pauses(&outage.pauses(3).await);
        outage.recover().await;
    }
}

/// It takes connections, and drops them in the middle of each transaction: connecting proves nothing then.
#[tokio::test]
async fn p15_a_relay_that_drops_every_transaction_is_not_stormed() {
    let outage = outage(
        "S: 220 x\nC: EHLO lists.example\nS: 250-x\nS: 250 PIPELINING
         C: MAIL FROM:<dev-bounces@lists.example>\nS: 250 Ok\nclose",
    )
    .await;
    outage.pauses(1).await;
    let pauses = outage.pauses(6).await;
    assert!(pauses.iter().all(|pause| *pause >= SECOND && *pause <= SECOND * 30), "{pauses:?}");
    assert!(pauses[5] >= SECOND * 15, "{pauses:?}");
    outage.recover().await;
}

/// An outage costs no attempt: whatever its length, each batch is sent once, and none has failed.
#[tokio::test]
async fn p15_a_long_outage_costs_nothing() {
    let outage = outage("close").await;
    outage.pauses(120).await;
    assert!(outage.clock.monotonic() > Duration::from_secs(1000 + 3000));
    outage.recover().await;
}

/// Nothing listens at all.
#[tokio::test]
async fn p15_a_refused_connection_is_waited_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let clock = Manual::new();
    let relay = Relay::new("127.0.0.1", address.port(), "lists.example");
    let pool = Pool::new(relay, Arc::clone(&clock) as Arc<dyn Clock>);
    let cancel = never();
    let sending = tokio::spawn({
        let (pool, cancel) = (Arc::clone(&pool), cancel.clone());
        async move { pool.send(batch(&["a"]), &cancel).await }
    });
    for _ in 0..3 {
        until("a pause", || !clock.due_within(WINDOW).is_empty() && !pool.state().up).await;
        clock.set(clock.due_within(WINDOW)[0]);
    }
    let why = pool.state().last_error.unwrap();
    assert!(why.contains(&address.to_string()) && why.contains("refused"), "{why}");
    cancel.cancel();
    let result = patient(sending).await.unwrap();
    assert!(matches!(&result, Err(SendError::Cancelled { decided }) if *decided == [None]), "{result:?}");
}

/// New settings are tried at once, and a waiter uses them.
#[tokio::test]
async fn p15_a_corrected_relay_is_tried_without_waiting() {
    let mut outage = outage("close").await;
    outage.pauses(5).await;
    let good = Peer::new(&[&format!("{HELLO}{}", DELIVERY.repeat(100))]).await;
    let before = outage.clock.monotonic();
    outage.pool.reconfigure(patient_relay(&good));
    until("the next probe is near", || outage.pool.state().up || outage.clock.due_within(SECOND).len() == 1)
        .await;
    outage.clock.set(before + SECOND);
    while let Some(result) = patient(outage.sending.join_next()).await {
        assert!(delivered(&result.unwrap()));
    }
}
