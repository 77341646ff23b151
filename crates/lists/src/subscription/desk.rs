use std::sync::Arc;
use std::time::Duration;

use posthaste_model::{
    Address, DeliveryMode, EntryId, Mailbox, MailingList, Member, MembershipRequest, Preferences,
    RequestAction, RequestDetails, Role, SubAddress, Timestamp, TokenOwner,
};
use posthaste_spool::{NewEntry, SpoolError};
use posthaste_store::{Actor, AuditEntry, Budget, Joining, MembershipOutcome, Spending, Spent, StoreError};
use serde_json::json;
use thiserror::Error;

use super::target::fold_target;
use super::workflow::{JoinFacts, Step, begin_joining, begin_leaving, joining_confirmed, leaving_confirmed};
use super::{Answer, Asking, Refusal};
use crate::runners::Tools;

/// How long an address has to answer.
const SUBSCRIBER_LIFE: Duration = Duration::from_hours(3 * 24);
/// How long a moderator has.
const MODERATOR_LIFE: Duration = Duration::from_hours(180 * 24);
/// How long it is remembered what was done and sent.
const MEMORY: Duration = Duration::from_hours(7 * 24);
/// Mails that ask for an answer: to one target over all lists, and from one network (P37).
const RATION: Budget = Budget {
    per_target: 3,
    target_span: Duration::from_hours(24),
    per_scope: 10,
    scope_span: Duration::from_hours(1),
};

/// Why something could not be done at all.
#[derive(Debug, Error)]
pub enum DeskError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spool, which takes the mails that go with it.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// What is known of somebody who is to join.
#[derive(Clone, Debug)]
pub struct JoinWish {
    /// Who.
    pub mailbox: Mailbox,
    /// What the membership is to begin with.
    pub preferences: Preferences,
    /// Whoever asks vouches that somebody reads this address.
    pub pre_verified: bool,
    /// Nobody need ask this person.
    pub pre_confirmed: bool,
    /// No moderator need be asked.
    pub pre_approved: bool,
    /// An owner invites.
    pub invitation: bool,
    /// Whether to say welcome; `None` = as the list says.
    pub greet: Option<bool>,
}

impl JoinWish {
    /// Just this person, as the list has it.
    pub fn new(mailbox: Mailbox) -> Self {
        Self {
            mailbox,
            preferences: Preferences::default(),
            pre_verified: false,
            pre_confirmed: false,
            pre_approved: false,
            invitation: false,
            greet: None,
        }
    }
}

/// What a moderator says of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Let it be done.
    Accept,
    /// Let it not be done, and say so, with this reason if there is one.
    Reject(Option<String>),
    /// Forget it.
    Discard,
}

/// Where memberships begin and end. Everything it does bears being done again under the same [`Asking::deed`].
#[derive(Clone)]
pub struct Desk {
    pub(super) tools: Tools,
    /// Who stands there, for the audit log.
    pub(super) who: Arc<str>,
}

/// What came of it, and the mails to be sent.
pub(crate) struct Settled {
    pub(crate) answer: Answer,
    pub(crate) born: Vec<NewEntry>,
}

impl Settled {
    pub(super) fn just(answer: Answer) -> Self {
        Self { answer, born: vec![] }
    }

    fn refused(why: Refusal) -> Self {
        Self::just(Answer::Refused(why))
    }
}

impl Desk {
    /// A desk with these, at which the program itself stands.
    pub fn new(tools: Tools) -> Self {
        Self { tools, who: "posthaste by itself".into() }
    }

    /// The same desk with this person at it, as the audit log names them: `anne@example.com by mail`.
    #[must_use]
    pub fn on_behalf_of(&self, who: &str) -> Self {
        Self { tools: self.tools.clone(), who: who.into() }
    }

    /// Who does what is done here now.
    fn actor<'a>(&'a self, list: &'a MailingList) -> Actor<'a> {
        Actor { who: &self.who, list: &list.list_id, at: self.tools.clock.now() }
    }

