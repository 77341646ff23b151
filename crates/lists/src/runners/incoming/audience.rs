//! Who gets a post besides the rule "every member", and who does not.

use std::collections::HashSet;
use std::time::Duration;

use posthaste_model::{Beat, ListName, MailingList, Role, Timestamp};
use posthaste_store::RecipientRow;
use uuid::Uuid;

use super::post::PAGE;
use super::{Incoming, Trouble};
use crate::delivery::{Recipient, RecipientsBuilder};
use crate::facts::Facts;
use crate::post::Post;
use crate::topics;

/// A list that has accepted the same post longer ago than this does not count: its members may have changed since.
const TOGETHER: Duration = Duration::from_hours(1);

/// What is special about who gets a post.
#[derive(Debug, Default)]
pub(super) struct Audience {
    /// Keys of addresses that get no copy.
    pub(super) skip: HashSet<String>,
    /// Members who have chosen other topics.
    pub(super) not_interested: HashSet<Uuid>,
    /// Lists whose members get it, too.
    pub(super) include: Vec<Uuid>,
}

impl Audience {
    /// True if this member gets no copy.
    pub(super) fn leaves_out(&self, row: &RecipientRow) -> bool {
        self.not_interested.contains(&row.member) || self.skip.contains(&row.address.to_lowercase())
    }
}

impl Incoming {
    /// What is special about who gets this post.
    pub(super) async fn audience(
        &self,
        post: &Post,
        list: &MailingList,
        facts: &Facts,
        beat: &Beat,
    ) -> Result<Audience, Trouble> {
        let (store, settings) = (&self.station.tools.store, &list.settings);
        let mut audience = Audience::default();
        if settings.topics_enabled && !settings.topics.is_empty() {
            let mut about = topics::of(&post.message, list);
            if about.is_empty() {
                about.push(topics::NONE.to_owned());
            }
            audience.not_interested = store.not_interested(list.id, &about).await?.into_iter().collect();
        }
        let named = names_of_lists(post, list);
        let known = store.lists_among(&named).await?;
        if settings.one_copy_of_crossposts && !known.is_empty() {
            self.leave_to_others(post, list, facts.now, &mut audience, beat).await?;
        }
        for (name, id) in &known {
            let excluded =
                settings.regular_exclude_lists.iter().any(|e| e.eq_ignore_ascii_case(&name.to_string()));
            if excluded && self.excludes(post, list, *id).await? {
                audience.skip.extend(self.regular_members(*id, None, beat).await?);
            }
        }
        // Whatever other lists do: an author's copy depends on this list alone.
        for sender in post.senders() {
            audience.skip.remove(sender.key());
        }
        if !settings.regular_include_lists.is_empty() {
            let more: Vec<_> =
                settings.regular_include_lists.iter().filter_map(|n| ListName::parse(n).ok()).collect();
            let found = store.lists_among(&more).await?;
            let more = found.into_iter().filter(|(name, id)| !named.contains(name) && *id != list.id);
            audience.include = more.map(|(_, id)| id).collect();
        }
        Ok(audience)
    }

    /// Members who got this very post from another list already get no second copy.
    async fn leave_to_others(
        &self,
        post: &Post,
        list: &MailingList,
        now: Timestamp,
        audience: &mut Audience,
        beat: &Beat,
    ) -> Result<(), Trouble> {
        let store = &self.station.tools.store;
        for earlier in store.note_crosspost(identity(post), list.id, now, now.minus(TOGETHER)).await? {
            let Some(other) = store.list_by_key(earlier.list).await? else { continue };
            let name = list.name.to_string();
            // Where not every member gets every post, nobody can say from here who did.
            let picky = other.settings.topics_enabled
                || other.settings.regular_exclude_lists.iter().any(|e| e.eq_ignore_ascii_case(&name));
            if !picky {
                audience.skip.extend(self.regular_members(earlier.list, Some(earlier.at), beat).await?);
            }
        }
        Ok(())
    }

    /// True if members of the other list are to get no copy from this one. Of two lists that exclude each other, the first
    /// in the alphabet sends: somebody has to.
    async fn excludes(&self, post: &Post, list: &MailingList, other: Uuid) -> Result<bool, Trouble> {
        let store = &self.station.tools.store;
        let Some(other) = store.list_by_key(other).await? else { return Ok(false) };
        let name = list.name.to_string();
        let mutual = other.settings.regular_exclude_lists.iter().any(|e| e.eq_ignore_ascii_case(&name));
        if mutual && list.name < other.name {
            return Ok(false);
        }
        if !list.settings.regular_exclude_ignore {
            return Ok(true);
        }
        let there = store.posting_facts(other.id, &post.senders(), &[]).await?;
        Ok(there.memberships.iter().any(|m| m.role == Role::Member))
    }

    /// Adds the members of included lists who have no copy yet. They are no members here: no copy of theirs is personal.
    pub(super) async fn include_others(
        &self,
        audience: &mut Audience,
        recipients: &mut RecipientsBuilder,
        beat: &Beat,
    ) -> Result<(), Trouble> {
        for list in audience.include.clone() {
            let mut after = None;
            loop {
                beat.progress();
                let page = self.station.tools.store.recipients_page(list, after, PAGE).await?;
                let Some(bottom) = page.last() else { break };
                after = Some(bottom.member);
                for row in &page {
                    if audience.skip.insert(row.address.to_lowercase()) {
                        let language = row.language.as_deref().unwrap_or_default();
                        recipients.push(Recipient {
                            address: &row.address,
                            member: Uuid::nil(),
                            language,
                            name: &row.name,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// The keys of everybody who gets the posts of a list one by one, and did so at `since` if that is given.
    async fn regular_members(
        &self,
        list: Uuid,
        since: Option<Timestamp>,
        beat: &Beat,
    ) -> Result<HashSet<String>, Trouble> {
        let (mut keys, mut after) = (HashSet::new(), None);
        loop {
            beat.progress();
            let page = self.station.tools.store.recipients_page(list, after, PAGE).await?;
            let Some(bottom) = page.last() else { break };
            after = Some(bottom.member);
            let full = page.len() as u64 == PAGE;
            let there = |row: &RecipientRow| {
                since.is_none_or(|since| joined(row.member).is_some_and(|at| at < since))
            };
            keys.extend(page.iter().filter(|row| there(row)).map(|row| row.address.to_lowercase()));
            if !full {
                break;
            }
        }
        Ok(keys)
    }
}

/// When a membership began: its key tells (RFC 9562 §5.7).
fn joined(member: Uuid) -> Option<Timestamp> {
    let (seconds, nanos) = member.get_timestamp()?.to_unix();
    Some(Timestamp::from_micros(i64::try_from(seconds).ok()? * 1_000_000 + i64::from(nanos / 1_000)))
}

/// What To and Cc name that may be lists of this site, this one left out.
fn names_of_lists(post: &Post, list: &MailingList) -> Vec<ListName> {
    let mut names: Vec<_> =
        post.explicit_recipients().iter().filter_map(|m| ListName::parse(m.address.as_str()).ok()).collect();
    names.retain(|name| *name != list.name);
    names.sort();
    names.dedup();
    names
}

/// The same for all lists that get the same post, and for no other post.
fn identity(post: &Post) -> Uuid {
    let mut bytes = post.message_id().into_bytes();
    bytes.push(0);
    bytes.extend_from_slice(&post.message.body);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &bytes)
}
