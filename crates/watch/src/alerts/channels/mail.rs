//! Mail straight to the relay, past our own queue: what is wrong with the queue cannot keep it from being told.

use std::sync::Arc;

use posthaste_mime::{AutoSubmitted, Field, Notice};
use posthaste_model::{Clock, ForwardPath, ReversePath, Timestamp};
use posthaste_smtp::client::{Attempt, Batch, Pool};
use tokio_util::sync::CancellationToken;

use super::DEADLINE;
use crate::alerts::Message;

/// One mail to one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail<'a> {
    /// What is told.
    pub message: &'a Message,
    /// Our address.
    pub from: &'a str,
    /// Theirs.
    pub to: &'a str,
    /// The page to acknowledge on.
    pub link: Option<&'a str>,
    /// The address an answer goes to, which acknowledges.
    pub reply_to: Option<&'a str>,
    /// The host that makes the Message-ID.
    pub host: &'a str,
    /// A number that no other mail has.
    pub serial: u64,
    /// When.
    pub at: Timestamp,
}

impl Mail<'_> {
    /// The finished mail. All mails of one incident are one thread.
    pub fn notice(&self) -> Notice {
        let name = self.message.key.replace('/', ".");
        let root = format!("<{name}@{}>", self.host);
        let mut extra = vec![Field::structured("References", &root)];
        if let Some(to) = self.reply_to {
            extra.push(Field::structured("Reply-To", to));
        }
        Notice {
            from: format!("Posthaste alerts <{}>", self.from),
            to: self.to.to_owned(),
            subject: self.message.subject.clone(),
            text: self.message.text(self.link, self.reply_to.is_some()),
            message_id: format!("<{name}.{}@{}>", self.serial, self.host),
            date: self.at,
            auto_submitted: AutoSubmitted::Generated,
            extra,
            attached: None,
        }
    }
}

/// Sends it, within [`DEADLINE`]. The answer is what the relay said.
pub async fn send(pool: &Pool, clock: &Arc<dyn Clock>, mail: &Mail<'_>) -> Result<String, String> {
    let message = mail.notice().to_message();
    let batch = Batch {
        verp: false,
        reverse_path: ReversePath::parse(mail.from).map_err(|e| format!("{}: {e}", mail.from))?,
        recipients: vec![ForwardPath::parse(mail.to).map_err(|e| format!("{}: {e}", mail.to))?],
        message: vec![message.to_bytes()],
    };
    let cancel = CancellationToken::new();
    let deadline = async {
        clock.sleep(DEADLINE).await;
        cancel.cancel();
        // What is under way may still end, but is not waited for long.
        clock.sleep(DEADLINE / 4).await;
    };
    let sent = tokio::select! {
        sent = pool.send(batch, &cancel) => sent,
        () = deadline => return Err(late(pool)),
    };
    match sent.map(|attempts| attempts.into_iter().next()) {
        Ok(Some(Attempt::Delivered(reply))) => Ok(reply.to_string()),
        Ok(Some(Attempt::Deferred(reply) | Attempt::Failed(reply))) => {
            Err(format!("the relay said: {reply}"))
        }
        Ok(None) => Err("the relay said nothing".to_owned()),
        Err(posthaste_smtp::client::SendError::Cancelled { .. }) => Err(late(pool)),
        Err(error) => Err(error.to_string()),
    }
}

fn late(pool: &Pool) -> String {
    let why = pool.state().last_error.map(|error| format!(": {error}")).unwrap_or_default();
    format!("the relay did not take it within {} s{why}", DEADLINE.as_secs())
}
