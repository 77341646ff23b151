//! Who joins, who leaves, and who has to agree to it.
//!
//! [`workflow`] decides and is pure; [`Desk`] looks up what it must know, writes down what was decided, and hands back the
//! mails that go with it. Every mail that nobody may have asked for is rationed ([`target`], P37).

mod answer;
mod desk;
mod dismiss;
mod enabling;
mod front;
mod letters;
mod new_list;
mod programs;
mod reading;
mod secret;
pub mod target;
pub mod workflow;

use posthaste_model::{EntryId, MailingList};

pub use self::answer::{Answer, Refusal};
pub(crate) use self::desk::expire;
pub use self::desk::{Desk, DeskError, JoinWish, Verdict};
pub use self::front::Enrolment;
pub use self::programs::{Decision, Settlement, Subscribing};
pub use self::secret::{Secret, is_token};

/// What it takes to write to people about memberships.
#[derive(Clone, Debug, Default)]
pub struct MembershipSite {
    /// Makes tokens; without one, a request that is worked on again after a crash has a new token.
    pub secret: Option<Secret>,
    /// Where pages answer, without a slash at the end; `None` if none are served.
    pub pages: Option<String>,
}

/// Who asks for something, about which list.
#[derive(Clone, Debug)]
pub struct Asking<'a> {
    /// What is done: the same id is the same thing done again.
    pub deed: EntryId,
    /// The list.
    pub list: &'a MailingList,
    /// From which network it was asked for, see [`target::network_of`]; empty if none is known.
    pub network: String,
    /// Mails to people about it are rationed.
    pub rationed: bool,
}
