//! A post for the members: judged, then planned, held, sent back or dropped.

use posthaste_mime::message_id_hash;
use posthaste_model::{Beat, MailingList, Personalization, Stage, SubAddress};
use posthaste_spool::{Entry, Kind};
use posthaste_store::HeldMessage;
use serde_json::json;

use super::{Incoming, Outcome, Trouble};
use crate::approval::{take_password, verify_password};
use crate::authenticity::Provenance;
use crate::delivery::{Plan, Recipient, RecipientsBuilder, encode_plan_with};
use crate::facts::Facts;
use crate::gather::gather;
use crate::moderation;
use crate::notices::{About, Held, acknowledged, dropped, held_for_author, may_answer, rejected};
use crate::pipeline::{self, Draft, Outgoing};
use crate::post::Post;
use crate::reason::Reason;
use crate::rules::{Judgement, Verdict, judge};
use crate::runners::Approval;
use crate::site::Site;
use crate::templates::Wording;

/// Recipients read from the database at once.
pub(super) const PAGE: u64 = 5_000;

impl Incoming {
    /// What becomes of a post.
    pub(super) async fn to_members(
        &self,
        entry: &Entry,
        list: &MailingList,
        beat: &Beat,
    ) -> Result<Outcome, Trouble> {
        let site = self.station.tools.site.get();
        let mark = self.station.failures.mark(entry.id);
        let mut post = Post::receive(
            entry.id,
            entry.envelope.clone(),
            entry.message.clone(),
            SubAddress::Post,
            &list.name,
        );
        // Before anybody else sees the message.
        let password =
            list.settings.moderator_password.as_ref().and_then(|_| take_password(&mut post.message));
        drop(mark);
        let mut facts = self.facts(&post, list, &site, beat).await?;
        facts.from_news = entry.notes.contains_key(crate::FROM_NEWS);
        if let Some(password) = password {
            facts.approved = self.approves(password, list).await;
        }
        facts.auth = beat.wait("the name servers", site.auth.findings(&entry.message, &post, list)).await;
        let strangers = facts.strangers(&post, &list.name.to_string());
        beat.progress();
        let mark = self.station.failures.mark(entry.id);
        let approval = Approval::of(&entry.notes);
        facts.approved |= approval.is_some();
        let judged = if approval.is_some() { Judgement::accepted() } else { judge(&post, list, &facts) };
        drop(mark);
        if !strangers.is_empty() && !matches!(judged.verdict, Verdict::Discard(_)) {
            self.station.tools.store.ensure_nonmembers(list.id, &strangers, facts.now).await?;
        }
        tracing::info!(verdict = judged.verdict.name(), hits = judged.hits.join(" "), "judged");
        match &judged.verdict {
            Verdict::Accept => {
                match &approval {
                    None => judged.stamp(&mut post.message.head),
                    // From here on the post is in this entry alone.
                    Some(approval) => {
                        approval.close(&self.station.tools).await?;
                        approval.stamp(&mut post.message.head);
                    }
                }
                beat.progress();
                facts.post_number = self.station.tools.store.next_post(list.id, facts.now).await?;
                if let Some(author) = facts.author(&post) {
                    let (member, had) = (author.member, author.accepted_posts);
                    self.station.tools.store.count_accepted(member, had, entry.id).await?;
                }
                let mark = self.station.failures.mark(entry.id);
                let mut draft = Draft::new(&post, list, &facts);
                draft.archive = self.station.tools.outlets.links(list, &post);
                let outgoing = pipeline::run(draft);
                drop(mark);
                match outgoing {
                    Ok(outgoing) => {
                        let mut outcome = self.plan(entry, &post, list, &facts, outgoing, beat).await?;
                        outcome.born.extend(self.acknowledge(&site, &post, list, &facts).await?);
                        Ok(outcome)
                    }
                    Err(stop) => self.stopped(&site, &post, list, &facts, &judged, stop).await,
                }
            }
            Verdict::Hold(reasons) => self.hold(&site, &post, list, &facts, &judged, reasons).await,
            Verdict::Reject(reasons) => self.send_back(&site, &post, list, &facts, reasons).await,
            Verdict::Discard(reasons) => self.drop_post(&site, &post, list, &facts, reasons).await,
        }
    }

