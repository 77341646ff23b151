//! What a report turned out to say.

use serde::{Deserialize, Serialize};

/// What a report says of one recipient.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// The address, as the report spells it.
    pub address: String,
    /// The enhanced status (RFC 3463), `5.1.1`; empty if the report names none.
    pub status: String,
    /// What the mail server there said, on one line; may be empty.
    pub diagnostic: String,
}

/// A report of failure or delay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reading {
    /// In which form it is written: `dsn`, `exim`, `qmail` …
    pub format: &'static str,
    /// Recipients that will not get the post.
    pub failed: Vec<Failure>,
    /// Recipients that have not got it yet.
    pub delayed: Vec<Failure>,
    /// The Message-ID of the post it is about; empty if it does not tell.
    pub about: String,
}

/// Somebody pressed "this is spam" (RFC 5965).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Complaint {
    /// `abuse`, `fraud`, `virus`, `not-spam` …, lower case.
    pub kind: String,
    /// To whom the post was delivered, if the provider tells.
    pub recipients: Vec<String>,
    /// The envelope senders the post came with: one that bears our signature proves whose copy it was.
    pub senders: Vec<String>,
    /// Addresses of pages in List-Unsubscribe of the copy that came back: signed, they prove the same.
    pub links: Vec<String>,
    /// The Message-ID of the post; empty if it does not tell.
    pub about: String,
}

/// What came to the `-bounces` address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mail {
    /// A report of failure or delay that we can read.
    Report(Reading),
    /// A complaint.
    Complaint(Complaint),
    /// A program answered by itself: a vacation notice, a challenge, a receipt; and which.
    Answer(&'static str),
    /// Nothing we know.
    Unknown,
}