    /// What the audit log is told of something that is no change of a membership.
    pub(super) fn witnessed(
        &self,
        action: &str,
        list: &str,
        object: &str,
        became: serde_json::Value,
    ) -> AuditEntry {
        AuditEntry {
            at: self.tools.clock.now(),
            who: self.who.to_string(),
            action: action.to_owned(),
            list: list.to_owned(),
            object: object.to_owned(),
            was: serde_json::Value::Null,
            became,
        }
    }

    /// Somebody wants to join, or is invited.
    pub(crate) async fn join(&self, asking: &Asking<'_>, wish: &JoinWish) -> Result<Settled, StoreError> {
        let (store, list) = (&self.tools.store, asking.list);
        let address = &wish.mailbox.address;
        let mut preferences = wish.preferences.clone();
        if preferences.delivery_mode.is_none()
            && list.settings.digest_is_default
            && list.settings.digests_enabled
        {
            preferences.delivery_mode = Some(DeliveryMode::MimeDigests);
        }
        let details = RequestDetails {
            preferences,
            invitation: wish.invitation,
            confirmed: wish.pre_verified,
            pre_approved: wish.pre_approved,
            greet: wish.greet,
            by_user: None,
        };
        let request = self.request(asking, RequestAction::Join, &wish.mailbox, details);
        if store.deed(asking.deed.uuid()).await?.is_some() {
            return self.enter(asking, &request, None).await;
        }
        if is_own_address(list, address) {
            return Ok(Settled::refused(Refusal::OwnAddress));
        }
        let known = store.posting_facts(list.id, std::slice::from_ref(address), &[]).await?;
        if !known.banned.is_empty() {
            return Ok(Settled::refused(Refusal::Banned));
        }
        if known.memberships.iter().any(|m| m.role == Role::Member && m.via.is_none()) {
            return Ok(Settled::refused(Refusal::Member));
        }
        if self.waits_already(asking, RequestAction::Join, address).await? {
            return Ok(Settled::refused(Refusal::Waiting));
        }
        let facts = JoinFacts {
            policy: list.settings.subscription_policy,
            verified: wish.pre_verified || store.is_verified(address).await?,
            pre_confirmed: wish.pre_confirmed,
            pre_approved: wish.pre_approved,
            invitation: wish.invitation,
        };
        self.go(asking, request, begin_joining(facts), None).await
    }

    /// Who reads mail at `sender` wants to leave. `pre_confirmed`: that is proved.
    pub(crate) async fn leave(
        &self,
        asking: &Asking<'_>,
        sender: &Address,
        pre_confirmed: bool,
    ) -> Result<Settled, StoreError> {
        let done = self.tools.store.deed(asking.deed.uuid()).await?.is_some();
        let Some(mailbox) = self.member_of(asking.list, sender).await? else {
            if done {
                let mailbox = Mailbox { name: String::new(), address: sender.clone() };
                let request = self.request(asking, RequestAction::Leave, &mailbox, RequestDetails::default());
                return self.quit(asking, &request, None).await;
            }
            return Ok(Settled::refused(Refusal::NoMember));
        };
        if self.waits_already(asking, RequestAction::Leave, &mailbox.address).await? {
            return Ok(Settled::refused(Refusal::Waiting));
        }
        let step = begin_leaving(asking.list.settings.unsubscription_policy, pre_confirmed, false);
        let request = self.request(asking, RequestAction::Leave, &mailbox, RequestDetails::default());
        self.go(asking, request, step, None).await
    }

    /// This member leaves, whatever the policy says.
    pub(super) async fn leave_at_once(
        &self,
        asking: &Asking<'_>,
        member: &Member,
    ) -> Result<Settled, StoreError> {
        let mailbox = Mailbox { name: member.display_name.clone(), address: member.address.clone() };
        let request = self.request(asking, RequestAction::Leave, &mailbox, RequestDetails::default());
        self.quit(asking, &request, None).await
    }

    /// Who reads mail at `sender` wants the list's mail in another way; nothing changes before that address has answered.
    pub(crate) async fn set(
        &self,
        asking: &Asking<'_>,
        sender: &Address,
        changes: Preferences,
    ) -> Result<Settled, StoreError> {
        let Some(mailbox) = self.member_of(asking.list, sender).await? else {
            return Ok(Settled::refused(Refusal::NoMember));
        };
        let details = RequestDetails { preferences: changes, ..RequestDetails::default() };
        let request = self.request(asking, RequestAction::Set, &mailbox, details);
        self.go(asking, request, Step::AskSubscriber, None).await
    }

