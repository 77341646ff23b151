use bytes::Bytes;
use posthaste_model::{ForwardPath, ReversePath};
use thiserror::Error;

use crate::Reply;

/// One message for some recipients: becomes one SMTP transaction, or more if the relay takes fewer recipients.
#[derive(Clone, Debug)]
pub struct Batch {
    /// MAIL FROM.
    pub reverse_path: ReversePath,
    /// The relay writes each recipient into the sender of their copy, `dev-bounces@lists.example` becoming
    /// `dev-bounces+anne=example.com@lists.example` (Postfix's XVERP). A relay that does not offer it is not sent
    /// the batch: [`SendError::NotOffered`].
    pub verp: bool,
    /// RCPT TO, in the order in which the results come back.
    pub recipients: Vec<ForwardPath>,
    /// The message in pieces that follow each other: CRLF line ends, not dot-stuffed. Pieces may be shared
    /// between batches (a body for thousands of members) and are never copied, only written.
    pub message: Vec<Bytes>,
}

/// What became of one recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// The relay has taken the message; the reply is the one to the final dot.
    Delivered(Reply),
    /// Not now: try this recipient again later.
    Deferred(Reply),
    /// Never: the recipient is at fault.
    Failed(Reply),
}

/// Why a batch was not wholly decided. In every case `decided` has one place per recipient: what the relay did
/// say about that recipient alone (refused at RCPT, or delivered in an earlier part of a split batch), and
/// `None` for those whom the error is about.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SendError {
    /// MAIL or DATA was refused (4xx or 5xx): the post or we are at fault, never the members.
    #[error("the relay refused the message: {reply}")]
    Refused {
        /// Whether to try again is in its class.
        reply: Reply,
        /// One place per recipient, see above.
        decided: Vec<Option<Attempt>>,
    },
    /// The batch asks for XVERP and this relay does not offer it: nothing was sent to the undecided recipients.
    #[error("the relay does not offer XVERP")]
    NotOffered {
        /// One place per recipient, see above.
        decided: Vec<Option<Attempt>>,
    },
    /// The connection was lost after the final dot: the relay may have taken the message, or not.
    #[error("the relay was lost after the message was sent, it may have taken it: {why}")]
    Unknown {
        /// What happened to the connection.
        why: String,
        /// One place per recipient, see above.
        decided: Vec<Option<Attempt>>,
    },
    /// The relay was silent in the middle of it while others waited ([`Haste`](super::Haste)); the undecided recipients
    /// have certainly not been sent anything.
    #[error("the relay gave no answer while others waited")]
    GaveWay {
        /// One place per recipient, see above.
        decided: Vec<Option<Attempt>>,
    },
    /// The caller gave up first; the undecided recipients have certainly not been sent anything.
    #[error("sending was cancelled")]
    Cancelled {
        /// One place per recipient, see above.
        decided: Vec<Option<Attempt>>,
    },
}

impl SendError {
    /// What the relay did say about single recipients: one place per recipient, in order.
    pub fn decided(&self) -> &[Option<Attempt>] {
        match self {
            Self::Refused { decided, .. }
            | Self::NotOffered { decided }
            | Self::Unknown { decided, .. }
            | Self::GaveWay { decided }
            | Self::Cancelled { decided } => decided,
        }
    }
}

impl Batch {
    /// The size in octets before dot-stuffing, as SIZE counts it (RFC 1870 §3).
    pub(crate) fn size(&self) -> usize {
        self.message.iter().map(Bytes::len).sum()
    }

    /// Holds a byte that 7-bit SMTP does not allow (RFC 6152).
    pub(crate) fn is_8bit(&self) -> bool {
        !self.message.iter().all(|segment| segment.is_ascii())
    }

    /// Its header holds UTF-8 (RFC 6532). A header in some other 8-bit charset is an old fault of the author's
    /// and not this.
    pub(crate) fn has_utf8_header(&self) -> bool {
        if !self.is_8bit() {
            return false;
        }
        let header = self.header();
        !header.is_ascii() && std::str::from_utf8(&header).is_ok()
    }

    /// Everything before the first empty line.
    fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        for segment in &self.message {
            // An empty line may lie across the border: look again at the last three octets.
            let from = header.len().saturating_sub(3);
            header.extend_from_slice(segment);
            let tail = header.get(from..).unwrap_or_default();
            if let Some(end) = memchr::memmem::find(tail, b"\r\n\r\n") {
                header.truncate(from + end);
                break;
            }
        }
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(segments: &[&'static [u8]]) -> Batch {
        Batch {
            reverse_path: ReversePath::Null,
            verp: false,
            recipients: Vec::new(),
            message: segments.iter().map(|s| Bytes::from_static(s)).collect(),
        }
    }

    #[test]
    fn a_header_ends_at_the_first_empty_line_even_across_segments() {
        let utf8 = "Subject: Grüße\r\n\r\nx".as_bytes();
        assert!(batch(&[utf8]).has_utf8_header());
        assert!(!batch(&[b"Subject: x\r", b"\n\r", b"\nGr", "üße".as_bytes()]).has_utf8_header());
        assert!(batch(&[b"Subject: x\r\n", "X: ü\r\n".as_bytes(), b"\r\nbody"]).has_utf8_header());
        assert!(!batch(&[b"Subject: \xfc\r\n\r\n"]).has_utf8_header());
        assert!(batch(&[b"Subject: \xfc\r\n\r\n"]).is_8bit());
        assert!(!batch(&[b"Subject: x\r\n\r\n", b"plain"]).is_8bit());
    }
}
