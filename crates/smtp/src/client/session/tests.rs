//! Transcripts: `C:` is what the machine writes before it has the next reply, `S:` what it is told, `!` that the
//! connection is lost. Commands on consecutive `C:` lines were written without waiting.

use std::fmt::Write as _;

use bytes::Bytes;
use posthaste_model::{ForwardPath, ReversePath};

use super::*;
use crate::client::batch::{Batch, SendError};
use crate::client::reply::ReplyParser;

type Outcome = Result<Vec<Attempt>, SendError>;

fn pipelining() -> Capabilities {
    Capabilities { pipelining: true, ..Capabilities::default() }
}

fn batch(recipients: &[&str]) -> Batch {
    Batch {
        reverse_path: ReversePath::parse("dev-bounces@lists.example").unwrap(),
        verp: false,
        recipients: recipients.iter().map(|r| ForwardPath::parse(&format!("{r}@x")).unwrap()).collect(),
        message: vec![Bytes::from_static(b"Subject: hi\r\n\r\n"), Bytes::from_static(b".x\r\n")],
    }
}

fn written(session: &mut Session<'_>) -> String {
    let mut text = Vec::new();
    while !session.out.is_empty() {
        let mut slices = [std::io::IoSlice::new(&[]); super::super::outgoing::SLICES];
        let used = session.out.slices(&mut slices);
        let count = slices[..used].iter().map(|slice| slice.len()).sum();
        slices[..used].iter().for_each(|slice| text.extend_from_slice(slice));
        session.out.advance(count);
    }
    String::from_utf8(text).unwrap()
}

/// Plays one connection; what it leaves undone stays open in the jobs.
fn play(peer: &Capabilities, jobs: &mut [Job], transcript: &str) -> Result<(), Trouble> {
    let mut session = Session::new(peer, jobs, usize::MAX, false);
    let mut parser = ReplyParser::default();
    let mut lines = transcript.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    while lines.peek().is_some() {
        let mut expected = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("C:")) {
            expected += line[2..].trim_start();
            expected += "\r\n";
        }
        assert_eq!(written(&mut session), expected, "in\n{transcript}");
        let Some(line) = lines.next() else { break };
        if line == "!" {
            session.lost("gone", true);
            return Ok(());
        }
        parser.feed(format!("{}\r\n", line.strip_prefix("S:").expect("S: or !").trim_start()).as_bytes());
        if let Some(reply) = parser.next().unwrap()
            && let Err(trouble) = session.reply(reply)
        {
            session.lost("gone", true);
            assert_eq!(lines.next(), None, "{trouble} in\n{transcript}");
            return Err(trouble);
        }
    }
    assert_eq!(written(&mut session), "", "in\n{transcript}");
    assert!(session.is_finished(), "in\n{transcript}");
    Ok(())
}

fn jobs(batches: &[&[&str]]) -> Vec<Job> {
    batches.iter().map(|recipients| Job::new(batch(recipients))).collect()
}

/// `D`elivered, `L`ater, `F`ailed, `-` undecided; then `R`efused, `U`nknown, or open (`…`).
fn summary(jobs: Vec<Job>) -> String {
    let letter = |attempt: &Attempt| match attempt {
        Attempt::Delivered(_) => 'D',
        Attempt::Deferred(_) => 'L',
        Attempt::Failed(_) => 'F',
    };
    let one = |outcome: Outcome| match outcome {
        Ok(attempts) => attempts.iter().map(letter).collect::<String>(),
        Err(error) => {
            let mut text: String = error.decided().iter().map(|a| a.as_ref().map_or('-', letter)).collect();
            match error {
                SendError::Refused { reply, .. } => write!(text, " R{}", reply.code).unwrap(),
                SendError::Unknown { .. } => text.push_str(" U"),
                SendError::NotOffered { .. } => text.push_str(" N"),
                SendError::GaveWay { .. } => text.push_str(" G"),
                SendError::Cancelled { .. } => text.push_str(" …"),
            }
            text
        }
    };
    jobs.into_iter().map(|job| one(job.finish())).collect::<Vec<_>>().join(", ")
}

