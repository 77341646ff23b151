use std::sync::Arc;

use super::{Budget, Limits, Options, Protocol, Session, Step, Transaction};
use crate::Reply;

/// Feeds octets to a session, in one piece and in many, and checks what must hold for any input: the outcome is the
/// same, every reply is well-formed, and no message leaves with a CR or LF outside CRLF. For fuzzers.
///
/// # Panics
/// If one of these does not hold.
pub fn fuzz_session(data: &[u8]) {
    let Some((&seed, input)) = data.split_first() else { return };
    let protocol = if seed & 1 == 0 { Protocol::Lmtp } else { Protocol::Smtp };
    let limits = Limits {
        command_line: 64,
        message_size: 256,
        overrun: 256,
        message_line: 80,
        header: 128,
        recipients: 3,
        bad_commands: 5,
        ..Limits::default()
    };
    let options = Arc::new(Options { protocol, hostname: "host.example".to_owned(), limits });
    let whole = Outcome::of(&options, input, usize::MAX);
    let pieces = Outcome::of(&options, input, usize::from(seed >> 1) + 1);
    assert_eq!(whole, pieces, "the outcome depends on how the input is cut");
    let replies = String::from_utf8_lossy(&whole.output);
    for line in replies.split_terminator("\r\n") {
        let (code, rest) = line.split_at_checked(3).unwrap_or_default();
        assert!(
            code.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with([' ', '-']),
            "not a reply: {line:?}"
        );
        assert!(!line.contains(['\r', '\n']), "a line in a line: {line:?}");
    }
    for transaction in &whole.transactions {
        let lines = transaction.message.strip_suffix(b"\r\n").unwrap_or(&transaction.message);
        let text = String::from_utf8_lossy(lines).replace("\r\n", "");
        assert!(!text.contains(['\r', '\n']), "a bare CR or LF went through");
        assert!(transaction.message.is_empty() || transaction.message.ends_with(b"\r\n"), "no end of line");
        assert!((1..=3).contains(&transaction.forward_paths.len()), "recipients");
        assert!(transaction.message.len() <= 258, "size");
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    output: Vec<u8>,
    transactions: Vec<Transaction>,
    closed: bool,
}

impl Outcome {
    fn of(options: &Arc<Options>, input: &[u8], piece: usize) -> Self {
        let mut session = Session::new(Arc::clone(options), Budget::new(usize::MAX / 2), "fuzz");
        let mut outcome = Self::default();
        for piece in input.chunks(piece.min(input.len()).max(1)) {
            session.input().extend_from_slice(piece);
            if outcome.advance(&mut session) {
                break;
            }
        }
        outcome
    }

    /// Until more input is wanted. True if the session is over.
    fn advance(&mut self, session: &mut Session) -> bool {
        loop {
            let step = session.step();
            self.output.extend_from_slice(&session.output().split());
            match step {
                Step::Read => return false,
                Step::Write => {}
                Step::Ready => session.answer_ready(Ok(())),
                Step::Rcpt(to) => {
                    let unknown = to.as_str().starts_with('u');
                    let no = Err(Reply::new(550, (5, 1, 1), "unknown"));
                    session.answer_rcpt(to, if unknown { no } else { Ok(()) });
                }
                Step::Data(transaction) => {
                    session.answer_data(vec![Reply::ok("kept"); transaction.forward_paths.len()]);
                    self.transactions.push(transaction);
                }
                Step::Close { .. } => {
                    self.closed = true;
                    return true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    /// What fuzzers found once stays found.
    #[test]
    fn corpus() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/session");
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(!files.is_empty());
        for file in files {
            super::fuzz_session(&std::fs::read(file).unwrap());
        }
    }
}
