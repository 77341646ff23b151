use std::collections::HashSet;

use posthaste_mime::Message;
use posthaste_model::{MailingList, Personalization};

use super::Segment;
use crate::facts::Facts;
use crate::post::Post;
use crate::reason::Reason;

/// Why a step ends the journey of a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It is dropped; the reason is logged.
    Discard(Reason),
    /// It goes back to its author.
    Reject(Reason),
    /// A moderator decides.
    Hold(Reason),
    /// It goes to the owners instead of the members.
    Forward(Reason),
    /// It is set aside, for whoever runs the site to look at.
    Preserve(Reason),
}

/// Where the archive keeps this list and this post (RFC 5064), if there is one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchiveLinks {
    /// The list's page.
    pub list: String,
    /// The post's page.
    pub post: Option<String>,
}

/// An accepted post on its way through the steps.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// The post as it came.
    pub post: &'a Post,
    /// The list.
    pub list: &'a MailingList,
    /// What was loaded.
    pub facts: &'a Facts,
    /// The message as it is by now.
    pub message: Message,
    /// Each member gets a copy of their own, so texts may differ from one to the next.
    pub personal: bool,
    /// Links into the archive.
    pub archive: Option<ArchiveLinks>,
    /// Keys of addresses that get no copy from the list.
    pub skip: HashSet<String>,
    /// Fields that differ from copy to copy: name of the field in the message, template of what takes its place, line ends
    /// included.
    pub slots: Vec<(&'static str, String)>,
    /// A body that differs from copy to copy, if any; otherwise that of the message.
    pub body: Option<Vec<Segment>>,
    /// The message for archive and digest, once header and footer have been added to the other.
    pub undecorated: Option<Message>,
    /// The subject without prefix and reply marks, for threading.
    pub bare_subject: String,
    /// What could not be done, for the log.
    pub notes: Vec<String>,
}

impl<'a> Draft<'a> {
    /// The beginning: the message as it came. Copies are personal if the list says so.
    pub fn new(post: &'a Post, list: &'a MailingList, facts: &'a Facts) -> Self {
        Self {
            post,
            list,
            facts,
            message: post.message.clone(),
            personal: list.settings.personalize != Personalization::None,
            archive: None,
            skip: HashSet::new(),
            slots: vec![],
            body: None,
            undecorated: None,
            bare_subject: post.subject(),
            notes: vec![],
        }
    }

    /// The list's description on one line, as it stands in headers.
    pub(super) fn description(&self) -> String {
        one_line(&self.list.settings.description)
    }
}

/// A description as it stands in headers.
pub(super) fn one_line(description: &str) -> String {
    let description = description.trim();
    match description.split_once('\n') {
        Some((first, _)) => format!("{} [...]", first.trim_end()),
        None => description.to_owned(),
    }
}