    /// What waits under this token on this list, if anything does; also what was just done under it.
    pub(crate) async fn find(
        &self,
        asking: &Asking<'_>,
        token: &str,
    ) -> Result<Option<MembershipRequest>, StoreError> {
        let (store, now) = (&self.tools.store, self.tools.clock.now());
        let found = match store.deed(asking.deed.uuid()).await? {
            Some(deed) => deed.request,
            None => match store.request_by_token(token, now).await? {
                Some(request) => Some(request),
                // Passed on to the moderators by this very deed.
                None => store.request(asking.deed.uuid(), now).await?,
            },
        };
        // A token says yes to what one list asked, not to what another list, which may be stricter, would have asked.
        Ok(found.filter(|request| request.list == asking.list.id))
    }

    /// The address has answered.
    pub(crate) async fn confirmed(
        &self,
        asking: &Asking<'_>,
        request: &MembershipRequest,
    ) -> Result<Settled, StoreError> {
        let (store, settings) = (&self.tools.store, &asking.list.settings);
        if request.owner == TokenOwner::Moderator {
            return self.ask_moderator(asking, request.clone()).await;
        }
        let details = &request.details;
        let step = match request.action {
            RequestAction::Join => {
                joining_confirmed(settings.subscription_policy, details.pre_approved, details.invitation)
            }
            RequestAction::Leave => leaving_confirmed(settings.unsubscription_policy, details.pre_approved),
            RequestAction::Set => Step::Act,
        };
        let mut next = request.clone();
        next.details.confirmed = true;
        if step == Step::AskModerator {
            store.verify(&request.mailbox(), self.tools.clock.now()).await?;
        }
        self.go(asking, next, step, Some(request)).await
    }

    /// A moderator has decided.
    pub(crate) async fn decided(
        &self,
        asking: &Asking<'_>,
        request: &MembershipRequest,
        verdict: &Verdict,
    ) -> Result<Settled, StoreError> {
        if *verdict == Verdict::Accept {
            return self.go(asking, request.clone(), Step::Act, Some(request)).await;
        }
        let (action, reason) = match verdict {
            Verdict::Reject(reason) => ("reject", reason.as_deref()),
            Verdict::Accept | Verdict::Discard => ("discard", None),
        };
        let became = json!({ "request": request.action.name(), "reason": reason });
        let audit = self.witnessed(action, asking.list.list_id.as_str(), request.address.as_str(), became);
        if !self.tools.store.decline_request(request.id, &audit).await? {
            return Ok(Settled::refused(Refusal::NoMatch));
        }
        let mut settled = Settled::just(Answer::Declined(request.address.clone()));
        if let Verdict::Reject(reason) = verdict {
            settled.born.extend(self.refusal(asking, request, reason.as_deref()).await?);
        }
        Ok(settled)
    }

    /// Whoever was given this token wants no more mail that asks for an answer; false if we gave it to nobody. The token
    /// is the proof who it is; `way` is how they came, `by mail`.
    pub(crate) async fn never(&self, token: &str, way: &str) -> Result<bool, StoreError> {
        let site = self.tools.site.get();
        let target = site.membership.secret.as_ref().and_then(|secret| secret.read_never(token));
        let Some(target) = target else { return Ok(false) };
        if !self.tools.store.is_blocked(&target).await? {
            self.tools.store.block(&target, self.tools.clock.now()).await?;
            let desk = self.on_behalf_of(&format!("{target} {way}"));
            self.tools.store.audit(&desk.witnessed("never", "", &target, serde_json::Value::Null)).await?;
        }
        Ok(true)
    }

