//! A real Postfix in front, and a real Postfix behind, with outside clients and the counting sink.

use std::net::SocketAddr;
use std::process::Output;
use std::time::Duration;

use posthaste_testkit::{Postfix, Sink};

const SOON: Duration = Duration::from_secs(30);

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
async fn swaks(server: SocketAddr, to: &str, id: &str) -> Output {
    posthaste_testkit::swaks::send(server, "anne@author.example", to, id).await.unwrap()
}

#[tokio::test]
async fn the_smarthost_hands_everything_on() {
    let sink = Sink::keeping().await.unwrap();
    let postfix = Postfix::smarthost(sink.addr()).await.unwrap();
    let sent = swaks(postfix.addr(), "bart@member.example,cate@member.example", "<1@swaks.example>").await;
    assert!(sent.status.success(), "{sent:?}");
    sink.wait_for(2, SOON).await.unwrap();
    let tally = sink.tally();
    assert_eq!(tally.recipients("<1@swaks.example>"), ["bart@member.example", "cate@member.example"]);
    assert_eq!(tally.sender("<1@swaks.example>", "bart@member.example"), Some("anne@author.example"));
    assert!(tally.caught().iter().all(|caught| caught.text().contains("hello from swaks")));
}

#[tokio::test]
async fn the_front_speaks_lmtp_and_keeps_the_extension() {
    let sink = Sink::start().await.unwrap();
    let postfix = Postfix::front(sink.addr(), &["example.org"]).await.unwrap();
    let to = "test-bounces+anne=author.example@example.org";
    assert!(swaks(postfix.addr(), to, "<2@swaks.example>").await.status.success());
    sink.wait_for(1, SOON).await.unwrap();
    assert_eq!(sink.tally().recipients("<2@swaks.example>"), [to]);
    let refused = swaks(postfix.addr(), "someone@elsewhere.example", "<3@swaks.example>").await;
    assert!(!refused.status.success());
}

#[tokio::test]
async fn a_queue_outlives_a_kill() {
    let sink = Sink::start().await.unwrap();
    sink.stop();
    let mut postfix = Postfix::smarthost(sink.addr()).await.unwrap();
    assert!(swaks(postfix.addr(), "bart@member.example", "<4@swaks.example>").await.status.success());
    postfix.stop();
    assert_eq!(postfix.queued(), 1);
    sink.resume().await.unwrap();
    postfix.resume().await.unwrap();
    sink.wait_for(1, SOON).await.unwrap();
    assert_eq!(sink.tally().duplicates(), 0);
}
