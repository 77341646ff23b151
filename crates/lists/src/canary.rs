//! The canary's road through the rooms: a post of our own that goes the way of every post, reaches nobody, and must come
//! back (P25).
//!
//! Its list exists only here. Three of its addresses are known, each with a token behind the `+` that only we can make:
//! `out` is where we post it, `back` is whom it is delivered to, `gone` is its envelope sender, so that a mail server that
//! cannot deliver it tells us. Who sends it and counts it is [`Keeper`], which lives in a room above.

use posthaste_model::{Action, ListId, ListName, ListSeed, MailingList, Style, Timestamp};
use uuid::Uuid;

/// The list-id of the canary: no domain in it, so that no real list can have it.
pub const CANARY_LIST: &str = "posthaste-canary";

/// True for entries of the canary: members, archives, digests, histories, notices and ledgers of lists know nothing of
/// them.
pub fn is_canary(list: &ListId) -> bool {
    list.as_str() == CANARY_LIST
}

/// Which part of its journey a canary begins or ends at the door.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leg {
    /// Posted by us.
    Out,
    /// Delivered by the mail server, to us.
    Back,
    /// Reported as undeliverable by the mail server.
    Gone,
}

/// Knows which canaries are under way. Implemented by the room that sends them; never blocks.
pub trait Keeper: Send + Sync + 'static {
    /// The canary's address.
    fn name(&self) -> &ListName;
    /// What the text behind the `+` says, if it is ours and still means something; else why it is refused.
    fn read(&self, extension: &str) -> Result<Leg, String>;
    /// A message with this extension was taken at the door.
    fn arrived(&self, extension: &str);
    /// Where the canary with this extension goes, and its envelope sender; `None` if nobody waits for it any more.
    fn road(&self, extension: &str) -> Option<Road>;
    /// It is out of our hands: the relay has it, or (`Err`) it will never have it, and why.
    fn left(&self, extension: &str, how: Result<(), String>);
}

/// Envelope of a canary on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Road {
    /// MAIL FROM.
    pub sender: String,
    /// RCPT TO.
    pub recipient: String,
}

/// The list that exists only in memory: everybody may post, nothing is decorated.
pub(crate) fn list(name: &ListName, at: Timestamp) -> MailingList {
    let seed = ListSeed { name: name.clone(), style: Style::LegacyDefault, at };
    let mut list = seed.into_list(Uuid::nil());
    list.list_id = ListId::new(CANARY_LIST);
    list.settings.default_nonmember_action = Action::Accept;
    list.settings.advertised = false;
    list.settings.subject_prefix = String::new();
    list
}
