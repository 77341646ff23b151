//! Memberships begun and requests decided from the command line, where mails go with it.

use posthaste_lists::subscription::{Answer, DeskError, Enrolment, Verdict};
use posthaste_model::{EntryId, ListName};
use serde_json::json;

use super::Server;
use crate::control::{MembershipRequest, Response};

/// Does what was asked.
pub(super) async fn perform(server: &Server, ask: MembershipRequest) -> Response {
    match answer(server, ask).await {
        Ok(told) => Response::Done(told),
        Err(why) => Response::Failed(why),
    }
}

async fn answer(server: &Server, ask: MembershipRequest) -> Result<serde_json::Value, String> {
    let failed = |error: DeskError| error.to_string();
    match ask {
        MembershipRequest::Enrol { list, id, people, invite, greet, mode } => {
            let name = ListName::parse(&list).map_err(|e| e.to_string())?;
            let found = server.store.list_by_name(&name).await.map_err(|e| e.to_string())?;
            let list = found.ok_or_else(|| format!("there is no list {name}"))?;
            let how = Enrolment { invite, greet, mode };
            let answers = server.desk.enrol(EntryId::new(id), &list, &people, how).await.map_err(failed)?;
            let (mut done, mut refused) = (0, vec![]);
            for (address, answer) in &answers {
                if matches!(answer, Answer::Joined(_) | Answer::Asked(_)) {
                    done += 1;
                } else {
                    refused.push(server.desk.say(&list, answer, address.as_str()));
                }
            }
            Ok(json!({ "done": done, "refused": refused }))
        }
        MembershipRequest::Decide { id, verdict, reason } => {
            let verdict = match verdict.as_str() {
                "accept" => Verdict::Accept,
                "reject" => Verdict::Reject(reason),
                "discard" => Verdict::Discard,
                other => return Err(format!("{other:?} is no decision: accept, reject, discard")),
            };
            let now = server.clock.now();
            let request = server.store.request(id, now).await.map_err(|e| e.to_string())?;
            let request = request.ok_or_else(|| format!("no request {id} waits: posthaste request ls"))?;
            let list = server.store.list_by_key(request.list).await.map_err(|e| e.to_string())?;
            let answer = server.desk.decide(&request, &verdict).await.map_err(failed)?;
            let told = list.map(|list| server.desk.say(&list, &answer, request.address.as_str()));
            Ok(json!(told.unwrap_or_default()))
        }
    }
}
