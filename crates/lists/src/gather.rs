//! Loads from the database what rules and steps may look at.

use posthaste_model::{ListName, MailingList, Role, Timestamp};
use posthaste_store::{Membership, Store, StoreError};

use crate::facts::{Facts, HeaderCheck, MembershipFact};
use crate::patterns::Patterns;
use crate::post::Post;
use crate::site::Site;

/// Everything rules and steps may look at for this post to this list; `passed` is called after each question.
pub async fn gather(
    store: &Store,
    site: &Site,
    patterns: &Patterns,
    (post, list): (&Post, &MailingList),
    now: Timestamp,
    passed: impl Fn() + Send + Sync,
) -> Result<Facts, StoreError> {
    let senders = post.senders();
    let addressed: Vec<_> = post.explicit_recipients().into_iter().map(|m| m.address).collect();
    let known = store.posting_facts(list.id, &senders, &addressed).await?;
    passed();
    let mut elsewhere = vec![];
    for other in list.settings.accept_these_nonmembers.iter().filter_map(|e| e.strip_prefix('@')) {
        let Ok(name) = ListName::parse(other) else { continue };
        let Some(sibling) = store.list_by_name(&name).await? else { continue };
        passed();
        let there = store.posting_facts(sibling.id, &senders, &[]).await?;
        let members = there.memberships.into_iter().filter(|m| m.role == Role::Member);
        elsewhere.extend(members.map(|m| (other.to_owned(), m.address)));
    }
    Ok(Facts {
        now,
        memberships: known.memberships.into_iter().chain(known.addressed).map(fact).collect(),
        banned: known.banned.into_iter().map(|b| (b.address, b.entry)).collect(),
        elsewhere,
        header_checks: header_checks(store, site, patterns, list).await?,
        site: site.facts(),
        ..Facts::default()
    })
}

/// The site's header checks, then the list's.
pub(crate) async fn header_checks(
    store: &Store,
    site: &Site,
    patterns: &Patterns,
    list: &MailingList,
) -> Result<Vec<HeaderCheck>, StoreError> {
    let own = store.header_matches(list.id).await?;
    let own = own.into_iter().enumerate().filter_map(|(position, rule)| {
        Some(HeaderCheck {
            name: format!("header-match-{}-{position}", list.list_id),
            of: "list",
            header: rule.header,
            pattern: patterns.get(&rule.pattern)?,
            action: rule.action.unwrap_or(site.rules.header_action),
        })
    });
    Ok(site.rules.header_checks.iter().cloned().chain(own).collect())
}

fn fact(membership: Membership) -> MembershipFact {
    MembershipFact {
        sought: membership.address.clone(),
        address: membership.via.unwrap_or(membership.address),
        role: membership.role,
        member: membership.member,
        display_name: membership.display_name,
        moderation_action: membership.moderation_action,
        preferences: membership.preferences,
        accepted_posts: membership.accepted_posts,
    }
}
