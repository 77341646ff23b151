use std::time::Duration;

use posthaste_model::{Action, Address, ListId, MailingList, Role, Timestamp};
use posthaste_store::{AuditEntry, AuditWanted, Decided, Decision, HeldSummary, Mark, Store, StoreError};
use serde_json::json;

use super::{Case, Moderator, Ruling, Way};
use crate::site::Site;

/// How long a claim keeps other moderators away.
pub const CLAIM_HOLDS: Duration = Duration::from_mins(30);

/// The mark that says who has a held post in hand.
const CLAIM: &str = "claim";

/// Where moderators decide. Needs the database and nothing else.
#[derive(Clone, Debug)]
pub struct Desk {
    store: Store,
}

/// What came of wanting something done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ruled {
    /// It is decided, and will be carried out even if this machine dies now.
    Now,
    /// It was decided before: by whom, and what.
    Before {
        /// Who decided.
        who: String,
        /// What: `accept`, `reject`, `discard`.
        action: String,
    },
    /// Another moderator has it in hand.
    Claimed(Mark),
    /// There never was such a post, or it went with its list.
    NotThere,
}

impl Desk {
    /// A desk at this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The held post with this number.
    pub async fn case(&self, number: i64, now: Timestamp) -> Result<Option<Case>, StoreError> {
        let Some(post) = self.store.held_by_number(number).await? else { return Ok(None) };
        let Some(list) = self.store.list_by_key(post.list).await? else { return Ok(None) };
        let decision = self.store.decision(post.id).await?;
        let claim = self.claims(now).await?.remove(&post.id.uuid());
        Ok(Some(Case { post, list, claim, decision }))
    }

    /// Who has what in hand, by the id of the held post.
    pub async fn claims(
        &self,
        now: Timestamp,
    ) -> Result<std::collections::HashMap<uuid::Uuid, Mark>, StoreError> {
        let mut claims = self.store.marks(CLAIM).await?;
        claims.retain(|_, mark| mark.at >= now.minus(CLAIM_HOLDS));
        Ok(claims)
    }

    /// Takes a post in hand; `Some` is whoever has it already.
    pub async fn claim(
        &self,
        post: &HeldSummary,
        who: &str,
        now: Timestamp,
    ) -> Result<Option<Mark>, StoreError> {
        let mark = Mark { who: who.to_owned(), at: now };
        self.store.mark(CLAIM, post.id.uuid(), &mark, now.minus(CLAIM_HOLDS)).await
    }

    /// Gives it back; says whether somebody had it.
    pub async fn release(&self, post: &HeldSummary) -> Result<bool, StoreError> {
        self.store.unmark(CLAIM, post.id.uuid()).await
    }

    /// Decides about the held post with this number. Asked for the same once more by the same person, it says the same.
    pub async fn rule(
        &self,
        number: i64,
        ruling: &Ruling,
        by: &Moderator,
        now: Timestamp,
    ) -> Result<Ruled, StoreError> {
        let Some(case) = self.case(number, now).await? else { return self.gone(number).await };
        if let Some(before) = case.decision {
            return Ok(self.before(&before, ruling, by));
        }
        let taken = case.claim.filter(|claim| claim.who != by.name && !ruling.force && by.way != Way::Clock);
        if let Some(claim) = taken {
            return Ok(Ruled::Claimed(claim));
        }
        let waits = matches!(ruling.action, Action::Defer | Action::Hold);
        let forward: Vec<_> = ruling.forward.iter().map(ToString::to_string).collect();
        if !forward.is_empty() {
            // First and for itself: a copy is sent whatever becomes of the post, and before it is gone.
            let decision = decision(
                &case.post,
                Action::Defer,
                &Ruling { forward: ruling.forward.clone(), ..Ruling::new(Action::Defer) },
                by,
                now,
            );
            let told = audit(&case.post, &case.list.list_id, "forward", &decision);
            if let done @ (Ruled::Before { .. } | Ruled::NotThere) =
                self.decided(&decision, &told, ruling, by).await?
            {
                return Ok(done);
            }
        }
        if waits {
            if forward.is_empty() {
                let decision = decision(&case.post, Action::Defer, ruling, by, now);
                self.store.audit(&audit(&case.post, &case.list.list_id, "defer", &decision)).await?;
            }
            return Ok(Ruled::Now);
        }
        let ruling = Ruling { forward: vec![], ..ruling.clone() };
        let decision = decision(&case.post, ruling.action, &ruling, by, now);
        let told = audit(&case.post, &case.list.list_id, ruling.action.name(), &decision);
        self.decided(&decision, &told, &ruling, by).await
    }

