//! The source and the sink against each other.

use std::time::{Duration, Instant};

use posthaste_testkit::message::message;
use posthaste_testkit::sink::{Latency, Point, What, When};
use posthaste_testkit::source::{Job, Protocol};
use posthaste_testkit::{Sink, Source};

const SOON: Duration = Duration::from_secs(10);

fn job(number: usize, recipients: usize) -> Job {
    let id = format!("<{number}@source.example>");
    let to = (0..recipients).map(|number| format!("m{number}@rcpt.example")).collect();
    let text = message(&id, "a@source.example", "list@example.org", "hello", 2_000);
    Job::new(&id, "a@source.example", to, &text)
}

fn source(sink: &Sink) -> Source {
    Source::new(Protocol::Smtp, sink.addr())
}

#[tokio::test]
async fn every_pair_is_counted_once() {
    let sink = Sink::start().await.unwrap();
    for source in [source(&sink).connections(4), source(&sink).connections(4).chained()] {
        sink.forget();
        let report = source.run(200, |number| job(number, 7)).await.unwrap();
        let tally = sink.tally();
        assert_eq!((report.accepted(), report.refusals().len()), (1_400, 0));
        assert_eq!((tally.distinct(), tally.duplicates(), tally.transactions()), (1_400, 0, 200));
        assert_eq!(tally.bytes(), 200 * 2_000);
        assert_eq!(tally.times("<17@source.example>", "M3@rcpt.example"), 1);
        assert_eq!(tally.sender("<17@source.example>", "m3@rcpt.example"), Some("a@source.example"));
    }
    assert_eq!((sink.connections(), sink.most_connections()), (8, 4));
}

#[tokio::test]
async fn a_kept_message_is_the_one_that_was_sent() {
    let sink = Sink::keeping().await.unwrap();
    let text = b"Message-ID: <dots@x>\r\n\r\n.\r\n..two\r\nlast line without an end";
    source(&sink).send(Job::new("<dots@x>", "", vec!["a@b.example".into()], text)).await.unwrap();
    let tally = sink.tally();
    let caught = tally.caught().first().unwrap();
    assert_eq!(caught.from, "");
    assert_eq!(caught.recipients, ["a@b.example"]);
    assert_eq!(caught.message, [&text[..], b"\r\n"].concat());
}

#[tokio::test]
async fn refusals_strike_where_they_were_planted() {
    let sink = Sink::start().await.unwrap();
    sink.refuse("m1@rcpt.example", "550 5.1.1 no such member");
    let outcome = source(&sink).send(job(1, 3)).await.unwrap();
    assert_eq!((outcome.accepted, outcome.refusals), (2, vec!["550 5.1.1 no such member".to_owned()]));
    assert_eq!(
        sink.tally().missing("<1@source.example>", ["m0@rcpt.example", "m1@rcpt.example"]),
        ["m1@rcpt.example"]
    );

    sink.calm();
    sink.trouble(Point::Dot, When::First(1), What::Reply("451 4.3.0 later".into()));
    let report = source(&sink).run(2, |number| job(number + 10, 1)).await.unwrap();
    assert_eq!((report.accepted(), report.refusals()), (1, vec!["451 4.3.0 later"]));
    assert_eq!(sink.tally().reached("<10@source.example>"), 0);
}

#[tokio::test]
async fn a_connection_is_lost_before_or_after_the_message_counts() {
    for (point, counted) in [(Point::Greeting, 0), (Point::Body, 0), (Point::Dot, 0), (Point::Counted, 1)] {
        let sink = Sink::start().await.unwrap();
        sink.trouble(point.clone(), When::Nth(1), What::Drop);
        assert!(source(&sink).send(job(1, 1)).await.is_err(), "{point:?}");
        assert_eq!(sink.tally().distinct(), counted, "{point:?}");
        source(&sink).send(job(1, 1)).await.unwrap();
        assert_eq!((sink.tally().distinct(), sink.tally().duplicates()), (1, counted), "{point:?}");
    }
}

#[tokio::test]
async fn a_stopped_sink_refuses_and_comes_back_on_its_port() {
    let sink = Sink::start().await.unwrap();
    sink.stop();
    assert!(source(&sink).send(job(1, 1)).await.is_err());
    sink.resume().await.unwrap();
    source(&sink).send(job(2, 2)).await.unwrap();
    sink.wait_for(2, SOON).await.unwrap();
    let error = sink.wait_for(3, Duration::from_millis(20)).await.unwrap_err().to_string();
    assert!(error.contains("3 deliveries") && error.contains("2 came"), "{error}");
}

#[tokio::test]
async fn a_hanging_sink_tries_the_patience() {
    let sink = Sink::start().await.unwrap();
    sink.trouble(Point::Data, When::Always, What::Hang);
    let impatient = Source { patience: Duration::from_millis(50), ..source(&sink) };
    let error = format!("{:#}", impatient.send(job(1, 1)).await.unwrap_err());
    assert!(error.contains("said nothing"), "{error}");
}

#[tokio::test]
async fn latency_is_paid_for_each_reply_or_for_each_round_trip() {
    let sink = Sink::start().await.unwrap();
    let time = Duration::from_millis(10);
    sink.set_latency(Latency::EachReply(time));
    let began = Instant::now();
    source(&sink).send(job(1, 10)).await.unwrap();
    // Greeting, EHLO, MAIL, ten RCPT, DATA, the dot.
    assert!(began.elapsed() >= time * 15, "{:?}", began.elapsed());

    sink.set_latency(Latency::RoundTrip(time));
    let began = Instant::now();
    let outcome = source(&sink).send(job(2, 10)).await.unwrap();
    assert!(began.elapsed() >= time * 4, "{:?}", began.elapsed());
    assert!(outcome.ended - outcome.began < time * 10, "pipelined replies come together");
}
