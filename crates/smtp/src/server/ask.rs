use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use posthaste_model::{ForwardPath, ReversePath};

use super::{Handler, Transaction, events};
use crate::Reply;

/// Asks whether a message can be taken now.
pub(super) fn ready<H: Handler>(handler: &H) -> Result<(), Reply> {
    std::panic::catch_unwind(AssertUnwindSafe(|| handler.ready())).unwrap_or_else(|_| {
        events::handler_panicked("ready");
        Err(trouble())
    })
}

/// Asks about one recipient.
pub(super) async fn rcpt<H: Handler>(
    handler: &H,
    peer: &str,
    from: &ReversePath,
    to: &ForwardPath,
    limit: Duration,
) -> Result<(), Reply> {
    let answer = guard("rcpt", limit, async { handler.rcpt(peer, from, to).await }).await;
    answer.unwrap_or_else(|| Err(trouble()))
}

/// Hands over a message, if it can still be taken.
pub(super) async fn data<H: Handler>(handler: &H, transaction: Transaction, limit: Duration) -> Vec<Reply> {
    let recipients = transaction.forward_paths.len();
    if let Err(reply) = ready(handler) {
        return vec![our_fault(reply); recipients];
    }
    guard("data", limit, async { handler.data(transaction).await }).await.unwrap_or_default()
}

/// Whatever goes wrong inside is our own trouble (P7: never a 5xx), and no reason to lose the session.
async fn guard<T>(what: &'static str, limit: Duration, asked: impl Future<Output = T>) -> Option<T> {
    match tokio::time::timeout(limit, AssertUnwindSafe(asked).catch_unwind()).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(_)) => {
            events::handler_panicked(what);
            None
        }
        Err(_) => {
            events::handler_late(what, limit);
            None
        }
    }
}

/// A refusal that is about us, not about the peer: temporary, whatever the handler said.
pub(super) fn our_fault(reply: Reply) -> Reply {
    if reply.is_temporary() { reply } else { trouble() }
}

/// A refusal of a recipient: whatever is not one becomes our own trouble.
pub(super) fn refusal(reply: Reply) -> Reply {
    if reply.is_temporary() || reply.is_permanent() { reply } else { trouble() }
}

/// Exactly one final reply per recipient.
pub(super) fn replies(mut replies: Vec<Reply>, recipients: usize) -> Vec<Reply> {
    if replies.len() != recipients {
        events::wrong_number_of_replies(replies.len(), recipients);
        replies.resize_with(recipients, trouble);
    }
    for reply in &mut replies {
        if !(reply.is_positive() || reply.is_temporary() || reply.is_permanent()) {
            *reply = trouble();
        }
    }
    replies
}

/// SMTP has one reply for all recipients. If one of them is temporary the peer must come again for all.
pub(super) fn one_for_all(replies: &[Reply]) -> Option<&Reply> {
    let temporary = replies.iter().find(|reply| reply.is_temporary());
    temporary.or_else(|| replies.iter().find(|reply| reply.is_permanent())).or(replies.first())
}

fn trouble() -> Reply {
    Reply::trouble("Trouble here, try again later")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reply_stands_for_all() {
        let (yes, later, never) =
            (Reply::ok("ok"), Reply::new(452, (4, 3, 1), "full"), Reply::new(550, (5, 7, 1), "no"));
        for (replies, one) in
            [(vec![&yes, &yes], &yes), (vec![&yes, &never, &later], &later), (vec![&yes, &never], &never)]
        {
            let replies: Vec<Reply> = replies.into_iter().cloned().collect();
            assert_eq!(one_for_all(&replies), Some(one));
        }
    }

    #[test]
    fn a_handler_that_miscounts_is_our_trouble() {
        let replies = replies(vec![Reply::ok("ok"), Reply::bare(354, "go on")], 3);
        assert_eq!(replies.iter().map(|r| r.code).collect::<Vec<_>>(), [250, 451, 451]);
        assert_eq!(our_fault(Reply::new(550, (5, 0, 0), "disk")).code, 451);
        assert_eq!(our_fault(Reply::new(452, (4, 3, 1), "disk")).code, 452);
        assert_eq!(refusal(Reply::ok("what?")).code, 451);
    }
}