    /// Everything rules and steps may look at.
    pub(super) async fn facts(
        &self,
        post: &Post,
        list: &MailingList,
        site: &Site,
        beat: &Beat,
    ) -> Result<Facts, Trouble> {
        let tools = &self.station.tools;
        let (now, passed) = (tools.clock.now(), || beat.progress());
        let mut facts = gather(&tools.store, site, &self.patterns, (post, list), now, passed).await?;
        if site.rules.hold_digests {
            facts.masthead = tools.templates.masthead(&tools.store, list).await?;
        }
        Ok(facts)
    }

    /// True if this is the moderator's password. Who tries too many wrong ones is not heard any more.
    async fn approves(&self, password: String, list: &MailingList) -> bool {
        let Some(hash) = list.settings.moderator_password.clone() else { return false };
        let clock = &self.station.tools.clock;
        if !self.guesses.may_try(list.id, clock.monotonic()) {
            tracing::warn!("too many wrong passwords in Approved: within an hour; this one is not looked at");
            return false;
        }
        let checked = tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await;
        let right = checked.unwrap_or(false);
        if !right {
            self.guesses.wrong(list.id, clock.monotonic());
        }
        right
    }

    /// Accepts the post for everybody at once.
    async fn plan(
        &self,
        entry: &Entry,
        post: &Post,
        list: &MailingList,
        facts: &Facts,
        outgoing: Outgoing,
        beat: &Beat,
    ) -> Result<Outcome, Trouble> {
        for note in &outgoing.notes {
            tracing::warn!(note, "pipeline");
        }
        let mut audience = self.audience(post, list, facts, beat).await?;
        audience.skip.extend(outgoing.skip.iter().cloned());
        let mut recipients = RecipientsBuilder::default();
        let mut after = None;
        loop {
            beat.progress();
            let page = self.station.tools.store.recipients_page(list.id, after, PAGE).await?;
            let Some(bottom) = page.last() else { break };
            after = Some(bottom.member);
            let full = page.len() as u64 == PAGE;
            for row in &page {
                if audience.leaves_out(row) {
                    continue;
                }
                if !audience.include.is_empty() {
                    audience.skip.insert(row.address.to_lowercase());
                }
                recipients.push(Recipient {
                    address: &row.address,
                    member: row.member,
                    language: row.language.as_deref().unwrap_or_default(),
                    name: &row.name,
                });
            }
            if !full {
                break;
            }
        }
        self.include_others(&mut audience, &mut recipients, beat).await?;
        let tools = &self.station.tools;
        let mut stages = tools.outlets.stages(&tools.store, entry, list, &outgoing).await?;
        if recipients.is_empty() && stages.is_empty() {
            return Ok(Outcome::ended(
                Kind::Done,
                json!({ "recipients": 0, "why": "nobody is to get it" }),
                vec![],
            ));
        }
        let plan = Plan {
            sender: list.name.address(SubAddress::Bounces),
            personal: outgoing.personal
                || list.settings.personalize != Personalization::None
                || facts.is_verp_turn(),
            message_id: post.message_id(),
            owners: self.station.admins(list).await?,
            owner_address: list.name.address(SubAddress::Owner),
            display_name: list.settings.display_name.clone(),
            subject: post.subject(),
            provenance: Provenance::of(&facts.auth),
        };
        tracing::info!(recipients = recipients.len(), "planned");
        let bare = (!stages.is_empty()).then(|| outgoing.archive.to_bytes());
        let data = encode_plan_with(plan, &outgoing.segments, &recipients, bare.as_ref())
            .map_err(|e| Trouble::Entry(e.to_string()))?;
        if !recipients.is_empty() {
            stages.push(Stage::Out);
        }
        Ok(Outcome::planned_for(data, stages))
    }

