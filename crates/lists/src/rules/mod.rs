//! The rules a post meets, in order. Pure: they look at loaded facts and say a reason, or nothing.
//!
//! A new rule is one file here and one line in `TABLE`.

mod administrivia;
mod announce_only;
mod approved;
mod banned_address;
mod digests;
mod dmarc_mitigation;
mod emergency;
mod engine;
mod header_match;
mod implicit_dest;
mod max_recipients;
mod max_size;
mod member_moderation;
mod new_member;
mod news_moderation;
mod no_senders;
mod no_subject;
mod nonmember_moderation;
mod own_loop;
mod owner_mail;
mod pattern;
mod suspicious_header;
mod umbrella;

use posthaste_model::MailingList;

pub(crate) use self::dmarc_mitigation::is_named;
pub use self::engine::{Judgement, Said, Verdict, explain, judge};
pub use self::owner_mail::judge_owner_mail;
use crate::facts::Facts;
use crate::post::Post;
use crate::reason::Reason;

/// One rule.
trait Rule {
    /// Its name in headers, logs and the REST API: Mailman's where it has one.
    const NAME: &'static str;
    /// The reason if it hits.
    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason>;
    /// What it looked at if it does not hit, for people who want to know.
    fn passed(_post: &Post, _list: &MailingList, _facts: &Facts) -> String {
        "nothing to object to".into()
    }
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
    passed: fn(&Post, &MailingList, &Facts) -> String,
    then: Then,
    /// Not named among the rules that did not hit: Mailman has no such rule, or names its parts only.
    quiet: bool,
}

const fn link<R: Rule>(then: Then) -> Link {
    Link { name: R::NAME, check: R::check, passed: R::passed, then, quiet: false }
}

const fn quiet<R: Rule>(then: Then) -> Link {
    Link { quiet: true, ..link::<R>(then) }
}

/// What a post to a list meets, in this order.
const TABLE: &[Link] = &[
    link::<dmarc_mitigation::DmarcMitigation>(Then::Moderate),
    link::<no_senders::NoSenders>(Then::Discard),
    link::<approved::Approved>(Then::Moderate),
    link::<own_loop::Loop>(Then::Discard),
    link::<banned_address::BannedAddress>(Then::Discard),
    quiet::<header_match::HeaderMatch>(Then::Moderate),
    link::<emergency::Emergency>(Then::Hold),
    quiet::<new_member::NewMember>(Then::Moderate),
    link::<member_moderation::MemberModeration>(Then::Moderate),
    link::<nonmember_moderation::NonmemberModeration>(Then::Moderate),
    link::<announce_only::AnnounceOnly>(Then::Moderate),
    link::<administrivia::Administrivia>(Then::Defer),
    link::<implicit_dest::ImplicitDest>(Then::Defer),
    link::<max_recipients::MaxRecipients>(Then::Defer),
    link::<max_size::MaxSize>(Then::Defer),
    link::<news_moderation::NewsModeration>(Then::Defer),
    link::<no_subject::NoSubject>(Then::Defer),
    link::<digests::Digests>(Then::Defer),
    link::<suspicious_header::SuspiciousHeader>(Then::Defer),
];
