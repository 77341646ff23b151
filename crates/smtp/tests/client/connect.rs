use posthaste_smtp::client::Login;

use super::*;
use crate::clock::Real;
use crate::peer::never;

fn with_login(peer: &Peer) -> Arc<Pool> {
    let login = Some(Login { user: "list".into(), password: "open sesame".into() });
    Pool::new(Relay { login, ..relay(peer) }, Arc::new(Real::default()))
}

/// Sends until the pool says why it does not get through.
async fn trouble(pool: &Arc<Pool>) -> String {
    let cancel = never();
    let sending = tokio::spawn({
        let (pool, cancel) = (Arc::clone(pool), cancel.clone());
        async move { pool.send(batch(&["a"]), &cancel).await }
    });
    until("trouble", || pool.state().last_error.is_some()).await;
    cancel.cancel();
    let result = patient(sending).await.unwrap();
    assert!(matches!(result, Err(SendError::Cancelled { .. })), "{result:?}");
    pool.state().last_error.unwrap()
}

#[tokio::test]
async fn helo_for_a_relay_that_knows_no_ehlo() {
    let mut script =
        "S: 220-relay\nS: 220 ready\nC: EHLO lists.example\nS: 502 what?\nC: HELO lists.example\nS: 250 hi\n"
            .to_owned();
    script += "C: MAIL FROM:<dev-bounces@lists.example>\nS: 250 Ok\nC: RCPT TO:<a@x>\nS: 250 Ok\nC: DATA\nS: 354 go\n";
    script += "C: Subject: hi\nC:\nC: ..x\nC: .\nS: 250 Ok\n";
    let peer = Peer::new(&[&script]).await;
    assert!(delivered(&send(&pool(&peer), &["a"]).await));
    peer.check(1).await;
}

#[tokio::test]
async fn logs_in_by_plain_or_login() {
    let hello = |mechanisms: &str| {
        HELLO.replace("S: 250-PIPELINING", &format!("S: 250-PIPELINING\nS: 250-AUTH {mechanisms}"))
    };
    let plain = "C: AUTH PLAIN AGxpc3QAb3BlbiBzZXNhbWU=\nS: 235 2.7.0 welcome\n";
    let login = "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: bGlzdA==\nS: 334 UGFzc3dvcmQ6\nC: b3BlbiBzZXNhbWU=\nS: 235 welcome\n";
    for (mechanisms, dialogue) in [("PLAIN LOGIN", plain), ("CRAM-MD5 LOGIN PLAIN", plain), ("LOGIN", login)]
    {
        let peer = Peer::new(&[&[&hello(mechanisms), dialogue, DELIVERY].concat()]).await;
        assert!(delivered(&send(&with_login(&peer), &["a"]).await), "{mechanisms}");
        peer.check(1).await;
    }
    let refused = plain.replace("235 2.7.0 welcome", "535 5.7.8 wrong");
    let peer = Peer::new(&[&[&hello("PLAIN"), refused.as_str()].concat()]).await;
    let why = trouble(&with_login(&peer)).await;
    assert!(why.contains("\"list\"") && why.contains("535 5.7.8 wrong") && !why.contains("sesame"), "{why}");
    let peer = Peer::new(&[HELLO]).await;
    let why = trouble(&with_login(&peer)).await;
    assert!(why.contains("offers neither"), "{why}");
}

#[tokio::test]
async fn trouble_is_said_plainly() {
    for (script, expected) in [
        ("S: 554 5.7.1 not you\nclose", "does not take mail from us now: 554 5.7.1 not you"),
        ("S: SSH-2.0-OpenSSH_9.2\nclose", "no SMTP reply: \"SSH-2.0-OpenSSH_9.2\""),
        ("close", "the relay closed the connection"),
        ("S: 220 x\nC: EHLO lists.example\nS: 451 later\nclose", "refused our EHLO lists.example: 451 later"),
    ] {
        let peer = Peer::new(&[script]).await;
        let why = trouble(&pool(&peer)).await;
        assert!(why.contains(expected), "{why}");
    }
    let nowhere = Relay::new("relay.invalid", 25, "lists.example");
    let why = trouble(&Pool::new(nowhere, Arc::new(Real::default()))).await;
    assert!(why.contains("cannot find the address of the relay \"relay.invalid\""), "{why}");
}

/// The first address of a name may be dead: `localhost` is often `::1` first.
#[tokio::test]
async fn all_addresses_of_a_name_are_tried() {
    let peer = Peer::new(&[&[HELLO, DELIVERY].concat()]).await;
    let named = Relay { host: "localhost".into(), ..relay(&peer) };
    let pool = Pool::new(named, Arc::new(Real::default()));
    assert!(delivered(&send(&pool, &["a"]).await));
}

/// With DNS servers of our own, these are asked: a server on this machine that answers one A question.
#[tokio::test]
async fn asks_the_given_dns_servers() {
    let peer = Peer::new(&[&[HELLO, DELIVERY].concat()]).await;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    let dns = tokio::spawn(async move {
        let mut space = [0; 512];
        loop {
            let (count, client) = socket.recv_from(&mut space).await.unwrap();
            let answer = answer(&space[..count]);
            socket.send_to(&answer, client).await.unwrap();
        }
    });
    let named = Relay { host: "relay.test".into(), dns_servers: vec![server], ..relay(&peer) };
    assert!(delivered(&send(&Pool::new(named, Arc::new(Real::default())), &["a"]).await));
    dns.abort();
}

/// 127.0.0.1 to A, nothing to everything else (RFC 1035 §4.1).
fn answer(question: &[u8]) -> Vec<u8> {
    let name_end = 12 + question[12..].iter().position(|octet| *octet == 0).unwrap();
    let end = name_end + 5;
    let is_a = question[name_end + 1..name_end + 3] == [0, 1];
    let mut answer = question[..2].to_vec();
    answer.extend_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
    answer.extend_from_slice(&question[12..end]);
    if is_a {
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    answer
}
