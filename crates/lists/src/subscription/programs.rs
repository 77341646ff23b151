//! What programs ask of the desk: one person at a time, in few steps, with tokens they can show.

use posthaste_model::{
    Address, EntryId, Mailbox, MailingList, Member, MembershipRequest, RequestAction, RequestDetails, Role,
    TokenOwner,
};
use posthaste_store::{AuditEntry, Enlisted, Enlisting, StoreError};
use uuid::Uuid;

use super::desk::{Settled, is_own_address};
use super::front::asking;
use super::workflow::{JoinFacts, Step, begin_joining, begin_leaving};
use super::{Answer, Asking, Desk, DeskError, JoinWish, Refusal, Verdict};

/// What came of asking to join or to leave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settlement {
    /// The member is one now.
    Joined(Box<Member>),
    /// The member is none any more.
    Left,
    /// Somebody's word is waited for.
    Waits {
        /// With what they give it: 40 digits.
        token: String,
        /// Who.
        owner: TokenOwner,
    },
    /// It is not done.
    Refused(Refusal),
}

/// Somebody is to become a member.
#[derive(Clone, Debug)]
pub struct Subscribing<'a> {
    /// The list.
    pub list: &'a MailingList,
    /// Who, and what is known of them.
    pub wish: &'a JoinWish,
    /// The membership belongs to this user, and follows the preferred address, which is that of the wish.
    pub by_user: Option<Uuid>,
    /// What is written down if it is done at once.
    pub audit: &'a AuditEntry,
}

/// What a program says of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Whoever is waited for agrees: the moderator, or the person themselves.
    Accept,
    /// It is not done, and the person is told, with this reason if there is one.
    Reject(Option<String>),
    /// It is not done.
    Discard,
}

impl Desk {
    /// Makes somebody a member, or asks who has to be asked.
    ///
    /// A mail that asks for an answer is left out if the address had too many of them lately, or wants none (P37); the
    /// request stands all the same, so that nobody learns from us who wants no mail.
    pub async fn subscribe(&self, how: &Subscribing<'_>) -> Result<Settlement, DeskError> {
        let Subscribing { list, wish, by_user, audit } = *how;
        if is_own_address(list, &wish.mailbox.address) {
            return Ok(Settlement::Refused(Refusal::OwnAddress));
        }
        let step = |verified: bool| {
            begin_joining(JoinFacts {
                policy: list.settings.subscription_policy,
                verified,
                pre_confirmed: wish.pre_confirmed,
                pre_approved: wish.pre_approved,
                invitation: wish.invitation,
            })
        };
        let enlisting = Enlisting {
            list: list.id,
            role: Role::Member,
            mailbox: &wish.mailbox,
            by_user,
            preferences: &wish.preferences,
            action: None,
            verified: wish.pre_verified,
            at: self.tools.clock.now(),
            audit,
        };
        let verified =
            match self.tools.store.enlist(&enlisting, |verified| step(verified) == Step::Act).await? {
                Enlisted::Done(member) => {
                    tracing::info!(list = %list.list_id, "somebody has joined");
                    let asking = by_program(list, EntryId::new(member.id));
                    let born = self.joined(&asking, &member, wish.greet).await?;
                    let answer = Answer::Joined(member.address.clone());
                    self.carry_out(list, Settled { answer, born }).await?;
                    return Ok(Settlement::Joined(member));
                }
                Enlisted::Already => return Ok(Settlement::Refused(Refusal::Member)),
                Enlisted::Banned => return Ok(Settlement::Refused(Refusal::Banned)),
                Enlisted::Waits => return Ok(Settlement::Refused(Refusal::Waiting)),
                Enlisted::NotYet { verified } => verified,
            };
        let vouched = wish.pre_verified && !wish.invitation;
        self.tools.store.know(&wish.mailbox, vouched, self.tools.clock.now()).await?;
        let asking = by_program(list, EntryId::new(Uuid::now_v7()));
        let details = RequestDetails {
            preferences: wish.preferences.clone(),
            invitation: wish.invitation,
            confirmed: vouched,
            pre_approved: wish.pre_approved,
            greet: wish.greet,
            by_user,
        };
        let request = self.request(&asking, RequestAction::Join, &wish.mailbox, details);
        self.wait_for(&asking, request, step(verified)).await
    }

