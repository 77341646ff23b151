use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use posthaste_smtp::Reply;
use posthaste_smtp::client::{Attempt, Pool, SendError, Timeouts};

use super::*;
use crate::clock::{Manual, Real};
use crate::peer::never;

#[tokio::test]
async fn delivers_and_uses_the_connection_again() {
    let peer = Peer::new(&[&[HELLO, DELIVERY, DELIVERY].concat(), "close"]).await;
    let pool = pool(&peer);
    for _ in 0..2 {
        let result = send(&pool, &["a"]).await;
        assert_eq!(result.unwrap(), vec![Attempt::Delivered(Reply::new(250, (2, 0, 0), "queued"))]);
    }
    assert_eq!(peer.accepted(), 1);
    let state = pool.state();
    assert!(state.up && state.connections == 1 && state.last_error.is_none(), "{state:?}");
    peer.check(1).await;
}

#[tokio::test]
async fn one_flight_follows_the_other_within_send_each() {
    let verp = |n: usize| {
        let mut batch = batch(&["a"]);
        batch.reverse_path = ReversePath::parse(&format!("dev-bounces+{n}@lists.example")).unwrap();
        batch
    };
    let ask = |n: usize| format!("C: MAIL FROM:<dev-bounces+{n}@lists.example>\nC: RCPT TO:<a@x>\nC: DATA\n");
    let mut script = format!("{HELLO}{}", ask(0));
    for n in 0..50 {
        script += "S: 250 Ok\nS: 250 Ok\nS: 354 go\nC: Subject: hi\nC:\nC: ..x\nC: .\n";
        // The relay hears the next group before it says what became of this message.
        if n < 49 {
            script += &ask(n + 1);
        }
        script += "S: 250 Ok\n";
    }
    let peer = Peer::new(&[&script, "close"]).await;
    let pool = pool(&peer);
    let results = patient(pool.send_each((0..50).map(verp).collect(), &never())).await;
    assert_eq!(results.len(), 50);
    assert!(results.iter().all(delivered));
    assert_eq!(peer.accepted(), 1);
    peer.check(1).await;
}

#[tokio::test]
async fn never_more_connections_than_allowed() {
    let peer = Peer::new(&[&format!("{HELLO}{}", DELIVERY.repeat(40))]).await;
    let mut relay = relay(&peer);
    relay.max_connections = 3;
    let pool = Pool::new(relay, Arc::new(Real::default()));
    let all = (0..30).map(|_| send(&pool, &["a"]));
    let results = futures_util::future::join_all(all).await;
    assert!(results.iter().all(delivered));
    assert!(peer.accepted() <= 3, "{}", peer.accepted());
    assert_eq!(pool.state().connections, peer.accepted());
}

#[tokio::test]
async fn connections_are_added_while_all_are_busy() {
    let peer = Peer::new(&[&format!("{HELLO}{}", DELIVERY.repeat(60))]).await;
    let pool = Pool::new(patient_relay(&peer), Arc::new(Real::default()));
    assert_eq!(pool.state().width, 4, "few at first");
    let results = futures_util::future::join_all((0..60).map(|_| send(&pool, &["a"]))).await;
    assert!(results.iter().all(delivered));
    assert!(peer.accepted() > 4 && peer.accepted() <= 20, "{}", peer.accepted());
}

#[tokio::test]
async fn a_relay_that_asks_for_patience_is_given_less() {
    let ask = "C: MAIL FROM:<dev-bounces@lists.example>\nC: RCPT TO:<a@x>\nC: DATA\n";
    for said in ["S: 451 4.3.2 busy\nS: 503 x\nS: 503 x\n", "S: 250 Ok\nS: 452 4.3.1 full\nS: 503 x\n"] {
        let peer = Peer::new(&[&[HELLO, ask, said].concat()]).await;
        let pool = pool(&peer);
        assert_eq!(pool.state().width, 4);
        assert!(!delivered(&send(&pool, &["a"]).await));
        assert_eq!(pool.state().width, 2, "{said}");
    }
}

