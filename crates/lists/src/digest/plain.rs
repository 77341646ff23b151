//! One text (RFC 1153).

use posthaste_mime::{Field, Message};

use super::{Digest, contents, present, scrub};

/// Between the preamble and the first message.
const PREAMBLE_END: &str = "----------------------------------------------------------------------";
/// Between messages.
const SEPARATOR: &str = "------------------------------";
/// The fields that readers see, in their order.
const KEPT: [&str; 8] = ["Date", "From", "Subject", "To", "Cc", "Message-ID", "Keywords", "Content-Type"];
/// Header lines are at most this long, characters.
const WIDTH: usize = 70;

/// The whole text, lines ending in LF.
pub(super) fn text(digest: &Digest<'_>) -> String {
    let mut out = format!("{}\n\n", digest.masthead.trim_end());
    if let Some(header) = present(&digest.header) {
        out.push_str(header);
        out.push_str("\n\n");
    }
    out.push_str(contents::text(digest).trim_end());
    out.push_str(&format!("\n\n\n{PREAMBLE_END}\n\n"));
    for (number, post) in (1..).zip(&digest.posts) {
        if number > 1 {
            out.push_str(&format!("{SEPARATOR}\n\n"));
        }
        out.push_str(&fields(number, post));
        out.push('\n');
        out.push_str(&unseparated(scrub::text(digest, post).trim_end()));
        out.push_str("\n\n");
    }
    // RFC 1153: every message is ended by the separator, the last one too.
    out.push_str(&format!("{SEPARATOR}\n\n"));
    if let Some(footer) = present(&digest.footer) {
        let title = digest.say("digest.footer");
        out.push_str(&format!("Subject: {title}\n\n{}\n\n{SEPARATOR}\n\n", unseparated(footer)));
    }
    let end = digest.end();
    out.push_str(&format!("{end}\n{}\n", "*".repeat(end.chars().count())));
    out
}

/// The header of one post for people.
fn fields(number: usize, post: &Message) -> String {
    let mut out = format!("Message: {number}\n");
    for name in KEPT {
        for field in post.head.all(name) {
            let lines = contents::fold(&format!("{name}: "), "\t", &Field::text(field), WIDTH);
            for line in lines {
                out.push_str(&line);
                out.push('\n');
            }
        }
    }
    out
}

/// The text, with no line in it that programs would take for the end of the message.
fn unseparated(text: &str) -> String {
    let stuffed = |line: &str| {
        let dashes = line.trim_end();
        let looks = dashes.len() >= SEPARATOR.len() && dashes.bytes().all(|b| b == b'-');
        if looks { format!(" {line}") } else { line.to_owned() }
    };
    text.lines().map(stuffed).collect::<Vec<_>>().join("\n")
}
