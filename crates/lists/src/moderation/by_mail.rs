//! Deciding by answering a notice.

use posthaste_mime::{AutoSubmitted, Message};
use posthaste_model::{Action, MailingList, SubAddress};
use posthaste_spool::{Entry, Kind, NewEntry};
use serde_json::json;

use super::links::is_for_moderation;
use super::{Answer, Desk, Moderator, Ruled, Ruling, Way, read_answer};
use crate::approval::verify_password;
use crate::notes;
use crate::notices::{Letter, list_id_field, may_answer, reply_fields};
use crate::runners::{Outcome, Tools, Trouble};
use crate::site::Site;
use crate::templates::{built_in_wording, phrase};

/// What became of a moderator's answer; `None` if the entry is none. The right is the address that was written to: it names
/// one post and one moderator. What the header says of its author is believed by nobody.
pub(crate) async fn answered(
    tools: &Tools,
    entry: &Entry,
    list: &MailingList,
) -> Result<Option<Outcome>, Trouble> {
    let extension = entry.notes.get(notes::EXTENSION).map_or("", String::as_str);
    if !is_for_moderation(extension) {
        return Ok(None);
    }
    let discarded =
        |why: &str| Ok(Some(Outcome::ended(Kind::Discarded, json!({ "reasons": [why] }), vec![])));
    let message = Message::parse(entry.message.clone());
    if !may_answer(&entry.envelope, &message) {
        return discarded("Automatic mail decides nothing");
    }
    let site = tools.site.get();
    let desk = Desk::new(tools.store.clone());
    let moderators = desk.moderators(list, &site).await?;
    let known = site.moderating.as_ref().and_then(|links| links.read(&list.list_id, extension, &moderators));
    let Some((number, moderator)) = known else {
        return discarded("The address that was written to was given to nobody who moderates this list now");
    };
    let by = Moderator::new(moderator, Way::Mail);
    let said = match ruling(read_answer(message.clone()), list).await {
        Wanted::Ruling(ruling) => {
            let ruled = desk.rule(number, &ruling, &by, tools.clock.now()).await?;
            if ruled == Ruled::Now {
                tools.decisions.ring();
            }
            Said::of(&ruled, ruling.action)
        }
        Wanted::Claim => {
            let now = tools.clock.now();
            match desk.case(number, now).await? {
                Some(case) if case.decision.is_none() => {
                    match desk.claim(&case.post, moderator, now).await? {
                        None => Said::new("moderation.claimed"),
                        Some(other) => Said::of(&Ruled::Claimed(other), Action::Defer),
                    }
                }
                _ => {
                    Said::of(&desk.rule(number, &Ruling::new(Action::Defer), &by, now).await?, Action::Defer)
                }
            }
        }
        Wanted::Nothing(said) => said,
    };
    let told = json!({ "held_post": number, "said": said.key });
    let letter = letter(&site, entry, list, &message, moderator, number, &said);
    Ok(Some(Outcome::ended(Kind::Done, told, letter.into_iter().collect())))
}

enum Wanted {
    Ruling(Ruling),
    Claim,
    Nothing(Said),
}

async fn ruling(answer: Answer, list: &MailingList) -> Wanted {
    Wanted::Ruling(match answer {
        Answer::Accept => Ruling::new(Action::Accept),
        Answer::Discard => Ruling::new(Action::Discard),
        Answer::Defer => Ruling::new(Action::Defer),
        Answer::Reject(reason) => Ruling { reason, ..Ruling::new(Action::Reject) },
        Answer::Claim => return Wanted::Claim,
        Answer::Password(password) => {
            let hash = list.settings.moderator_password.clone().unwrap_or_default();
            // It costs a tenth of a second on purpose.
            let checked = tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await;
            let right = checked.unwrap_or(false);
            if !right {
                return Wanted::Nothing(Said::new("moderation.wrong_password"));
            }
            Ruling::new(Action::Accept)
        }
        Answer::Unclear(word) => {
            return Wanted::Nothing(Said { vars: vec![("word", word)], ..Said::new("moderation.unclear") });
        }
    })
}

/// A phrase that answers a moderator.
struct Said {
    key: &'static str,
    vars: Vec<(&'static str, String)>,
}

impl Said {
    const fn new(key: &'static str) -> Self {
        Self { key, vars: vec![] }
    }

    fn of(ruled: &Ruled, action: Action) -> Self {
        match ruled {
            Ruled::Now => Self::new(match action {
                Action::Accept => "moderation.accepted",
                Action::Reject => "moderation.rejected",
                Action::Discard => "moderation.discarded",
                Action::Defer | Action::Hold => "moderation.deferred",
            }),
            Ruled::Before { who, action } => {
                let vars = vec![("who", who.clone()), ("action", action.clone())];
                Self { vars, ..Self::new("moderation.decided_before") }
            }
            Ruled::Claimed(claim) => Self {
                vars: vec![("who", claim.who.clone()), ("since", claim.at.to_string())],
                ..Self::new("moderation.claimed_by")
            },
            Ruled::NotThere => Self::new("moderation.not_there"),
        }
    }
}

/// The one answer to an answer, to the moderator whose right it was.
fn letter(
    site: &Site,
    entry: &Entry,
    list: &MailingList,
    message: &Message,
    moderator: &str,
    number: i64,
    said: &Said,
) -> Option<NewEntry> {
    let languages = [list.settings.preferred_language.as_str(), site.default_language.as_str()];
    let vars: Vec<_> = said.vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let result = phrase(said.key, &languages, &vars);
    let (number, list_name) = (number.to_string(), list.name.to_string());
    let vars = [("result", result.as_str()), ("number", &number), ("listname", &list_name)];
    let wording = built_in_wording("notice.moderated", &languages, &vars);
    let owner = list.name.address(SubAddress::Owner);
    let mut extra = reply_fields(message);
    extra.push(list_id_field(list));
    Letter {
        parent: entry.id,
        purpose: "moderated",
        list: &list.list_id,
        from: &owner,
        to: moderator,
        recipients: &[moderator.to_owned()],
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Replied,
        extra,
        attached: None,
        hostname: &site.hostname,
        at: entry.envelope.received,
    }
    .into_entry()
}
