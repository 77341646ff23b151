//! The rules a post meets, in order. Pure: they look at loaded facts and say a reason, or nothing.
//!
//! A new rule is one file here and one line in `TABLE`.

mod announce_only;
mod banned_address;
mod emergency;
mod engine;
mod implicit_dest;
mod max_recipients;
mod max_size;
mod member_moderation;
mod no_senders;
mod no_subject;
mod nonmember_moderation;
mod own_loop;
mod pattern;

use posthaste_model::MailingList;

pub use self::engine::{Judgement, Verdict, judge};
use crate::facts::Facts;
use crate::post::Post;
use crate::reason::Reason;

/// One rule.
trait Rule {
    /// Its name in headers, logs and the REST API: Mailman's where it has one.
    const NAME: &'static str;
    /// The reason if it hits.
    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason>;
}

/// What follows when a rule hits.
#[derive(Clone, Copy)]
enum Then {
    /// The other rules are asked too; in the end the post is held for all reasons together.
    Defer,
    /// The post is held, whatever the other rules would say.
    Hold,
    /// The post is dropped.
    Discard,
    /// What the reason asks for.
    Moderate,
}

/// One line of the table.
struct Link {
    name: &'static str,
    check: fn(&Post, &MailingList, &Facts) -> Option<Reason>,
    then: Then,
}

const fn link<R: Rule>(then: Then) -> Link {
    Link { name: R::NAME, check: R::check, then }
}

/// What a post to a list meets, in this order.
const TABLE: &[Link] = &[
    link::<no_senders::NoSenders>(Then::Discard),
    link::<own_loop::Loop>(Then::Discard),
    link::<banned_address::BannedAddress>(Then::Discard),
    link::<emergency::Emergency>(Then::Hold),
    link::<member_moderation::MemberModeration>(Then::Moderate),
    link::<nonmember_moderation::NonmemberModeration>(Then::Moderate),
    link::<announce_only::AnnounceOnly>(Then::Moderate),
    link::<implicit_dest::ImplicitDest>(Then::Defer),
    link::<max_recipients::MaxRecipients>(Then::Defer),
    link::<max_size::MaxSize>(Then::Defer),
    link::<no_subject::NoSubject>(Then::Defer),
];