    /// Does a step. `granted` is the stored request that led here.
    async fn go(
        &self,
        asking: &Asking<'_>,
        request: MembershipRequest,
        step: Step,
        granted: Option<&MembershipRequest>,
    ) -> Result<Settled, StoreError> {
        match (step, request.action) {
            (Step::Act, RequestAction::Join) => self.enter(asking, &request, granted).await,
            (Step::Act, RequestAction::Leave) => self.quit(asking, &request, granted).await,
            (Step::Act, RequestAction::Set) => self.change(asking, &request).await,
            (Step::AskSubscriber | Step::Invite, _) => self.ask_subscriber(asking, request).await,
            (Step::AskModerator, _) => self.ask_moderator(asking, request).await,
        }
    }

    async fn enter(
        &self,
        asking: &Asking<'_>,
        request: &MembershipRequest,
        granted: Option<&MembershipRequest>,
    ) -> Result<Settled, StoreError> {
        let joining = Joining {
            deed: asking.deed.uuid(),
            request: granted,
            list: asking.list.id,
            mailbox: &request.mailbox(),
            preferences: &request.details.preferences,
            verified: request.details.confirmed,
            actor: self.actor(asking.list),
        };
        Ok(match self.tools.store.join(&joining).await? {
            MembershipOutcome::Done(member) => {
                tracing::info!(list = %asking.list.list_id, "somebody has joined");
                let born = self.joined(asking, &member, request.details.greet).await?;
                Settled { answer: Answer::Joined(member.address), born }
            }
            other => Settled::refused(refusal_of(&other)),
        })
    }

    pub(super) async fn quit(
        &self,
        asking: &Asking<'_>,
        request: &MembershipRequest,
        granted: Option<&MembershipRequest>,
    ) -> Result<Settled, StoreError> {
        let (deed, actor) = (asking.deed.uuid(), self.actor(asking.list));
        let left = self.tools.store.leave(deed, granted, asking.list.id, &request.address, actor).await?;
        Ok(match left {
            MembershipOutcome::Done(member) => {
                tracing::info!(list = %asking.list.list_id, "somebody has left");
                let born = self.left(asking, &member, request.details.greet).await?;
                Settled { answer: Answer::Left(member.address), born }
            }
            other => Settled::refused(refusal_of(&other)),
        })
    }

    async fn change(&self, asking: &Asking<'_>, request: &MembershipRequest) -> Result<Settled, StoreError> {
        let actor = self.actor(asking.list);
        let changed = self.tools.store.change(asking.deed.uuid(), request, actor).await?;
        Ok(match changed {
            MembershipOutcome::Done(member) => Settled::just(Answer::Changed(member.address)),
            other => Settled::refused(refusal_of(&other)),
        })
    }

    /// Writes to the address, unless it had enough of that or wants none.
    async fn ask_subscriber(
        &self,
        asking: &Asking<'_>,
        mut request: MembershipRequest,
    ) -> Result<Settled, StoreError> {
        if let Some(why) = self.may_not_write(asking, &request).await? {
            return Ok(Settled::refused(why));
        }
        request.owner = TokenOwner::Subscriber;
        let token = self.token(asking, &request);
        self.tools.store.put_request(&request, &token).await?;
        let born = self.confirmation(asking, &request, &token).await?;
        Ok(Settled { answer: Answer::Asked(request.address), born: born.into_iter().collect() })
    }

    /// Why no mail that asks for an answer goes to this address now; `None` if it may, and counts.
    pub(super) async fn may_not_write(
        &self,
        asking: &Asking<'_>,
        request: &MembershipRequest,
    ) -> Result<Option<Refusal>, StoreError> {
        let store = &self.tools.store;
        let target = fold_target(&request.address);
        if store.is_blocked(&target).await? {
            tracing::info!(list = %asking.list.list_id, "nothing sent to somebody who wants no such mail");
            return Ok(Some(Refusal::Blocked));
        }
        let spending = Spending {
            id: asking.deed.uuid(),
            kind: "confirmation",
            target,
            scope: if asking.rationed { asking.network.clone() } else { String::new() },
            at: self.tools.clock.now(),
        };
        let spent = store.spend(&spending, &RATION).await?;
        if spent != Spent::Granted {
            tracing::warn!(
                list = %asking.list.list_id, why = ?spent, network = asking.network,
                "no mail that asks for an answer: too many of them lately"
            );
            return Ok(Some(Refusal::Rationed));
        }
        Ok(None)
    }