const MAIL: &str = "C: MAIL FROM:<dev-bounces@lists.example>";
const MESSAGE: &str = "C: Subject: hi\nC:\nC: ..x\nC: .";

fn check(peer: &Capabilities, batches: &[&[&str]], transcript: &str, expected: &str) {
    let mut jobs = jobs(batches);
    let transcript = transcript.replace("MAIL", MAIL).replace("MESSAGE", MESSAGE);
    let _ = play(peer, &mut jobs, &transcript);
    assert_eq!(summary(jobs), expected, "in\n{transcript}");
}

#[test]
fn one_flight_with_pipelining() {
    check(
        &pipelining(),
        &[&["a", "b"]],
        "MAIL\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 250 2.0.0 queued",
        "DD",
    );
}

#[test]
fn verp_is_asked_for_where_it_is_offered_and_nothing_said_where_it_is_not() {
    let verp = || vec![Job::new(Batch { verp: true, ..batch(&["a", "b"]) }), Job::new(batch(&["c"]))];
    let (mut offered, mut missing) = (verp(), verp());
    let peer = Capabilities { xverp: true, ..pipelining() };
    let transcript = "MAIL XVERP=+=\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 550 5.1.1 no\nS: 354 go\nMESSAGE\nMAIL\nC: RCPT TO:<c@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 250 Ok";
    play(&peer, &mut offered, &transcript.replace("MAIL", MAIL).replace("MESSAGE", MESSAGE)).unwrap();
    assert_eq!(summary(offered), "DF, D");
    let transcript = "MAIL\nC: RCPT TO:<c@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 250 Ok";
    play(&pipelining(), &mut missing, &transcript.replace("MAIL", MAIL).replace("MESSAGE", MESSAGE)).unwrap();
    let mut ends = missing.into_iter().map(Job::finish);
    assert_eq!(ends.next(), Some(Err(SendError::NotOffered { decided: vec![None, None] })));
    assert!(ends.next().is_some_and(|end| end.is_ok()));
}

#[test]
fn one_command_at_a_time_without() {
    check(
        &Capabilities::default(),
        &[&["a", "b"], &["c"]],
        "MAIL\nS: 250 Ok\nC: RCPT TO:<a@x>\nS: 250 Ok\nC: RCPT TO:<b@x>\nS: 550 5.1.1 no\nC: DATA\nS: 354 go
         MESSAGE\nS: 250 Ok\nMAIL\nS: 250 Ok\nC: RCPT TO:<c@x>\nS: 250 Ok\nC: DATA\nS: 354 go\nMESSAGE\nS: 250 Ok",
        "DF, D",
    );
}

#[test]
fn the_next_group_follows_the_final_dot() {
    check(
        &pipelining(),
        &[&["a"], &["b"], &["c"]],
        "MAIL\nC: RCPT TO:<a@x>\nC: DATA\nS: 250 Ok\nS: 250 Ok\nS: 354 go
         MESSAGE\nMAIL\nC: RCPT TO:<b@x>\nC: DATA\nS: 250 Ok\nS: 250 Ok\nS: 450 4.2.1 later\nS: 554 5.5.1 no valid recipients
         C: RSET\nMAIL\nC: RCPT TO:<c@x>\nC: DATA\nS: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 250 Ok",
        "D, L, D",
    );
}

