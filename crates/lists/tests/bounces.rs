//! Reports as mail servers write them: `tests/bounces/NAME.eml`, and in `NAME.txt` what they say of whom.
//!
//! ```text
//! failed ADDRESS STATUS BLAME    status `-` if none is named
//! delayed ADDRESS
//! about MESSAGE-ID               only if it matters
//! complaint KIND, recipient, sender, link
//! answer KIND                    a program answered for a person
//! unknown
//! ```
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::path::PathBuf;

use bytes::Bytes;
use posthaste_lists::bounces::{Mail, blame, read};
use posthaste_mime::Message;
use proptest::prelude::*;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bounces")
}

/// Name, message, what is expected.
fn samples() -> Vec<(String, Bytes, String)> {
    let mut samples: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name()?.to_str()?.strip_suffix(".eml")?.to_owned();
            let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap();
            Some((name, Bytes::from(std::fs::read(&path).unwrap()), expected))
        })
        .collect();
    samples.sort();
    samples
}

/// What was read, in the form of the files.
fn told(message: &Bytes, about: bool) -> String {
    let message = Message::parse(message.clone());
    let null_path = message.head.text("Return-Path").is_some_and(|path| path.trim() == "<>");
    let mut lines = vec![];
    match read(&message, null_path) {
        Mail::Report(reading) => {
            for failure in &reading.failed {
                let status = if failure.status.is_empty() { "-" } else { &failure.status };
                lines.push(format!("failed {} {status} {}", failure.address, blame(failure).name()));
            }
            lines.extend(reading.delayed.iter().map(|failure| format!("delayed {}", failure.address)));
            lines.extend(about.then(|| format!("about {}", reading.about)));
        }
        Mail::Complaint(complaint) => {
            lines.push(format!("complaint {}", complaint.kind));
            lines.extend(complaint.recipients.iter().map(|r| format!("recipient {r}")));
            lines.extend(complaint.senders.iter().map(|s| format!("sender {s}")));
            lines.extend(complaint.links.iter().map(|l| format!("link {l}")));
            lines.extend(about.then(|| format!("about {}", complaint.about)));
        }
        Mail::Answer(kind) => lines.push(format!("answer {kind}")),
        Mail::Unknown => lines.push("unknown".to_owned()),
    }
    lines.join("\n")
}

#[test]
fn every_report_is_read_and_nobody_else_is_blamed() {
    let samples = samples();
    let mut wrong = vec![];
    for (name, message, expected) in &samples {
        let told = told(message, expected.contains("about "));
        if told != expected.trim() {
            wrong.push(format!("{name}\n--- expected\n{}\n--- told\n{told}\n", expected.trim()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), samples.len(), wrong.join("\n"));
    assert!(samples.len() >= 120, "{} samples", samples.len());
    let innocent = samples.iter().filter(|(name, ..)| name.starts_with("innocent-")).count();
    assert!(innocent >= 30, "{innocent} samples of mail that is no report");
}

/// Mail servers, gateways and filters turn reports about on their way: bare line ends must not matter.
#[test]
fn line_ends_do_not_matter() {
    for (name, message, expected) in samples() {
        let bare = Bytes::from(message.iter().copied().filter(|b| *b != b'\r').collect::<Vec<_>>());
        assert_eq!(told(&bare, expected.contains("about ")), expected.trim(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any bytes are read, and whatever is cut off or put in between, nothing panics and nothing takes long.
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        told(&Bytes::from(bytes), true);
    }

    #[test]
    fn no_cut_or_twist_panics(pick in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
                              at in any::<prop::sample::Index>(), noise in proptest::collection::vec(any::<u8>(), 0..40)) {
        let samples = samples();
        let mut bytes = samples[pick.index(samples.len())].1.to_vec();
        bytes.truncate(cut.index(bytes.len() + 1));
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..at, noise);
        told(&Bytes::from(bytes), true);
    }
}

/// P33: a huge report costs milliseconds, not minutes.
#[test]
fn huge_reports_are_read_in_no_time() {
    let line =
        b"<anne@example.net>: The following addresses had <<<<<<<< @@@@@@ \\x{ +4 ,,,, user unknown\r\n";
    let mut message =
        b"From: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n".to_vec();
    for kind in
        ["text/plain", "text/html", "message/delivery-status", "message/rfc822", "message/feedback-reports"]
    {
        message.extend_from_slice(format!("--b\r\nContent-Type: {kind}\r\n\r\n").as_bytes());
        for _ in 0..20_000 {
            message.extend_from_slice(line);
        }
        message.extend_from_slice(b"\r\n");
    }
    let began = std::time::Instant::now();
    told(&Bytes::from(message), true);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
