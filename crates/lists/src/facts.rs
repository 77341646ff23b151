//! What rules and pipeline may know besides the post and the list.

use std::sync::Arc;

use posthaste_auth::Findings;
use posthaste_model::{Action, Address, Pattern, Preferences, Role, Timestamp};
use uuid::Uuid;

use crate::post::Post;

/// One membership of somebody a post mentions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MembershipFact {
    /// The address of the post through which it was found.
    pub sought: Address,
    /// The address it is for: `sought` itself or another one of the same person.
    pub address: Address,
    /// In which role.
    pub role: Role,
    /// The membership's key.
    pub member: Uuid,
    /// The person's name; may be empty.
    pub display_name: String,
    /// What happens to this person's posts; `None` = as the list says.
    pub moderation_action: Option<Action>,
    /// What holds for this membership, all levels taken together.
    pub preferences: Preferences,
    /// How many posts of this membership the list has accepted; counted up to a hundred.
    pub accepted_posts: u64,
}

/// A rule on a header field, ready for use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeaderCheck {
    /// What X-Mailman-Rule-Hits calls it.
    pub name: String,
    /// Whose it is: `site` or `list`.
    pub of: &'static str,
    /// The field, lower case.
    pub header: String,
    /// What must not stand in it.
    pub pattern: Pattern,
    /// What happens to a post where it does.
    pub action: Action,
}

/// What the site says on rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteRules {
    /// Header checks that hold on every list, before the list's own.
    pub header_checks: Vec<HeaderCheck>,
    /// What happens where a list's header match does not say.
    pub header_action: Action,
    /// Answers to whole digests are held.
    pub hold_digests: bool,
    /// So many lines of a digest's masthead make a message one that quotes a digest.
    pub digest_lines: usize,
    /// So many lines of a text are searched for commands.
    pub command_lines: usize,
    /// Every how many posts each member gets a copy with an envelope sender of their own; 0 = never.
    pub verp_interval: u64,
}

impl Default for SiteRules {
    fn default() -> Self {
        Self {
            header_checks: vec![],
            header_action: Action::Hold,
            hold_digests: false,
            digest_lines: 4,
            command_lines: 10,
            verp_interval: 0,
        }
    }
}

/// What rules and steps may know of the site.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SiteFacts {
    /// Who runs it.
    pub owner: String,
    /// Where its pages are, without a slash at the end; `None` if they are not served.
    pub base_url: Option<String>,
    /// True if a member can leave with one click under an address of their own (RFC 8058).
    pub one_click: bool,
    /// The name of this host.
    pub hostname: String,
    /// Signatures of others are taken out of what is passed on.
    pub remove_dkim_headers: bool,
    /// What X-Mailman-Version says: name and version of this software.
    pub software: String,
    /// What it says on rules.
    pub rules: Arc<SiteRules>,
    /// What holds for the content of all posts.
    pub content: ContentFacts,
}

/// What the site lays down about the content of posts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ContentFacts {
    /// A message says at its end what the content filter took out of it.
    pub report: bool,
    /// What a list's content filter asks to preserve is set aside; otherwise it is dropped.
    pub preserve: bool,
    /// A list's limit of size counts what the content filter leaves.
    pub limit_filtered: bool,
}

/// Everything rules and steps may look at besides the post and the list, loaded once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Now, wall time.
    pub now: Timestamp,
    /// Every membership in this list, in any role, of the addresses that [`Facts::wanted`] names.
    pub memberships: Vec<MembershipFact>,
    /// Senders that are banned, each with the ban that says so.
    pub banned: Vec<(Address, String)>,
    /// Senders that are members of another list of this site that `accept_these_nonmembers` names as `@list@host`: the
    /// posting address of that list and the sender.
    pub elsewhere: Vec<(String, Address)>,
    /// The header checks that hold for this list: the site's, then its own.
    pub header_checks: Vec<HeaderCheck>,
    /// What stands on top of the list's digests, if answers to digests are looked for.
    pub masthead: String,
    /// True if the message bore the moderator's password.
    pub approved: bool,
    /// True if it was an article of the linked newsgroup.
    pub from_news: bool,
    /// Where the post is from, as far as that was looked into.
    pub auth: Findings,
    /// The site.
    pub site: SiteFacts,
    /// The number of this post (`%d` of the subject prefix).
    pub post_number: i64,
}

impl Facts {
    /// The addresses whose memberships must be loaded for this post: its senders and whom it names as recipients.
    pub fn wanted(post: &Post) -> Vec<Address> {
        let mut wanted = post.senders();
        let mut seen: std::collections::HashSet<Address> = wanted.iter().cloned().collect();
        wanted.extend(
            post.explicit_recipients().into_iter().map(|m| m.address).filter(|a| seen.insert(a.clone())),
        );
        wanted
    }

    /// The membership that speaks for the author: of the first sender that has one, preferably under that very address.
    pub fn author(&self, post: &Post) -> Option<&MembershipFact> {
        post.senders().iter().find_map(|sender| self.member(sender))
    }

    /// The membership of this person, preferably under this very address.
    pub fn member(&self, sought: &Address) -> Option<&MembershipFact> {
        let of = |m: &&MembershipFact| m.role == Role::Member && m.sought == *sought;
        let exact = self.memberships.iter().filter(of).find(|m| m.address == *sought);
        exact.or_else(|| self.memberships.iter().find(of))
    }

    /// True if a sender runs the list, as owner or moderator.
    pub fn author_runs_list(&self, post: &Post) -> bool {
        let senders = post.senders();
        self.memberships
            .iter()
            .any(|m| matches!(m.role, Role::Owner | Role::Moderator) && senders.contains(&m.sought))
    }

    /// True if each member gets a copy with an envelope sender of their own this time, as the site wants now and then.
    pub fn is_verp_turn(&self) -> bool {
        let every = self.site.rules.verp_interval;
        every > 0 && self.post_number.unsigned_abs().is_multiple_of(every)
    }

    /// Senders that have no membership of any kind: the list remembers them as nonmembers, so that an owner can set what
    /// happens to their next post.
    pub fn strangers(&self, post: &Post, posting_address: &str) -> Vec<Address> {
        let known = |a: &Address| {
            self.memberships
                .iter()
                .any(|m| m.sought == *a && matches!(m.role, Role::Member | Role::Nonmember))
        };
        post.senders().into_iter().filter(|a| !known(a) && a.key() != posting_address).collect()
    }
}
