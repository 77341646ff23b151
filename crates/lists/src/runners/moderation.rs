//! Carries out what moderators decided.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthaste_mime::{Field, Head, rfc5322_date};
use posthaste_model::{Action, Beat, EntryId, Envelope, MailingList, Stage, SubAddress, Timestamp};
use posthaste_spool::{Kind, NewEntry};
use posthaste_store::{Decision, HeldMessage};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::station::{Tools, Trouble};
use crate::history::{Trace, TraceEvent};
use crate::notes;
use crate::notices::{forwarded, refused};

/// The field that says when a moderator accepted a post.
const APPROVED_AT: &str = "X-Mailman-Approved-At";
/// How often it looks by itself, for decisions of which nobody told it.
const EVERY: Duration = Duration::from_secs(30);
/// Decisions read at once.
const PAGE: u64 = 100;

/// The runner of decisions. One at a time.
pub struct Moderation {
    tools: Tools,
    /// Accepted posts that went back to the spool since the start. Their decision is closed by the incoming runner, before
    /// it plans them; until then they must not be put a second time, for the first may be gone already.
    accepted: Mutex<HashSet<EntryId>>,
}

/// Rung when there is something to carry out.
#[derive(Default, Debug)]
pub struct Bell(Notify);

impl Bell {
    /// Rings it.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// That a moderator accepted a post: what stands in the note [`notes::APPROVED`] of its new entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Approval {
    /// The held post.
    pub(crate) held: EntryId,
    /// Who accepted it, and by which way.
    pub(crate) who: String,
    /// When.
    pub(crate) at: Timestamp,
}

impl Moderation {
    /// A runner with these.
    pub fn new(tools: Tools) -> Self {
        Self { tools, accepted: Mutex::default() }
    }

