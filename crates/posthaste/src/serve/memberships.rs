//! Memberships begun and ended, and requests decided, from the command line, where mails go with it.

use posthaste_lists::Tools;
use posthaste_lists::subscription::{Answer, Desk, DeskError, Enrolment, Refusal, Verdict};
use posthaste_model::{Address, EntryId, ListName, MailingList};
use serde_json::{Value, json};

use crate::control::{MembershipRequest, Response};

/// Does what was asked.
pub(super) async fn perform(tools: &Tools, ask: MembershipRequest) -> Response {
    match answer(tools, ask).await {
        Ok(told) => Response::Done(told),
        Err(why) => Response::Failed(why),
    }
}

async fn answer(tools: &Tools, ask: MembershipRequest) -> Result<Value, String> {
    let failed = |error: DeskError| error.to_string();
    let desk = Desk::new(tools.clone());
    match ask {
        MembershipRequest::Enrol { list, id, people, invite, greet, mode, status, by } => {
            let (list, desk) = (find(tools, &list).await?, desk.on_behalf_of(&by));
            let how = Enrolment { invite, greet, mode, status };
            let answers = desk.enrol(EntryId::new(id), &list, &people, how).await.map_err(failed)?;
            Ok(told(&desk, &list, &answers))
        }
        MembershipRequest::Dismiss { list, id, people, goodbye, tell_owners, by } => {
            let (mut list, desk) = (find(tools, &list).await?, desk.on_behalf_of(&by));
            let settings = &mut list.settings;
            settings.send_goodbye_message = goodbye.unwrap_or(settings.send_goodbye_message);
            settings.admin_notify_mchanges = tell_owners.unwrap_or(settings.admin_notify_mchanges);
            let answers = desk.dismiss(EntryId::new(id), &list, &people).await.map_err(failed)?;
            Ok(told(&desk, &list, &answers))
        }
        MembershipRequest::Decide { id, verdict, reason, by } => {
            let verdict = match verdict.as_str() {
                "accept" => Verdict::Accept,
                "reject" => Verdict::Reject(reason),
                "discard" => Verdict::Discard,
                other => return Err(format!("{other:?} is no decision: accept, reject, discard")),
            };
            let now = tools.clock.now();
            let request = tools.store.request(id, now).await.map_err(|e| e.to_string())?;
            let request = request.ok_or_else(|| format!("no request {id} waits: posthaste request ls"))?;
            let list = tools.store.list_by_key(request.list).await.map_err(|e| e.to_string())?;
            let answer = desk.on_behalf_of(&by).decide(&request, &verdict).await.map_err(failed)?;
            let told = list.map(|list| desk.say(&list, &answer, request.address.as_str()));
            Ok(json!(told.unwrap_or_default()))
        }
    }
}

pub(super) async fn find(tools: &Tools, name: &str) -> Result<MailingList, String> {
    let name = ListName::parse(name).map_err(|e| e.to_string())?;
    let found = tools.store.list_by_name(&name).await.map_err(|e| e.to_string())?;
    found.ok_or_else(|| format!("there is no list {name}"))
}

/// How many it worked for, a sentence for each of the others, and a word for everybody in their order.
fn told(desk: &Desk, list: &MailingList, answers: &[(Address, Answer)]) -> Value {
    let (mut done, mut refused, mut outcomes) = (0, vec![], vec![]);
    for (address, answer) in answers {
        let word = word(answer);
        if word == "done" {
            done += 1;
        } else {
            refused.push(desk.say(list, answer, address.as_str()));
        }
        outcomes.push(word);
    }
    json!({ "done": done, "refused": refused, "outcomes": outcomes })
}

const fn word(answer: &Answer) -> &'static str {
    match answer {
        Answer::Refused(Refusal::Member) => "member",
        Answer::Refused(Refusal::NoMember) => "no_member",
        Answer::Refused(Refusal::Banned) => "banned",
        Answer::Refused(Refusal::Waiting) => "waiting",
        Answer::Refused(_) => "refused",
        _ => "done",
    }
}