    pub(super) async fn ask_moderator(
        &self,
        asking: &Asking<'_>,
        mut request: MembershipRequest,
    ) -> Result<Settled, StoreError> {
        request.id = asking.deed.uuid();
        request.owner = TokenOwner::Moderator;
        request.expires_at = self.tools.clock.now().plus(MODERATOR_LIFE);
        let token = self.token(asking, &request);
        self.tools.store.put_request(&request, &token).await?;
        let born = self.for_moderators(asking, &request, &token).await?;
        Ok(Settled { answer: Answer::Waits(request.address), born: born.into_iter().collect() })
    }

    pub(super) fn request(
        &self,
        asking: &Asking<'_>,
        action: RequestAction,
        mailbox: &Mailbox,
        details: RequestDetails,
    ) -> MembershipRequest {
        let now = self.tools.clock.now();
        MembershipRequest {
            id: asking.deed.uuid(),
            list: asking.list.id,
            action,
            owner: TokenOwner::Subscriber,
            address: mailbox.address.clone(),
            display_name: mailbox.name.clone(),
            details,
            asked_at: now,
            expires_at: now.plus(SUBSCRIBER_LIFE),
        }
    }

    /// True if the same was asked for before, not by this very deed, and a moderator has it.
    async fn waits_already(
        &self,
        asking: &Asking<'_>,
        action: RequestAction,
        address: &Address,
    ) -> Result<bool, StoreError> {
        let now = self.tools.clock.now();
        let waiting = self.tools.store.request_of(asking.list.id, action, address, now).await?;
        Ok(waiting.is_some_and(|r| r.owner == TokenOwner::Moderator && r.id != asking.deed.uuid()))
    }

    /// The membership of who reads mail at `sender`: that very address, else another one of the same person.
    async fn member_of(&self, list: &MailingList, sender: &Address) -> Result<Option<Mailbox>, StoreError> {
        let known = self.tools.store.posting_facts(list.id, std::slice::from_ref(sender), &[]).await?;
        let member = known.memberships.into_iter().find(|m| m.role == Role::Member);
        Ok(member.map(|m| Mailbox { name: m.display_name, address: m.via.unwrap_or(m.address) }))
    }

    fn token(&self, asking: &Asking<'_>, request: &MembershipRequest) -> String {
        let site = self.tools.site.get();
        let random = || {
            let (a, b) = (EntryId::new(uuid::Uuid::from_u128(rand::random())), rand::random::<u32>());
            format!("{}{b:08x}", a.uuid().simple())
        };
        site.membership.secret.as_ref().map_or_else(random, |secret| {
            secret.token(asking.deed, &asking.list.list_id, &request.address, request.action)
        })
    }
}

/// Forgets requests whose time is over, and what is no longer needed to know.
pub(crate) async fn expire(tools: &Tools, now: Timestamp) -> Result<u64, StoreError> {
    tools.store.expire_requests(now, now.minus(MEMORY)).await
}

pub(super) fn is_own_address(list: &MailingList, address: &Address) -> bool {
    let own = [
        SubAddress::Post,
        SubAddress::Request,
        SubAddress::Owner,
        SubAddress::Bounces,
        SubAddress::Join,
        SubAddress::Leave,
        SubAddress::Confirm,
    ];
    let bare = fold_target(address);
    own.iter().any(|sub| [address.key(), &bare].contains(&list.name.address(*sub).as_str()))
        || ["subscribe", "unsubscribe"]
            .iter()
            .any(|word| bare == format!("{}-{word}@{}", list.name.local(), list.name.host()))
}

const fn refusal_of(outcome: &MembershipOutcome) -> Refusal {
    match outcome {
        MembershipOutcome::Already => Refusal::Member,
        MembershipOutcome::Absent => Refusal::NoMember,
        MembershipOutcome::Banned => Refusal::Banned,
        MembershipOutcome::Done(_) | MembershipOutcome::Gone => Refusal::NoMatch,
    }
}
