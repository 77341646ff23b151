//! A real Exim in front, with an outside client and the counting sink in the list server's place.

use std::net::SocketAddr;
use std::process::Output;
use std::time::Duration;

use posthaste_testkit::{Exim, Sink};

const SOON: Duration = Duration::from_secs(30);

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
async fn swaks(server: SocketAddr, to: &str, id: &str) -> Output {
    posthaste_testkit::swaks::send(server, "anne@author.example", to, id).await.unwrap()
}

#[tokio::test]
async fn the_front_speaks_lmtp_and_keeps_the_suffix() {
    let sink = Sink::start().await.unwrap();
    let exim = Exim::front(sink.addr(), &["example.org"]).await.unwrap();
    let to = ["test@example.org", "test-bounces+anne=author.example@example.org", "test-request@example.org"];
    let sent = swaks(exim.addr(), &to.join(","), "<1@swaks.example>").await;
    assert!(sent.status.success(), "{sent:?}");
    sink.wait_for(3, SOON).await.unwrap();
    assert_eq!(sink.tally().missing("<1@swaks.example>", to), [""; 0]);
}

#[tokio::test]
async fn what_the_list_server_refuses_is_refused_at_once() {
    let sink = Sink::start().await.unwrap();
    sink.refuse("nolist@example.org", "550 5.1.1 no such list");
    let exim = Exim::front(sink.addr(), &["example.org"]).await.unwrap();
    for to in ["nolist@example.org", "someone@elsewhere.example"] {
        assert!(!swaks(exim.addr(), to, "<2@swaks.example>").await.status.success(), "{to}");
    }
}