    /// Ends a membership, or asks who has to be asked. Asked before and not answered: the same is waited for.
    pub async fn unsubscribe(
        &self,
        list: &MailingList,
        member: &Member,
        pre_confirmed: bool,
        pre_approved: bool,
    ) -> Result<Settlement, DeskError> {
        let step = begin_leaving(list.settings.unsubscription_policy, pre_confirmed, pre_approved);
        let asking = by_program(list, EntryId::new(Uuid::now_v7()));
        let mailbox = Mailbox { name: member.display_name.clone(), address: member.address.clone() };
        let details = RequestDetails { pre_approved, ..RequestDetails::default() };
        let request = self.request(&asking, RequestAction::Leave, &mailbox, details);
        if step == Step::Act {
            let settled = self.quit(&asking, &request, None).await?;
            if let Answer::Refused(why) = self.carry_out(list, settled).await? {
                return Ok(Settlement::Refused(why));
            }
            self.forget_leaving(list, &member.address).await?;
            return Ok(Settlement::Left);
        }
        if let Some(before) = self.leaving(list, &member.address).await? {
            let owner =
                if step == Step::AskModerator { TokenOwner::Moderator } else { TokenOwner::Subscriber };
            if before.owner == owner {
                return Ok(Settlement::Waits { token: self.token_of(list, &before), owner });
            }
        }
        self.wait_for(&asking, request, step).await
    }

    /// The token of a request, as programs are shown it. It says yes to this request alone.
    pub fn token_of(&self, list: &MailingList, request: &MembershipRequest) -> String {
        let site = self.tools.site.get();
        match &site.membership.secret {
            Some(secret) => {
                secret.token(EntryId::new(request.id), &list.list_id, &request.address, request.action)
            }
            // Nobody is told what stands in the mail then, but programs need a name for it.
            None => format!("00000000{}", request.id.simple()),
        }
    }

    /// What waits under this token on this list.
    pub async fn request_of_list(
        &self,
        list: &MailingList,
        token: &str,
    ) -> Result<Option<MembershipRequest>, DeskError> {
        let (store, now) = (&self.tools.store, self.tools.clock.now());
        let found = match store.request_by_token(token, now).await? {
            Some(request) => Some(request),
            None => match token.strip_prefix("00000000").and_then(|id| Uuid::try_parse(id).ok()) {
                Some(id) if token.len() == 40 => store.request(id, now).await?,
                _ => None,
            },
        };
        // A token says yes to what one list asked, not to what another list, which may be stricter, would have asked.
        Ok(found.filter(|request| request.list == list.id))
    }

    /// Decides about a request.
    pub async fn decide_request(
        &self,
        list: &MailingList,
        request: &MembershipRequest,
        decision: Decision,
    ) -> Result<Answer, DeskError> {
        let verdict = match decision {
            Decision::Accept if request.owner == TokenOwner::Subscriber => {
                let asking = asking(list, request, "confirmed by page");
                let settled = self.confirmed(&asking, request).await?;
                return self.carry_out(list, settled).await;
            }
            Decision::Accept => Verdict::Accept,
            Decision::Reject(reason) => Verdict::Reject(reason),
            Decision::Discard => Verdict::Discard,
        };
        self.decide(request, &verdict).await
    }

    /// Writes a request down, and to whom its step wants asked.
    async fn wait_for(
        &self,
        asking: &Asking<'_>,
        mut request: MembershipRequest,
        step: Step,
    ) -> Result<Settlement, DeskError> {
        let list = asking.list;
        if step == Step::AskModerator {
            let token = self.token_of(list, &request);
            let settled = self.ask_moderator(asking, request).await?;
            self.carry_out(list, settled).await?;
            return Ok(Settlement::Waits { token, owner: TokenOwner::Moderator });
        }
        request.owner = TokenOwner::Subscriber;
        let token = self.token_of(list, &request);
        self.tools.store.put_request(&request, &token).await?;
        if self.may_not_write(asking, &request).await?.is_none() {
            let born = self.confirmation(asking, &request, &token).await?;
            let answer = Answer::Asked(request.address.clone());
            self.carry_out(list, Settled { answer, born: born.into_iter().collect() }).await?;
        }
        Ok(Settlement::Waits { token, owner: TokenOwner::Subscriber })
    }

    async fn leaving(
        &self,
        list: &MailingList,
        address: &Address,
    ) -> Result<Option<MembershipRequest>, StoreError> {
        let now = self.tools.clock.now();
        self.tools.store.request_of(list.id, RequestAction::Leave, address, now).await
    }

    /// Who is gone need not be asked any more.
    async fn forget_leaving(&self, list: &MailingList, address: &Address) -> Result<(), StoreError> {
        if let Some(request) = self.leaving(list, address).await? {
            self.tools.store.remove_request(request.id).await?;
        }
        Ok(())
    }
}

fn by_program(list: &MailingList, deed: EntryId) -> Asking<'_> {
    Asking { deed, list, network: String::new(), rationed: false }
}