/// Every class of reply at every position, with and without pipelining: only RCPT speaks about recipients.
#[test]
fn replies_at_every_position() {
    let rcpts = "C: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: DATA\n";
    for (replies, expected) in [
        ("S: 450 4.7.1 no\nS: 503 x\nS: 503 x\nS: 503 x", "-- R450"),
        ("S: 550 5.7.1 no\nS: 503 x\nS: 503 x\nS: 503 x", "-- R550"),
        ("S: 550 5.7.1 no\nS: 550 5.1.1 x\nS: 450 x\nS: 354 go\nC: .\nS: 554 nobody", "-- R550"),
        ("S: 550 5.7.1 no\nS: 250 x\nS: 503 x\nS: 354 go", "-- R550"),
        ("S: 250 Ok\nS: 450 x\nS: 550 x\nS: 554 no valid recipients", "LF"),
        ("S: 250 Ok\nS: 450 x\nS: 550 x\nS: 354 go\nC: .\nS: 250 Ok", "LF"),
        ("S: 250 Ok\nS: 450 x\nS: 550 x\nS: 354 go\nC: .\nS: 554 no", "LF"),
        ("S: 250 Ok\nS: 503 x\nS: 530 x\nS: 503 x", "LL"),
        ("S: 250 Ok\nS: 250 Ok\nS: 550 5.1.1 x\nS: 451 4.3.0 x", "-F R451"),
        ("S: 250 Ok\nS: 250 Ok\nS: 450 x\nS: 554 5.7.1 x", "-L R554"),
        ("S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 451 4.3.0 x", "-- R451"),
        ("S: 250 Ok\nS: 550 x\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 554 5.6.0 spam", "F- R554"),
        ("S: 250 Ok\nS: 550 x\nS: 450 Ok\nS: 452 x", "FL"),
        // What is no answer to that command: the connection is of no use, the batch goes over another one.
        ("S: 354 x", "-- …"),
        ("S: 250 Ok\nS: 354 x", "-- …"),
        ("S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 250 x", "-- …"),
        ("S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 354 x", "-- U"),
        ("S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 250 x\nS: 250 x", "DD"),
    ] {
        check(&pipelining(), &[&["a", "b"]], &format!("MAIL\n{rcpts}{replies}"), expected);
    }
    let accepted = "MAIL\nS: 250 Ok\nC: RCPT TO:<a@x>\nS: 250 Ok\nC: RCPT TO:<b@x>\n";
    for (replies, expected) in [
        ("MAIL\nS: 450 x", "-- R450"),
        ("MAIL\nS: 550 x", "-- R550"),
        ("MAIL\nS: 250 Ok\nC: RCPT TO:<a@x>\nS: 450 x\nC: RCPT TO:<b@x>\nS: 550 x", "LF"),
        (&format!("{accepted}S: 550 x\nC: DATA\nS: 554 x"), "-F R554"),
        (&format!("{accepted}S: 250 x\nC: DATA\nS: 354 x\nMESSAGE\nS: 554 x"), "-- R554"),
        (&format!("{accepted}S: 250 x\nC: DATA\nS: 354 x\nMESSAGE\nS: 250 x"), "DD"),
    ] {
        check(&Capabilities::default(), &[&["a", "b"]], replies, expected);
    }
}

#[test]
fn a_refused_post_does_not_hinder_the_next() {
    for (first, expected) in [
        ("S: 550 x\nS: 503 x\nS: 503 x\nC: RSET", "- R550, D"),
        ("S: 250 x\nS: 250 x\nS: 451 x\nC: RSET", "- R451, D"),
        ("S: 250 x\nS: 550 x\nS: 354 x\nC: .\nC: RSET", "F, D"),
        ("S: 250 x\nS: 250 x\nS: 354 x\nMESSAGE", "- R554, D"),
    ] {
        let message_reply = if first.contains("354") { "S: 554 x\n" } else { "" };
        let reset_reply = if first.contains("RSET") { "S: 250 Ok\n" } else { "" };
        let transcript = format!(
            "MAIL\nC: RCPT TO:<a@x>\nC: DATA\n{first}\nMAIL\nC: RCPT TO:<b@x>\nC: DATA\n{message_reply}{reset_reply}\
             S: 250 Ok\nS: 250 Ok\nS: 354 x\nMESSAGE\nS: 250 Ok"
        );
        check(&pipelining(), &[&["a"], &["b"]], &transcript, expected);
    }
}

