use bytes::Bytes;
use posthaste_mime::Message;
use posthaste_model::MailingList;
use posthaste_store::{Decision, HeldSummary, Mark};

use crate::parts::first_text;

/// A held post as moderators look at it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The post.
    pub post: HeldSummary,
    /// Its list.
    pub list: MailingList,
    /// Who has it in hand, and since when.
    pub claim: Option<Mark>,
    /// What was decided, if something was.
    pub decision: Option<Decision>,
}

/// The longest excerpt, characters.
const EXCERPT: usize = 4_000;

/// The beginning of what a message says to people; empty if it has no plain text.
pub fn excerpt(message: Bytes) -> String {
    let text = first_text(&Message::parse(message)).unwrap_or_default();
    let mut excerpt: String = text.trim_end().chars().take(EXCERPT).collect();
    if excerpt.len() < text.trim_end().len() {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_end_in_time() {
        assert_eq!(excerpt(Bytes::from_static(b"A: 1\r\n\r\nHi\r\n\r\n")), "Hi");
        assert_eq!(excerpt(Bytes::from_static(b"Content-Type: image/png\r\n\r\n\x00")), "");
        let long = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}", "ü".repeat(9_000));
        assert_eq!(excerpt(Bytes::from(long)).chars().count(), EXCERPT + 1);
    }
}
