use std::future::pending;
use std::sync::Mutex;

use posthaste_model::{ForwardPath, ReversePath};
use posthaste_smtp::Reply;
use posthaste_smtp::server::{Handler, Transaction};

/// Knows everybody but a few; see `transcripts/README.md`. `stuck@…` gets no answer at all after the message, and
/// `slow@…` none at RCPT.
#[derive(Debug, Default)]
pub(crate) struct Everybody {
    pub(crate) unready: Option<u16>,
    pub(crate) taken: Mutex<Vec<Transaction>>,
}

impl Everybody {
    pub(crate) fn is_ready(&self) -> Result<(), Reply> {
        self.unready.map_or(Ok(()), |code| Err(Reply::new(code, (4, 3, 1), "the disk is full")))
    }

    pub(crate) fn know(to: &ForwardPath) -> Result<(), Reply> {
        match local(to) {
            "unknown" => Err(Reply::new(550, (5, 1, 1), format!("{} is unknown", to.as_str()))),
            "later" => Err(Reply::new(451, (4, 2, 0), "later")),
            "panic" => panic!("a planted panic"),
            _ => Ok(()),
        }
    }

    pub(crate) fn take(&self, transaction: Transaction) -> Vec<Reply> {
        let to = &transaction.forward_paths;
        assert!(!to.iter().any(|to| local(to) == "crash"), "a planted panic");
        let mut replies: Vec<Reply> = to
            .iter()
            .map(|to| match local(to) {
                "full" => Reply::new(452, (4, 3, 1), "full"),
                "spam" => Reply::new(550, (5, 7, 1), "spam"),
                "odd" => Reply::bare(354, "go on"),
                _ => Reply::ok(format!("kept for {}", to.as_str())),
            })
            .collect();
        if to.iter().any(|to| local(to) == "short") {
            replies.pop();
        }
        self.taken.lock().unwrap().push(transaction);
        replies
    }
}

impl Handler for Everybody {
    fn ready(&self) -> Result<(), Reply> {
        self.is_ready()
    }

    async fn rcpt(&self, _peer: &str, _from: &ReversePath, to: &ForwardPath) -> Result<(), Reply> {
        if local(to) == "slow" {
            pending::<()>().await;
        }
        Self::know(to)
    }

    async fn data(&self, transaction: Transaction) -> Vec<Reply> {
        if transaction.forward_paths.iter().any(|to| local(to) == "stuck") {
            pending::<()>().await;
        }
        self.take(transaction)
    }
}

fn local(to: &ForwardPath) -> &str {
    to.as_str().split('@').next().unwrap_or_default()
}