    /// The bell that wakes it.
    pub fn bell(&self) -> Arc<Bell> {
        self.tools.decisions.clone()
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        loop {
            tokio::select! { () = stop.cancelled() => return, () = self.tools.gate.opened() => {} }
            beat.begin("decisions").await;
            if let Err(error) = self.round(beat).await {
                if let Trouble::Store(error) = &error
                    && error.is_outage()
                {
                    self.tools.gate.close(&error.to_string());
                } else {
                    tracing::warn!(%error, "a decision was not carried out; tried again soon");
                }
            }
            beat.waiting("a decision");
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.tools.decisions.0.notified() => {}
                () = self.tools.clock.sleep(EVERY) => {}
            }
        }
    }

    async fn round(&self, beat: &Beat) -> Result<(), Trouble> {
        let mut after: Option<Decision> = None;
        loop {
            // Page by page: what cannot be carried out stays open, and must not stand before the others.
            let page = self.tools.store.open_decisions(after.as_ref(), PAGE).await?;
            for decision in &page {
                beat.progress();
                if let Err(trouble) = self.carry_out(decision).await {
                    trouble.spare_others("a moderator's decision")?;
                }
            }
            let full = page.len() as u64 == PAGE;
            after = page.into_iter().next_back();
            if !full {
                return Ok(());
            }
        }
    }

    async fn carry_out(&self, decision: &Decision) -> Result<(), Trouble> {
        if self.lock().contains(&decision.held) {
            return Ok(());
        }
        let tools = &self.tools;
        let Some(held) = tools.store.held(decision.held).await? else {
            return self.nothing_to_decide(decision).await;
        };
        let Some(list) = tools.store.list_by_key(held.list).await? else { return Ok(()) };
        let kind = match decision.action {
            Action::Accept => {
                self.put(accepted(&list, &held, decision)).await?;
                // Closed by the incoming runner.
                self.lock().insert(decision.held);
                tools.store.unmark("claim", decision.held.uuid()).await?;
                return Ok(());
            }
            Action::Reject => {
                if let Some(letter) = self.refusal(&list, &held, decision).await? {
                    self.put(letter).await?;
                }
                Some(Kind::Rejected)
            }
            Action::Discard => Some(Kind::Discarded),
            Action::Defer | Action::Hold => {
                let site = tools.site.get();
                for to in &decision.forward {
                    let who = decision.who.as_str();
                    let parent = decision.id.child(&decision.at.to_string());
                    if let Some(letter) = forwarded(&site, &list, &held, parent, to, who, decision.at) {
                        self.put(letter).await?;
                    }
                }
                None
            }
        };
        let now = tools.clock.now();
        tools.store.carried_out(decision, now).await?;
        if let Some(kind) = kind {
            tools.store.unmark("claim", decision.held.uuid()).await?;
            let told = json!({ "by": decision.who, "reasons": [decision.reason.as_deref().unwrap_or("decided by a moderator")] });
            let trace = Trace {
                id: held.id,
                message_id: held.message_id.clone(),
                list: list.list_id.clone(),
                envelope: held.envelope.clone(),
                events: vec![TraceEvent::new(decision.at, kind, told)],
            };
            tools.history.add(&trace, now);
        }
        Ok(())
    }

    /// The post is gone: carried out meanwhile, or gone with its list. Then nothing is left to be done. If it is there and
    /// cannot be read whole, a person has to look.
    async fn nothing_to_decide(&self, decision: &Decision) -> Result<(), Trouble> {
        if self.tools.store.is_held(decision.held).await? {
            return Err(Trouble::Entry(format!(
                "parts of the held post {} are missing in the database; restore them from a backup",
                decision.held
            )));
        }
        tracing::info!(held = %decision.held, "a decision about a post that is gone is forgotten");
        Ok(self.tools.store.forget_decision(decision.id).await?)
    }

    async fn put(&self, entry: NewEntry) -> Result<(), Trouble> {
        let counted = self.tools.events.born(&entry.list);
        Ok(self.tools.spool.put_with(entry, counted).await.map(|_| ())?)
    }

    async fn refusal(
        &self,
        list: &MailingList,
        held: &HeldMessage,
        decision: &Decision,
    ) -> Result<Option<NewEntry>, Trouble> {
        let tools = &self.tools;
        let language = self.language(list, held).await?;
        let request =
            tools.templates.phrase("moderation.request_post", &language, &[("subject", &held.subject)]);
        let vars =
            [("request", request.as_str()), ("reason", decision.reason.as_deref().unwrap_or_default())];
        let wording =
            tools.templates.notice(&tools.store, "list:user:notice:refuse", list, &language, &vars).await?;
        Ok(refused(&tools.site.get(), list, held, wording, decision.at))
    }

    /// The language of the author, if it is known, else the list's.
    async fn language(&self, list: &MailingList, held: &HeldMessage) -> Result<String, Trouble> {
        let senders: Vec<_> = posthaste_model::Address::parse(&held.sender).into_iter().collect();
        let known = self.tools.store.posting_facts(list.id, &senders, &[]).await?.memberships;
        let own = known.into_iter().find_map(|m| m.preferences.preferred_language);
        Ok(own.unwrap_or_else(|| list.settings.preferred_language.clone()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<EntryId>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The accepted post as a new entry. As received as it was, but now: nobody has waited for it to be sent until now.
fn accepted(list: &MailingList, held: &HeldMessage, decision: &Decision) -> NewEntry {
    let approval = Approval { held: held.id, who: decision.who.clone(), at: decision.at };
    NewEntry {
        id: held.id.child("accepted"),
        stage: Stage::Incoming,
        list: list.list_id.clone(),
        envelope: Envelope { received: decision.at, ..held.envelope.clone() },
        notes: BTreeMap::from([
            (notes::SUB.to_owned(), SubAddress::Post.name().to_owned()),
            (notes::PARENT.to_owned(), held.id.to_string()),
            (notes::APPROVED.to_owned(), serde_json::to_string(&approval).unwrap_or_default()),
        ]),
        message: held.message.clone(),
        events: vec![],
    }
}

impl Approval {
    /// What the notes of an entry say; `None` if nobody accepted it.
    pub(crate) fn of(notes: &BTreeMap<String, String>) -> Option<Self> {
        notes.get(notes::APPROVED).and_then(|text| serde_json::from_str(text).ok())
    }

    /// Says in the header when it was.
    pub(crate) fn stamp(&self, head: &mut Head) {
        head.remove(APPROVED_AT);
        head.append(Field::structured(APPROVED_AT, &rfc5322_date(self.at)));
    }

    /// Closes the decision: the post is in this entry from now on, and nowhere else. May be done again.
    pub(crate) async fn close(&self, tools: &Tools) -> Result<(), Trouble> {
        if let Some(decision) = tools.store.decision(self.held).await? {
            tools.store.carried_out(&decision, tools.clock.now()).await?;
        }
        Ok(())
    }
}