    /// Keeps the post for a moderator, and says so.
    pub(super) async fn hold(
        &self,
        site: &Site,
        post: &Post,
        list: &MailingList,
        facts: &Facts,
        judged: &Judgement,
        reasons: &[Reason],
    ) -> Result<Outcome, Trouble> {
        let mut message = post.message.clone();
        judged.stamp(&mut message.head);
        let message_id = post.message_id();
        let number = self
            .station
            .tools
            .store
            .hold(&HeldMessage {
                id: post.id,
                list: list.id,
                sender: post.senders().first().map(ToString::to_string).unwrap_or_default(),
                subject: post.subject(),
                message_id_hash: message_id_hash(&message_id),
                message_id,
                reasons: texts(reasons),
                envelope: post.envelope.clone(),
                held_at: facts.now,
                message: message.to_bytes(),
            })
            .await?;
        let held =
            Held { id: post.id, list, envelope: &post.envelope, message: &post.message, at: facts.now };
        let mut born = vec![];
        if held.author_is_told() {
            let wording = self.words("list:user:notice:hold", post, list, facts, reasons).await?;
            born.extend(held_for_author(site, &held, wording));
        }
        if held.owners_are_told() {
            let about = About::new(post, site, &list.settings.preferred_language, reasons);
            born.extend(moderation::tell_moderators(&self.station.tools, &held, number, &about).await?);
        }
        Ok(Outcome::ended(Kind::Held, json!({ "reasons": texts(reasons) }), born))
    }

    /// Drops the post, and shows it to the moderators if they want to see what is dropped.
    pub(super) async fn drop_post(
        &self,
        site: &Site,
        post: &Post,
        list: &MailingList,
        facts: &Facts,
        reasons: &[Reason],
    ) -> Result<Outcome, Trouble> {
        let mut outcome = discarded(reasons);
        // What comes round in circles must not come round once more as an attachment (P38).
        let shown = list.settings.forward_auto_discards
            && !reasons.iter().any(|reason| ["loop", "no-senders"].contains(&reason.rule));
        if shown {
            let owners = self.station.admins(list).await?;
            let about = About::new(post, site, &list.settings.preferred_language, reasons);
            let held =
                Held { id: post.id, list, envelope: &post.envelope, message: &post.message, at: facts.now };
            let [_, _, (_, reasons)] = about.variables();
            outcome.born.extend(dropped(site, &held, &owners, reasons));
        }
        Ok(outcome)
    }

    /// Tells the author, if the message may be answered.
    pub(super) async fn send_back(
        &self,
        site: &Site,
        post: &Post,
        list: &MailingList,
        facts: &Facts,
        reasons: &[Reason],
    ) -> Result<Outcome, Trouble> {
        let mut notice = None;
        if may_answer(&post.envelope, &post.message) {
            let wording = self.words("list:user:notice:rejected", post, list, facts, reasons).await?;
            notice = rejected(site, post.id, list, &post.envelope, &post.message, wording, facts.now);
        }
        let told = json!({ "reasons": texts(reasons), "author_told": notice.is_some() });
        Ok(Outcome::ended(Kind::Rejected, told, notice.into_iter().collect()))
    }

    /// Tells the author that the post goes out, if they want to hear that.
    async fn acknowledge(
        &self,
        site: &Site,
        post: &Post,
        list: &MailingList,
        facts: &Facts,
    ) -> Result<Option<posthaste_spool::NewEntry>, Trouble> {
        let Some(member) = acknowledged::wanted_by(post, facts) else { return Ok(None) };
        let wording = self.words("list:user:notice:post", post, list, facts, &[]).await?;
        Ok(acknowledged::acknowledged(site, post, list, member, wording, facts.now))
    }

    /// A notice for the author of a post, in the author's language.
    async fn words(
        &self,
        name: &'static str,
        post: &Post,
        list: &MailingList,
        facts: &Facts,
        reasons: &[Reason],
    ) -> Result<Wording, Trouble> {
        let own = facts.author(post).and_then(|m| m.preferences.preferred_language.as_deref());
        let language = own.unwrap_or(&list.settings.preferred_language);
        let tools = &self.station.tools;
        let about = About::new(post, &tools.site.get(), language, reasons);
        Ok(tools.templates.notice(&tools.store, name, list, language, &about.variables()).await?)
    }
}

pub(super) fn discarded(reasons: &[Reason]) -> Outcome {
    Outcome::ended(Kind::Discarded, json!({ "reasons": texts(reasons) }), vec![])
}

fn texts(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(|r| r.text.clone()).collect()
}