    async fn decided(
        &self,
        decision: &Decision,
        audit: &AuditEntry,
        ruling: &Ruling,
        by: &Moderator,
    ) -> Result<Ruled, StoreError> {
        Ok(match self.store.decide(decision, audit).await? {
            Decided::Now => {
                tracing::info!(held = %decision.held, action = %decision.action, "decided about a held post");
                Ruled::Now
            }
            Decided::Before(before) => self.before(&before, ruling, by),
            Decided::NotThere => Ruled::NotThere,
        })
    }

    /// A step done again after a crash is no second moderator.
    #[expect(clippy::unused_self, reason = "reads as the answer of the desk")]
    fn before(&self, before: &Decision, ruling: &Ruling, by: &Moderator) -> Ruled {
        if before.who == by.to_string() && before.action == ruling.action {
            return Ruled::Now;
        }
        Ruled::Before { who: before.who.clone(), action: before.action.to_string() }
    }

    /// Who decided about a post that is not here any more.
    async fn gone(&self, number: i64) -> Result<Ruled, StoreError> {
        let mut wanted = AuditWanted { object: Some(object(number)), ..AuditWanted::default() };
        for action in [Action::Accept, Action::Reject, Action::Discard] {
            wanted.action = Some(action.name().to_owned());
            if let Some(record) = self.store.audit_page(&wanted, 1).await?.pop() {
                return Ok(Ruled::Before { who: record.who, action: record.action });
            }
        }
        Ok(Ruled::NotThere)
    }

    /// Who may decide about the posts of a list: its owners and moderators, or the site's owner if it has none.
    pub async fn moderators(&self, list: &MailingList, site: &Site) -> Result<Vec<String>, StoreError> {
        let mut moderators: Vec<String> =
            self.store.admins(list.id).await?.into_iter().map(String::from).collect();
        if moderators.is_empty() {
            moderators.push(site.owner.clone());
        }
        Ok(moderators)
    }

    /// True if this address may decide about the posts of the list now.
    pub async fn may(&self, list: &MailingList, site: &Site, address: &str) -> Result<bool, StoreError> {
        let Ok(address) = Address::parse(address) else { return Ok(false) };
        let roles = self.store.posting_facts(list.id, std::slice::from_ref(&address), &[]).await?.memberships;
        if roles.iter().any(|m| matches!(m.role, Role::Owner | Role::Moderator)) {
            return Ok(true);
        }
        let moderators = self.moderators(list, site).await?;
        Ok(moderators.iter().any(|m| Address::parse(m).is_ok_and(|m| m == address)))
    }
}

fn decision(post: &HeldSummary, action: Action, ruling: &Ruling, by: &Moderator, at: Timestamp) -> Decision {
    let forward: Vec<_> = ruling.forward.iter().map(ToString::to_string).collect();
    let id = if action == Action::Defer {
        post.id.child(&format!("forward {}", forward.join(" ")))
    } else {
        post.id
    };
    Decision {
        id,
        held: post.id,
        action,
        who: by.to_string(),
        reason: ruling.reason.clone(),
        forward,
        preserve: ruling.preserve,
        at,
    }
}

fn object(number: i64) -> String {
    format!("held post {number}")
}

fn audit(post: &HeldSummary, list: &ListId, action: &str, decision: &Decision) -> AuditEntry {
    AuditEntry {
        at: decision.at,
        who: decision.who.clone(),
        action: action.to_owned(),
        list: list.as_str().to_owned(),
        object: object(post.number),
        was: json!({
            "sender": post.sender, "subject": post.subject, "message_id": post.message_id, "reasons": post.reasons,
        }),
        became: json!({
            "reason": decision.reason, "forward": decision.forward, "preserve": decision.preserve,
        }),
    }
}
