//! What moderators do with posts that wait: decide, forward, take in hand; by mail, by link, on the command line.
//!
//! Deciding is one transaction in the database ([`Desk`]), which anybody may do who can reach it; of several moderators who
//! decide at once, one does. Carrying it out is the work of the running server ([`crate::Moderation`]), which alone has
//! the spool, and is done again after a crash until it is done.

mod answer;
mod by_mail;
mod case;
mod desk;
mod links;
mod reminder;
mod tell;
mod time;

use std::fmt;

use posthaste_model::{Action, Address};

pub(crate) use self::answer::{Answer, read_answer};
pub(crate) use self::by_mail::answered;
pub use self::case::{Case, excerpt};
pub use self::desk::{CLAIM_HOLDS, Desk, Ruled};
pub use self::links::ModeratorLinks;
pub(crate) use self::reminder::remind;
pub use self::reminder::{remind_list, waiting_on};
pub(crate) use self::tell::tell_moderators;
pub(crate) use self::time::expire;

/// Who decides. The way they came is the proof that they may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moderator {
    /// An address, or the name of a user of this machine.
    pub name: String,
    /// How they came.
    pub way: Way,
}

/// How a moderator came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// An answer to a notice.
    Mail,
    /// The link in a notice.
    Link,
    /// A command on the server.
    CommandLine,
    /// A program, over the REST interface.
    Program,
    /// Nobody came: time passed.
    Clock,
}

impl Moderator {
    /// Somebody who came by `way`.
    pub fn new(name: impl Into<String>, way: Way) -> Self {
        Self { name: name.into(), way }
    }

    /// Time itself.
    pub(crate) fn clock() -> Self {
        Self::new("posthaste", Way::Clock)
    }
}

/// As it stands in the audit log.
impl fmt::Display for Moderator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Mail => "by mail",
            Way::Link => "by link",
            Way::CommandLine => "on the command line",
            Way::Program => "by REST",
            Way::Clock => "by itself",
        };
        write!(f, "{} {way}", self.name)
    }
}

/// What somebody wants done with a held post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ruling {
    /// What is to become of it; with [`Action::Defer`] and [`Action::Hold`] it waits on.
    pub action: Action,
    /// What the author of a rejected post is told.
    pub reason: Option<String>,
    /// Who gets a copy besides.
    pub forward: Vec<Address>,
    /// Keep the post after all.
    pub preserve: bool,
    /// Decide even if another moderator has it in hand.
    pub force: bool,
}

impl Ruling {
    /// Just this.
    pub const fn new(action: Action) -> Self {
        Self { action, reason: None, forward: vec![], preserve: false, force: false }
    }
}