#[test]
fn recipients_too_many_go_into_the_next_transaction_at_once() {
    check(
        &pipelining(),
        &[&["a", "b", "c"]],
        "MAIL\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: RCPT TO:<c@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 452 4.5.3 too many\nS: 552 too many\nS: 354 go
         MESSAGE\nMAIL\nC: RCPT TO:<b@x>\nC: RCPT TO:<c@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 452 too many\nS: 354 go
         MESSAGE\nMAIL\nC: RCPT TO:<c@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 452 full\nS: 554 nobody",
        "DDL",
    );
    check(
        &Capabilities::default(),
        &[&["a", "b"]],
        "MAIL\nS: 250 Ok\nC: RCPT TO:<a@x>\nS: 250 Ok\nC: RCPT TO:<b@x>\nS: 452 many\nC: DATA\nS: 354 go\nMESSAGE
         S: 250 Ok\nMAIL\nS: 250 Ok\nC: RCPT TO:<b@x>\nS: 250 Ok\nC: DATA\nS: 354 go\nMESSAGE\nS: 250 Ok",
        "DD",
    );
    // A refused message is refused for those as well for whom there was no room.
    check(
        &pipelining(),
        &[&["a", "b"]],
        "MAIL\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: DATA\nS: 250 Ok\nS: 250 Ok\nS: 452 many\nS: 554 spam",
        "-- R554",
    );
}

/// Wherever the connection is lost: before the final dot the batch is open, after it nobody knows.
#[test]
fn lost_at_every_position() {
    let dialogue = [
        "MAIL\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: DATA\n",
        "S: 250 Ok\n",
        "S: 250 Ok\n",
        "S: 550 5.1.1 x\n",
        "S: 354 go\n",
    ];
    for end in 1..dialogue.len() {
        let expected = if end == 4 { "-F …" } else { "-- …" };
        check(&pipelining(), &[&["a", "b"]], &format!("{}!", dialogue[..end].concat()), expected);
        check(&pipelining(), &[&["a", "b"]], &format!("{}S: 421 x", dialogue[..end].concat()), expected);
    }
    check(&pipelining(), &[&["a", "b"]], &format!("{}MESSAGE\n!", dialogue.concat()), "-F U");
    // 421 in the place of the verdict is a verdict: not taken.
    check(&pipelining(), &[&["a", "b"]], &format!("{}MESSAGE\nS: 421 x", dialogue.concat()), "-F …");
}

#[test]
fn what_is_known_is_not_sent_again() {
    let mut jobs = jobs(&[&["a", "b", "c"], &["d"]]);
    let first = format!(
        "{MAIL}\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: RCPT TO:<c@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 550 x\nS: 452 many\nS: 354 go\n{MESSAGE}\n{MAIL}\nC: RCPT TO:<c@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\n!"
    );
    play(&pipelining(), &mut jobs, &first).unwrap();
    assert_eq!(jobs[0].losses, 1);
    let second = format!(
        "{MAIL}\nC: RCPT TO:<c@x>\nC: DATA\nS: 250 Ok\nS: 250 Ok\nS: 354 go
         {MESSAGE}\n{MAIL}\nC: RCPT TO:<d@x>\nC: DATA\n!"
    );
    play(&pipelining(), &mut jobs, &second).unwrap();
    assert_eq!(summary(jobs), "DF- U, - …");
}

#[test]
fn half_a_message_is_no_message() {
    let peer = pipelining();
    let mut jobs = jobs(&[&["a"]]);
    let mut session = Session::new(&peer, &mut jobs, usize::MAX, false);
    written(&mut session);
    for code in [250, 250, 354] {
        session.reply(Reply::bare(code, "Ok")).unwrap();
    }
    session.out.advance(10);
    session.lost("gone", true);
    assert!(jobs[0].is_open());
}

#[test]
fn a_verdict_before_the_end_counts_only_when_it_is_a_refusal() {
    for (code, expected) in [(552, "- R552"), (451, "- R451"), (250, "- …"), (421, "- …")] {
        let peer = pipelining();
        let mut jobs = jobs(&[&["a"]]);
        let mut session = Session::new(&peer, &mut jobs, usize::MAX, false);
        written(&mut session);
        for code in [250, 250, 354] {
            session.reply(Reply::bare(code, "Ok")).unwrap();
        }
        session.out.advance(10);
        session.reply(Reply::bare(code, "x")).unwrap_err();
        session.lost("gone", true);
        assert_eq!(summary(jobs), expected, "{code}");
    }
}

