//! Answers to alerts at the door: `posthaste-alerts+<token>@…` with the word `ack`. The token is the proof, whoever writes.

use posthaste_mime::Message;
use posthaste_model::ForwardPath;
use posthaste_smtp::Reply;
use posthaste_smtp::server::Transaction;

use super::Intake;
use crate::parts::first_text;

/// The address alerts are answered to, before its `+`.
pub const ANSWERS: &str = "posthaste-alerts";

/// Takes answers to alerts. Implemented by the room that sends them; never blocks.
pub trait Answers: Send + Sync + 'static {
    /// True if this token is ours and still means something.
    fn knows(&self, token: &str) -> bool;
    /// Somebody answered that they look after it, with these words besides.
    fn acknowledge(&self, token: &str, note: &str) -> Result<String, String>;
}

impl Intake {
    /// The token in `to`, if that is where an alert of ours is answered.
    pub(super) fn answer_token<'a>(&self, to: &'a ForwardPath) -> Option<&'a str> {
        let (local, _) = to.as_str().rsplit_once('@')?;
        let (base, token) = local.split_once('+')?;
        let known = base.eq_ignore_ascii_case(ANSWERS) && self.answers.as_deref()?.knows(token);
        known.then_some(token)
    }

    /// Takes an answer. What a program answered by itself says nothing about a person.
    pub(super) fn take_answer(&self, transaction: &Transaction, token: &str) -> Reply {
        let message = Message::parse(transaction.message.clone());
        if !crate::notices::may_answer_path(&transaction.reverse_path, &message) {
            return Reply::new(250, (2, 0, 0), "An automatic answer acknowledges nothing");
        }
        let Some(note) = ack_word(&first_text(&message).unwrap_or_default()) else {
            return Reply::new(554, (5, 6, 0), "Begin your answer with the word: ack");
        };
        let outcome = self.answers.as_deref().map(|answers| answers.acknowledge(token, &note));
        match outcome {
            Some(Ok(said)) => Reply::new(250, (2, 0, 0), said),
            Some(Err(why)) => Reply::new(554, (5, 7, 1), why),
            None => Reply::new(451, (4, 3, 0), "Alerts are not watched now"),
        }
    }
}

/// What follows the word `ack` at the beginning of a line before anything quoted; `None` if the word is not there.
fn ack_word(body: &str) -> Option<String> {
    let written = body.lines().map(str::trim).take_while(|line| !line.starts_with('>'));
    written.take(200).find_map(|line| {
        let (word, rest) = line.split_at_checked(3)?;
        let alone = !rest.starts_with(|c: char| c.is_alphanumeric());
        let note = rest.trim_start_matches(|c: char| !c.is_alphanumeric()).trim();
        (word.eq_ignore_ascii_case("ack") && alone).then(|| note.chars().take(200).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word() {
        for (body, note) in [
            ("ack\r\n", Some("")),
            ("\r\nACK, on it\r\n\r\n> CRITICAL", Some("on it")),
            ("Ack.\r\n", Some("")),
            ("I acknowledge", None),
            ("acknowledged", None),
            ("> ack\r\nack", None),
            ("", None),
        ] {
            assert_eq!(ack_word(body).as_deref(), note, "{body:?}");
        }
    }
}
