use posthaste_smtp::client::{Haste, Pool, SendError, Timeouts};
use tokio::sync::watch;

use super::*;
use crate::clock::Real;
use crate::peer::never;

const TINY: Duration = Duration::from_millis(30);

/// The first words of a transaction, without an answer to them.
fn silent() -> String {
    format!("{HELLO}C: MAIL FROM:<dev-bounces@lists.example>\nC: RCPT TO:<a@x>\nC: DATA\nwait")
}

#[tokio::test]
async fn p12_a_relay_that_is_silent_before_the_message_is_left_when_others_wait() {
    let peer = Peer::new(&[&silent(), &[HELLO, DELIVERY].concat()]).await;
    let mut relay = patient_relay(&peer);
    relay.max_connections = 1;
    let pool = Pool::new(relay, Arc::new(Real::default()));
    let (others, patience) = watch::channel(None);
    let (haste, cancel) = (Haste::new(patience), never());
    let mut hanging = Box::pin(pool.send_in(&haste, batch(&["a"]), &cancel));
    // Nobody waits: the relay may take its time.
    let nobody = tokio::time::timeout(4 * TINY, &mut hanging).await;
    assert!(nobody.is_err(), "{nobody:?}");
    others.send_replace(Some(TINY));
    let left = patient(hanging).await;
    assert!(matches!(&left, Err(SendError::GaveWay { decided }) if *decided == [None]), "{left:?}");
    assert!(pool.state().up, "it says too little about the relay: {:?}", pool.state());
    assert!(delivered(&send(&pool, &["a"]).await), "the one connection is free for others");
    assert_eq!(peer.accepted(), 2);
}

#[tokio::test]
async fn p12_what_was_sent_is_waited_for_whoever_waits() {
    let steps: Vec<&str> = HELLO.lines().chain(DELIVERY.lines()).collect();
    let silent = format!("{}\nwait", steps[..steps.len() - 1].join("\n"));
    let peer = Peer::new(&[&silent]).await;
    let mut relay = relay(&peer);
    relay.timeouts = Timeouts { message: 8 * TINY, ..Timeouts::default() };
    let pool = Pool::new(relay, Arc::new(Real::default()));
    let (_others, patience) = watch::channel(Some(TINY));
    let haste = Haste::new(patience);
    let result = patient(pool.send_in(&haste, batch(&["a"]), &never())).await;
    assert!(matches!(&result, Err(SendError::Unknown { why, .. }) if why.contains("0.24 s")), "{result:?}");
}