#[test]
fn replies_nobody_asked_for_end_the_connection() {
    let peer = pipelining();
    let mut jobs = jobs(&[&["a"]]);
    let mut session = Session::new(&peer, &mut jobs, usize::MAX, false);
    // Nothing is written yet.
    let trouble = session.reply(Reply::ok("early")).unwrap_err();
    assert!(trouble.to_string().contains("before the command"), "{trouble}");
    let mut session = Session::new(&peer, &mut [], usize::MAX, false);
    assert!(session.is_finished());
    assert!(session.reply(Reply::ok("what?")).unwrap_err().to_string().contains("nothing"));
}

#[test]
fn a_quota_ends_the_session_and_a_dirty_one_is_reset() {
    let peer = pipelining();
    let mut jobs = jobs(&[&["a"], &["b"]]);
    let mut session = Session::new(&peer, &mut jobs, 1, true);
    assert!(written(&mut session).starts_with("RSET\r\nMAIL"));
    for code in [250, 250, 550, 554] {
        session.reply(Reply::bare(code, "x")).unwrap();
    }
    assert!(session.is_finished() && session.is_dirty());
    assert_eq!(summary(jobs), "F, - …");
}

#[test]
fn parameters_follow_what_the_relay_offers() {
    let full = Capabilities {
        pipelining: true,
        eightbit: true,
        smtputf8: true,
        size: true,
        max_size: Some(1000),
        ..Capabilities::default()
    };
    let eightbit = |batch: &mut Batch| batch.message.push(Bytes::from_static("ü\r\n".as_bytes()));
    let utf8_header = |batch: &mut Batch| batch.message.insert(0, Bytes::from_static("X: ü\r\n".as_bytes()));
    let utf8_recipient = |batch: &mut Batch| batch.recipients.push(ForwardPath::parse("jürgen@x").unwrap());
    for (peer, change, expected) in [
        (&full, (&|_: &mut Batch| {}) as &dyn Fn(&mut Batch), " SIZE=19\r\n"),
        (&full, &eightbit, " SIZE=23 BODY=8BITMIME\r\n"),
        (&full, &utf8_header, " SIZE=26 BODY=8BITMIME SMTPUTF8\r\n"),
        (&full, &utf8_recipient, " SIZE=19 SMTPUTF8\r\n"),
        (&pipelining(), &eightbit, "\r\n"),
        (&pipelining(), &utf8_header, "\r\n"),
    ] {
        let mut job = Job::new(batch(&["a"]));
        change(&mut job.batch);
        job.decided.resize(job.batch.recipients.len(), None);
        let mut jobs = [job];
        let mut session = Session::new(peer, &mut jobs, 1, false);
        let expected = format!("MAIL FROM:<dev-bounces@lists.example>{expected}");
        let text = written(&mut session);
        assert!(text.starts_with(&expected), "{text:?} is not {expected:?}");
    }
}

#[test]
fn what_the_relay_cannot_take_is_decided_here() {
    let tell = |peer: &Capabilities, batch: Batch| {
        let mut jobs = vec![Job::new(batch)];
        let mut session = Session::new(peer, &mut jobs, usize::MAX, false);
        assert!(session.is_finished() && written(&mut session).is_empty());
        summary(jobs)
    };
    let small = Capabilities { size: true, max_size: Some(18), ..pipelining() };
    assert_eq!(tell(&small, batch(&["a"])), "- R552");
    assert_eq!(tell(&pipelining(), batch(&["jürgen"])), "F");
    assert_eq!(
        tell(&pipelining(), Batch { reverse_path: "ü@x".to_owned().into(), ..batch(&["a"]) }),
        "- R550"
    );
    assert_eq!(
        tell(&pipelining(), Batch { reverse_path: "a\r\n@x".to_owned().into(), ..batch(&["a"]) }),
        "- R553"
    );
    assert_eq!(tell(&pipelining(), batch(&[])), "");
    check(
        &pipelining(),
        &[&["a", "jürgen", "b"]],
        "MAIL\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: DATA
         S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 go\nMESSAGE\nS: 250 2.0.0 queued",
        "DFD",
    );
}
