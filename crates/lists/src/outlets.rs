//! Where posts go besides to members one by one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use posthaste_mime::message_id_hash;
use posthaste_model::{MailingList, Stage};
use posthaste_spool::Entry;
use posthaste_store::{Store, StoreError};

use crate::archive::{Archivers, may_archive};
use crate::digest::Daily;
use crate::news::{FROM_NEWS, NewsServer};
use crate::pipeline::{ArchiveLinks, Outgoing};
use crate::post::Post;

/// Archives, digests and newsgroups.
pub struct Outlets {
    /// Who keeps posts.
    pub archivers: Archivers,
    /// When periodic digests go out.
    pub digests: Daily,
    /// The news server, if there is one.
    pub news: Option<NewsServer>,
    /// Only one sends digests at a time.
    pub(crate) digest_turn: tokio::sync::Mutex<()>,
    pub(crate) pauses: Pauses,
    /// When newsgroups are looked into next: monotonic time.
    next_look: Mutex<Duration>,
}

impl Outlets {
    /// These.
    pub fn new(archivers: Archivers, digests: Daily, news: Option<NewsServer>) -> Self {
        let (digest_turn, pauses) = (tokio::sync::Mutex::default(), Pauses::default());
        Self { archivers, digests, news, digest_turn, pauses, next_look: Mutex::default() }
    }

    /// True if newsgroups are to be looked into now; the next time then is a while away.
    pub(crate) fn is_time_for_news(&self, now: Duration) -> bool {
        let every = self.news.as_ref().map_or(Duration::MAX, |server| server.every);
        let mut next = self.next_look.lock().unwrap_or_else(PoisonError::into_inner);
        let due = now >= *next;
        if due {
            *next = now.saturating_add(every);
        }
        due
    }

    /// Where list and post are read, for the fields that say so.
    pub(crate) fn links(&self, list: &MailingList, post: &Post) -> Option<ArchiveLinks> {
        let mut links = self.archivers.links(list, &message_id_hash(&post.message_id()))?;
        // A post that is in no archive has no place there.
        links.post = links.post.filter(|_| may_archive(list, &post.message.head));
        Some(links)
    }

    /// What a post waits for besides delivery.
    pub(crate) async fn stages(
        &self,
        store: &Store,
        entry: &Entry,
        list: &MailingList,
        outgoing: &Outgoing,
    ) -> Result<Vec<Stage>, StoreError> {
        let mut stages = vec![];
        if self.archivers.of(list).next().is_some() && may_archive(list, &outgoing.archive.head) {
            stages.push(Stage::Archive);
        }
        if list.settings.digests_enabled && store.has_digest_readers(list.id).await? {
            stages.push(Stage::Digest);
        }
        if self.news.is_some() && list.settings.gateway_to_news && !entry.notes.contains_key(FROM_NEWS) {
            if list.settings.linked_newsgroup.trim().is_empty() {
                tracing::warn!("posts are to go to a newsgroup, and linked_newsgroup names none");
            } else {
                stages.push(Stage::News);
            }
        }
        Ok(stages)
    }
}

/// Who is away, and until when it is not asked again: monotonic time.
#[derive(Default)]
pub(crate) struct Pauses(Mutex<HashMap<&'static str, (u32, Duration)>>);

impl Pauses {
    /// Between attempts, at least and at most.
    const SHORTEST: Duration = Duration::from_secs(5);
    const LONGEST: Duration = Duration::from_mins(5);

    /// How long it is not asked yet.
    pub(crate) fn left(&self, name: &str, now: Duration) -> Option<Duration> {
        let pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.get(name).map(|(_, until)| until.saturating_sub(now)).filter(|left| !left.is_zero())
    }

    /// It was away: how long it is not asked from now on.
    pub(crate) fn away(&self, name: &'static str, now: Duration) -> Duration {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (times, until) = pauses.entry(name).or_default();
        let pause = (Self::SHORTEST * 2_u32.saturating_pow(*times)).min(Self::LONGEST);
        *times = (*times + 1).min(16);
        *until = now + pause;
        pause
    }

    /// It is there.
    pub(crate) fn there(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_away_is_asked_less_and_less_often() {
        let pauses = Pauses::default();
        let mut now = Duration::from_secs(100);
        assert_eq!(pauses.left("x", now), None);
        let mut seen = vec![];
        for _ in 0..9 {
            let pause = pauses.away("x", now);
            assert_eq!(pauses.left("x", now), Some(pause));
            seen.push(pause.as_secs());
            now += pause;
            assert_eq!(pauses.left("x", now), None);
        }
        assert_eq!(seen, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        pauses.there("x");
        assert_eq!(pauses.away("x", now).as_secs(), 5);
        assert_eq!(pauses.left("y", now), None);
    }
}