#[tokio::test]
async fn a_connection_is_left_after_its_share_of_messages() {
    let peer = Peer::new(&[&[HELLO, DELIVERY, DELIVERY].concat()]).await;
    let mut relay = relay(&peer);
    relay.max_messages = 2;
    let pool = Pool::new(relay, Arc::new(Real::default()));
    let results = patient(pool.send_each(vec![batch(&["a"]); 5], &never())).await;
    assert!(results.iter().all(delivered));
    assert_eq!(peer.accepted(), 3);
    peer.check(2).await;
    assert_eq!(peer.quits.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_idle_connection_that_died_costs_nothing() {
    for end in ["close", "S: 421 4.4.2 timeout\nclose"] {
        let peer = Peer::new(&[&[HELLO, DELIVERY, end].concat(), &[HELLO, DELIVERY].concat()]).await;
        let pool = pool(&peer);
        assert!(delivered(&send(&pool, &["a"]).await));
        peer.check(1).await;
        assert!(delivered(&send(&pool, &["a"]).await));
        assert_eq!(peer.accepted(), 2);
        assert!(pool.state().up);
    }
}

#[tokio::test]
async fn idle_connections_are_closed_with_quit() {
    let peer = Peer::new(&[&[HELLO, DELIVERY].concat()]).await;
    let clock = Manual::new();
    let pool = Pool::new(relay(&peer), Arc::clone(&clock) as Arc<dyn Clock>);
    let shutdown = never();
    let tending = tokio::spawn({
        let (pool, shutdown) = (Arc::clone(&pool), shutdown.clone());
        async move { pool.tend(&shutdown).await }
    });
    assert!(delivered(&send(&pool, &["a"]).await));
    assert_eq!(pool.state().connections, 1);
    let start = clock.monotonic();
    for step in 1..=4 {
        until("the tender sleeps", || clock.due_within(Duration::from_secs(8)).len() == 1).await;
        assert_eq!(peer.quits.load(Ordering::SeqCst), 0, "step {step}");
        clock.set(start + Duration::from_secs(8) * step);
    }
    until("the connection is closed", || pool.state().connections == 0).await;
    assert_eq!(peer.quits.load(Ordering::SeqCst), 1);
    assert!(delivered(&send(&pool, &["a"]).await));
    shutdown.cancel();
    patient(tending).await.unwrap();
    assert_eq!(peer.quits.load(Ordering::SeqCst), 2);
    assert_eq!(pool.state().connections, 0);
}

/// Lost anywhere before the final dot: the batch goes over another connection, and nobody is told.
#[tokio::test]
async fn lost_before_the_final_dot_is_made_good() {
    let steps: Vec<&str> = DELIVERY.lines().collect();
    for end in 0..=5 {
        let first = format!("{HELLO}{}\nclose", steps[..end].join("\n"));
        let peer = Peer::new(&[&first, &[HELLO, DELIVERY].concat()]).await;
        assert!(delivered(&send(&pool(&peer), &["a"]).await), "{end}");
        assert_eq!(peer.accepted(), 2, "{end}");
    }
}

#[tokio::test]
async fn lost_in_the_middle_of_a_message_is_made_good() {
    let steps: Vec<&str> = DELIVERY.lines().collect();
    let first = format!("{HELLO}{}\nclose", steps[..8].join("\n"));
    let second = format!("{HELLO}{}\nmessage\nS: 250 Ok", steps[..6].join("\n"));
    let peer = Peer::new(&[&first, &second]).await;
    let mut batch = batch(&["a"]);
    batch.message.push(("x".repeat(70) + "\r\n").repeat(400_000).into());
    assert!(delivered(&patient(pool(&peer).send(batch, &never())).await));
    assert_eq!(peer.accepted(), 2);
}

#[tokio::test]
async fn lost_after_the_final_dot_is_unknown() {
    let first = format!("{HELLO}{}close", DELIVERY.replace("S: 250 2.0.0 queued\n", ""));
    let peer = Peer::new(&[&first]).await;
    let pool = pool(&peer);
    match send(&pool, &["a"]).await {
        Err(SendError::Unknown { why, decided }) => {
            assert_eq!(decided, vec![None]);
            assert!(why.contains("closed"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn the_batches_after_an_unknown_one_go_over_another_connection() {
    let ask: String = DELIVERY.split_inclusive('\n').take(3).collect();
    let first = format!("{HELLO}{DELIVERY}").replace("S: 250 2.0.0 queued\n", "") + &ask + "close";
    let peer = Peer::new(&[&first, &[HELLO, DELIVERY].concat()]).await;
    let pool = pool(&peer);
    let results = patient(pool.send_each(vec![batch(&["a"]); 2], &never())).await;
    assert!(matches!(results[0], Err(SendError::Unknown { .. })), "{results:?}");
    assert!(delivered(&results[1]), "{results:?}");
}

#[tokio::test]
async fn closing_is_not_the_batch_s_fault_until_it_repeats() {
    let steps: Vec<&str> = DELIVERY.lines().collect();
    // In the place of the reply to MAIL, RCPT, DATA and the message.
    for end in [3, 4, 5, 10] {
        let closing = format!("{HELLO}{}\nS: 421 4.3.2 shutting down\nclose", steps[..end].join("\n"));
        let peer = Peer::new(&[&closing, &[HELLO, DELIVERY].concat()]).await;
        assert!(delivered(&send(&pool(&peer), &["a"]).await), "{end}");
        assert_eq!(peer.accepted(), 2);

        let peer = Peer::new(&[&closing]).await;
        match send(&pool(&peer), &["a"]).await {
            Err(SendError::Refused { reply, decided }) => {
                assert_eq!((reply.code, decided), (421, vec![None]), "{end}");
            }
            other => panic!("{end}: {other:?}"),
        }
        assert_eq!(peer.accepted(), 3, "{end}");
    }
}

/// While others get through, a batch whose connections always die is at fault itself (P14).
#[tokio::test]
async fn a_batch_that_kills_connections_is_given_back() {
    let once = DELIVERY.replace("C: RCPT TO:<a@x>", "unless poison");
    let peer = Peer::choosing(move |_| format!("{HELLO}{}", once.repeat(1000)), None).await;
    let clock = Manual::new();
    let pool = Pool::new(patient_relay(&peer), Arc::clone(&clock) as Arc<dyn Clock>);
    let _ahead = clock.run_ahead();
    let poison = send(&pool, &["poison"]);
    let others = async {
        loop {
            assert!(delivered(&send(&pool, &["a"]).await));
            tokio::task::yield_now().await;
        }
    };
    let result = tokio::select! {
        result = poison => result,
        () = others => unreachable!(),
    };
    assert!(matches!(&result, Err(SendError::Refused { reply, .. }) if reply.code == 451), "{result:?}");
}

#[tokio::test]
async fn a_refusal_blames_nobody() {
    let script = format!(
        "{HELLO}{}",
        DELIVERY
            .replace("C: RCPT TO:<a@x>", "C: RCPT TO:<a@x>\nC: RCPT TO:<b@x>")
            .replace("S: 250 2.1.5 Ok", "S: 250 2.1.5 Ok\nS: 550 5.1.1 unknown")
            .replace("S: 250 2.0.0 queued", "S: 554 5.6.0 spam")
    );
    let peer = Peer::new(&[&script]).await;
    match send(&pool(&peer), &["a", "b"]).await {
        Err(SendError::Refused { reply, decided }) => {
            assert_eq!(reply, Reply::new(554, (5, 6, 0), "spam"));
            assert_eq!(decided, vec![None, Some(Attempt::Failed(Reply::new(550, (5, 1, 1), "unknown")))]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn cancelled_before_the_message_nothing_is_sent() {
    let peer =
        Peer::new(&[&format!("{HELLO}{}\nwait", DELIVERY.lines().take(3).collect::<Vec<_>>().join("\n"))])
            .await;
    let pool = pool(&peer);
    let cancel = never();
    let sending = tokio::spawn({
        let (pool, cancel) = (Arc::clone(&pool), cancel.clone());
        async move { pool.send(batch(&["a"]), &cancel).await }
    });
    until("connected", || pool.state().connections == 1).await;
    cancel.cancel();
    let result = patient(sending).await.unwrap();
    assert!(matches!(result, Err(SendError::Cancelled { .. })), "{result:?}");
    assert_eq!(pool.state().connections, 0);
}

/// Two batches, the relay has heard the first whole and the commands of the second; then the caller gives up.
async fn cancelled_under_way(verdict: &str, drain: Duration) -> Vec<Result<Vec<Attempt>, SendError>> {
    let ask: String = DELIVERY.split_inclusive('\n').take(3).collect();
    let script =
        [HELLO, DELIVERY].concat().replace("S: 250 2.0.0 queued\n", &format!("{ask}hold\n{verdict}wait"));
    let peer = Peer::new(&[&script]).await;
    let mut relay = relay(&peer);
    relay.timeouts.drain = drain;
    let pool = Pool::new(relay, Arc::new(Real::default()));
    let cancel = never();
    let sending = tokio::spawn({
        let (pool, cancel) = (Arc::clone(&pool), cancel.clone());
        async move { pool.send_each(vec![batch(&["a"]); 2], &cancel).await }
    });
    until("all is heard", || peer.heard() >= 11).await;
    cancel.cancel();
    // The pool hears of it before the verdict comes.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    peer.release.notify_one();
    let results = patient(sending).await.unwrap();
    assert_eq!(pool.state().connections, 0);
    results
}

#[tokio::test]
async fn cancelled_under_way_a_message_is_brought_to_its_end_and_the_next_not_begun() {
    let results = cancelled_under_way("S: 250 2.0.0 queued\nS: 250 Ok\n", Duration::from_secs(20)).await;
    assert!(delivered(&results[0]), "{results:?}");
    assert!(matches!(results[1], Err(SendError::Cancelled { .. })), "{results:?}");
}

#[tokio::test]
async fn cancelled_under_way_a_verdict_that_does_not_come_is_unknown() {
    // Half a reply is none.
    let results = cancelled_under_way("half 250 2.0.0\n", Duration::from_millis(50)).await;
    assert!(matches!(results[0], Err(SendError::Unknown { .. })), "{results:?}");
    assert!(matches!(results[1], Err(SendError::Cancelled { .. })), "{results:?}");
}

#[tokio::test]
async fn every_wait_has_a_deadline() {
    let tiny = Duration::from_millis(30);
    let timeouts = Timeouts { greeting: tiny, reply: tiny, message: tiny, ..Timeouts::default() };
    let mut steps: Vec<&str> = HELLO.lines().collect();
    steps.extend(DELIVERY.lines());
    // Silence in the place of the greeting, and of the replies to EHLO, MAIL, RCPT, DATA.
    for end in [0, 2, 8, 9, 10] {
        let silent = format!("{}\nwait", steps[..end].join("\n"));
        let peer = Peer::new(&[&silent, &[HELLO, DELIVERY].concat()]).await;
        let mut relay = relay(&peer);
        relay.timeouts = timeouts.clone();
        let pool = Pool::new(relay, Arc::new(Real::default()));
        assert!(delivered(&send(&pool, &["a"]).await), "{end}");
        assert_eq!(peer.accepted(), 2, "{end}");
    }
    // And of the verdict; half a reply is none.
    let silent = format!("{}\nhalf 250 O\nwait", steps[..steps.len() - 1].join("\n"));
    let peer = Peer::new(&[&silent]).await;
    let mut relay = relay(&peer);
    relay.timeouts = timeouts;
    let result = send(&Pool::new(relay, Arc::new(Real::default())), &["a"]).await;
    assert!(matches!(&result, Err(SendError::Unknown { why, .. }) if why.contains("0.03 s")), "{result:?}");
}

/// The relay stops reading while its replies find no room: RFC 2920 §3.1.
#[tokio::test]
async fn a_flood_of_replies_and_recipients_does_not_lock_up() {
    let names: Vec<String> = (0..8_000).map(|n| format!("member-{n}-{}", "x".repeat(60))).collect();
    let long = "y".repeat(400);
    let mut script = HELLO.to_owned() + "C: MAIL FROM:<dev-bounces@lists.example>\nS: 250 Ok\n";
    for name in &names {
        writeln!(script, "C: RCPT TO:<{name}@x>\nS: 250 2.1.5 {long}").unwrap();
    }
    script += "C: DATA\nS: 354 go\nC: Subject: hi\nC:\nC: ..x\nC: .\nS: 250 2.0.0 queued\n";
    let peer = Peer::new(&[&script]).await;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let result = send(&pool(&peer), &names).await;
    assert!(delivered(&result));
    peer.check(1).await;
}

#[tokio::test]
async fn a_refusal_that_comes_with_a_broken_connection_is_heard() {
    let script = format!(
        "{HELLO}{}\nS: 552 5.3.4 too big\nclose",
        DELIVERY.lines().take(6).collect::<Vec<_>>().join("\n")
    );
    let peer = Peer::new(&[&script]).await;
    let mut batch = batch(&["a"]);
    batch.message.push(("x".repeat(70) + "\r\n").repeat(400_000).into());
    let result = patient(pool(&peer).send(batch, &never())).await;
    assert!(matches!(&result, Err(SendError::Refused { reply, .. }) if reply.code == 552), "{result:?}");
}

#[tokio::test]
async fn new_settings_hold_from_the_next_connection() {
    let old = Peer::new(&[&[HELLO, DELIVERY].concat()]).await;
    let new = Peer::new(&[&[HELLO, DELIVERY].concat()]).await;
    let pool = pool(&old);
    assert!(delivered(&send(&pool, &["a"]).await));
    pool.reconfigure(relay(&new));
    assert!(delivered(&send(&pool, &["a"]).await));
    assert_eq!((old.accepted(), new.accepted()), (1, 1));
}
