//! What pages and the command line ask of the desk: done at once, its mails put into the queue.

use posthaste_model::{
    Address, DeliveryMode, DeliveryStatus, EntryId, ListId, Mailbox, MailingList, MembershipRequest,
    Preferences, TokenOwner,
};
use posthaste_store::StoreError;
use uuid::Uuid;

use super::desk::Settled;
use super::{Answer, Asking, Desk, DeskError, JoinWish, Refusal, Verdict};

/// Requests read at once.
const PAGE: u64 = 500;

/// How many are made members together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Enrolment {
    /// Ask each of them first.
    pub invite: bool,
    /// Whether to say welcome; `None` = as the list says.
    pub greet: Option<bool>,
    /// How they get the list's mail; `None` = as they said elsewhere.
    pub mode: Option<DeliveryMode>,
    /// Whether they get it at all; `None` = as they said elsewhere.
    pub status: Option<DeliveryStatus>,
}

impl Desk {
    /// Makes people members, or invites them, on the word of who runs the site. `id` names this doing; the same again does
    /// nothing twice. Invitations are rationed by whom they go to, and none goes to who wants none.
    pub async fn enrol(
        &self,
        id: EntryId,
        list: &MailingList,
        people: &[Mailbox],
        how: Enrolment,
    ) -> Result<Vec<(Address, Answer)>, DeskError> {
        let mut answers = Vec::with_capacity(people.len());
        for mailbox in people {
            let deed = id.child(mailbox.address.key());
            let asking = Asking { deed, list, network: String::new(), rationed: false };
            let wish = JoinWish {
                preferences: Preferences {
                    delivery_mode: how.mode,
                    delivery_status: how.status,
                    ..Preferences::default()
                },
                pre_verified: true,
                pre_confirmed: true,
                pre_approved: true,
                invitation: how.invite,
                greet: how.greet,
                ..JoinWish::new(mailbox.clone())
            };
            let settled = self.join(&asking, &wish).await?;
            answers.push((mailbox.address.clone(), self.carry_out(list, settled).await?));
        }
        Ok(answers)
    }

    /// Ends the membership with this key, whatever its address is by now; one that ended before is no fault. Its member
    /// asked, and proved it (RFC 8058).
    pub async fn depart(&self, list: &ListId, member: Uuid) -> Result<Answer, DeskError> {
        let store = &self.tools.store;
        let gone = Answer::Refused(Refusal::NoMember);
        let Some(list) = store.list_by_id(list).await? else { return Ok(gone) };
        let Some(member) = store.membership(list.id, member).await? else { return Ok(gone) };
        let deed = EntryId::new(member.id).child("one click");
        let asking = Asking { deed, list: &list, network: String::new(), rationed: false };
        let desk = self.on_behalf_of(&format!("{} by page", member.address));
        let settled = desk.leave_at_once(&asking, &member).await?;
        self.carry_out(&list, settled).await
    }

    /// What a page asks under a token: `verdict` is a moderator's word, and counts under a moderator's token only.
    /// The answer is a sentence.
    pub async fn answer(&self, token: &str, verdict: Option<&Verdict>) -> Result<String, DeskError> {
        let (store, now) = (&self.tools.store, self.tools.clock.now());
        let nothing = || self.tools.templates.phrase(Refusal::NoMatch.phrase(), "", &[]);
        let Some(request) = store.request_by_token(token, now).await? else { return Ok(nothing()) };
        let Some(list) = store.list_by_key(request.list).await? else { return Ok(nothing()) };
        let answer = match (request.owner, verdict) {
            // Every moderator was given the same token.
            (TokenOwner::Moderator, Some(verdict)) => {
                self.on_behalf_of("a moderator by page").decide(&request, verdict).await?
            }
            (TokenOwner::Subscriber, None) => {
                let asking = asking(&list, &request, "confirmed by page");
                let desk = self.on_behalf_of(&format!("{} by page", request.address));
                let settled = desk.confirmed(&asking, &request).await?;
                self.carry_out(&list, settled).await?
            }
            _ => return Ok(nothing()),
        };
        Ok(self.say(&list, &answer, request.address.as_str()))
    }

    /// Whoever was given this token wants no more mail that asks for an answer. The answer is a sentence.
    pub async fn leave_alone(&self, token: &str) -> Result<String, DeskError> {
        let known = self.never(token, "by page").await?;
        let key = if known { "command.never" } else { Refusal::NoMatch.phrase() };
        Ok(self.tools.templates.phrase(key, "", &[]))
    }

    /// Requests that wait for moderators, on one list or on all, oldest first.
    pub async fn waiting(&self, list: Option<Uuid>) -> Result<Vec<MembershipRequest>, DeskError> {
        let now = self.tools.clock.now();
        let (mut all, mut after) = (vec![], None);
        loop {
            let page = self.tools.store.requests(list, TokenOwner::Moderator, after, PAGE, now).await?;
            let Some(end) = page.last() else { break };
            after = Some(end.id);
            all.extend(page);
        }
        all.sort_by_key(|request| (request.asked_at, request.id));
        Ok(all)
    }

    /// A moderator decides.
    pub async fn decide(&self, request: &MembershipRequest, verdict: &Verdict) -> Result<Answer, DeskError> {
        let Some(list) = self.tools.store.list_by_key(request.list).await? else {
            return Err(StoreError::NoSuchList(request.list.to_string()).into());
        };
        let asking = asking(&list, request, "decided");
        let settled = self.decided(&asking, request, verdict).await?;
        self.carry_out(&list, settled).await
    }

    /// What came of something, in the list's language.
    pub fn say(&self, list: &MailingList, answer: &Answer, about: &str) -> String {
        let name = list.name.to_string();
        let (key, address) = answer.phrase(about);
        let vars = [("address", address), ("list", name.as_str())];
        self.tools.templates.phrase(key, &list.settings.preferred_language, &vars)
    }

    pub(super) async fn carry_out(&self, list: &MailingList, settled: Settled) -> Result<Answer, DeskError> {
        for entry in settled.born {
            let counted = self.tools.events.born(&list.list_id);
            self.tools.spool.put_with(entry, counted).await?;
        }
        Ok(settled.answer)
    }
}

/// The deed that follows from a request: done twice, it is done once.
pub(super) fn asking<'a>(list: &'a MailingList, request: &MembershipRequest, what: &str) -> Asking<'a> {
    Asking { deed: EntryId::new(request.id).child(what), list, network: String::new(), rationed: false }
}
