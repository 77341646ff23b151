//! The queues of Mailman, shown over the stages that mail here really waits at.

use bytes::Bytes;
use posthaste_lists::Injected;
use posthaste_mime::{Field, Message, mailboxes, make_message_id, rfc5322_date};
use posthaste_model::{EntryId, ForwardPath, MailingList, ReversePath, Stage, SubAddress};
use posthaste_smtp::server::Transaction;
use posthaste_spool::SpoolError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::Api;
use crate::call::{Call, find_list, resource};
use crate::encode::Map;
use crate::fault::{Fault, SOON};
use crate::reply::{Answer, Reply};
use crate::valid;

/// What a queue shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shows {
    /// What waits for this stage.
    At(Stage),
    /// What waits for delivery for the first time, or is being delivered.
    Out,
    /// What was delivered in part or not at all, and is tried again later.
    Retry,
    /// What was set aside for a person to look at.
    Aside,
    /// Nothing: there is no such step here.
    Nothing,
}

/// Every queue, by name.
const QUEUES: [(&str, Shows); 12] = [
    ("archive", Shows::At(Stage::Archive)),
    ("bad", Shows::Nothing),
    ("bounces", Shows::At(Stage::Bounce)),
    ("command", Shows::At(Stage::Command)),
    ("digest", Shows::At(Stage::Digest)),
    ("in", Shows::At(Stage::Incoming)),
    ("nntp", Shows::At(Stage::News)),
    ("out", Shows::Out),
    ("pipeline", Shows::Nothing),
    ("retry", Shows::Retry),
    ("shunt", Shows::Aside),
    ("virgin", Shows::At(Stage::Notice)),
];

/// `GET queues`.
pub(crate) fn all(call: &Call) -> Answer {
    let slice = call.page()?;
    let total = QUEUES.len() as u64;
    let entries =
        slice.of(QUEUES.to_vec()).into_iter().map(|(name, shows)| queue(call, name, shows)).collect();
    let more = resource([("self_link", call.link("queues").into())]);
    Ok(Reply::Page { start: slice.skip, total, entries, more })
}

/// `GET queues/{name}`.
pub(crate) fn show(call: &Call) -> Answer {
    let (name, shows) = named(call.piece("name")).ok_or(Fault::GONE)?;
    Ok(Reply::Resource(queue(call, name, shows)))
}

/// `POST queues/{name}`: takes a message for a list.
pub(crate) async fn inject(call: Call) -> Answer {
    let mut form = call.form();
    let list = form.required("list_id", valid::text);
    let text = form.required("text", valid::text);
    form.check()?;
    let (list, text) = (list.unwrap_or_default(), text.unwrap_or_default());
    let name = call.piece("name");
    let (name, _) = named(name).ok_or_else(|| Fault::Bad(format!("'{name}'")))?;
    let sub = match name {
        "in" => SubAddress::Post,
        "bounces" => SubAddress::Bounces,
        "command" => SubAddress::Request,
        _ => {
            let text =
                format!("Messages can be put into the queues in, command and bounces, not into {name}");
            return Err(Fault::Bad(text));
        }
    };
    let found = find_list(&call.api, &list).await?.ok_or_else(|| Fault::Bad(format!("No such list: {list}")));
    let list = found?;
    let (from, message) = complete(&text, &list, &call);
    let to = ForwardPath::parse(&list.name.address(sub)).map_err(|error| Fault::ours(&error))?;
    let transaction = Transaction {
        peer: "rest".to_owned(),
        reverse_path: from,
        forward_paths: vec![to.clone()],
        message,
        smtputf8: false,
    };
    let id = match call.api.intake.inject(&transaction, &to).await {
        Injected::As(id) => id,
        // The one it was accepted as has its own name, which nobody knows any more.
        Injected::Before | Injected::Otherwise(_) => Api::new_deed(),
        Injected::Not(reply) => {
            tracing::warn!(code = reply.code, "REST: a message was not taken");
            return Err(Fault::Unavailable { retry_after: SOON });
        }
    };
    call.audit_on(list.list_id.as_str(), "inject", name, Value::Null, id.to_string().into()).await?;
    Ok(Reply::Created { location: format!("queues/{name}/{}", base(id)) })
}

/// `DELETE queues/{name}/{file}`.
pub(crate) async fn remove(call: Call) -> Answer {
    let (name, file) = (call.piece("name"), call.piece("file"));
    let (name, shows) = named(name).ok_or_else(|| Fault::no(format!("No such queue: {name}")))?;
    let none = || Fault::no(format!("No such queue file: {file}"));
    let id = entry(file).filter(|id| entries(&call, shows).contains(id)).ok_or_else(none)?;
    match call.api.tools.spool.remove(id).await {
        Ok(()) => {}
        Err(SpoolError::Gone(_)) => return Err(none()),
        Err(error) => return Err(error.into()),
    }
    call.audit_on("", "remove from queue", name, id.to_string().into(), Value::Null).await?;
    Ok(Reply::Done)
}

fn named(name: &str) -> Option<(&'static str, Shows)> {
    QUEUES.into_iter().find(|(known, _)| *known == name)
}

fn queue(call: &Call, name: &'static str, shows: Shows) -> Map {
    let mut files: Vec<String> = entries(call, shows).into_iter().map(base).collect();
    files.sort_unstable();
    resource([
        ("name", name.into()),
        ("directory", format!("{}/{name}", call.settings.spool).into()),
        ("count", files.len().into()),
        ("files", json!(files)),
        ("self_link", call.link(&format!("queues/{name}")).into()),
    ])
}

fn entries(call: &Call, shows: Shows) -> Vec<EntryId> {
    let spool = &call.api.tools.spool;
    match shows {
        Shows::At(stage) => {
            let (mut due, asleep) = spool.at_stage(stage);
            due.extend(asleep);
            due
        }
        Shows::Out => spool.at_stage(Stage::Out).0,
        Shows::Retry => spool.at_stage(Stage::Out).1,
        Shows::Aside => spool.quarantined().into_iter().map(|(id, _)| id).collect(),
        Shows::Nothing => vec![],
    }
}

/// The name of a file: when the entry was made, and its name, as long as a SHA-1 is.
fn base(id: EntryId) -> String {
    let id = id.uuid();
    let (seconds, nanos) = id.get_timestamp().map_or((0, 0), |at| at.to_unix());
    format!("{seconds}.{:06}+{}00000000", nanos / 1_000, id.simple())
}

fn entry(file: &str) -> Option<EntryId> {
    let id = file.split_once('+')?.1.strip_suffix("00000000")?;
    (id.len() == 32).then(|| Uuid::try_parse(id).ok().map(EntryId::new)).flatten()
}

/// Sender and message, with the fields added that every message has.
fn complete(text: &str, list: &MailingList, call: &Call) -> (ReversePath, Bytes) {
    let mut message = Message::parse(posthaste_mime::crlf(Bytes::from(text.to_owned())));
    let mut add = |name: &str, value: &str| {
        if !message.head.has(name) {
            message.head.append(Field::structured(name, value));
        }
    };
    add("Message-ID", &make_message_id(&rand::random(), list.name.host()));
    add("Date", &rfc5322_date(call.now()));
    let author = message.head.text("From").unwrap_or_default();
    let sender = mailboxes(&author).first().map(|from| from.address.as_str().to_owned());
    let from = ReversePath::parse(&sender.unwrap_or_default()).unwrap_or(ReversePath::Null);
    (from, message.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_their_entries() {
        let id = EntryId::new(Uuid::now_v7());
        let file = base(id);
        assert_eq!(entry(&file), Some(id), "{file}");
        assert_eq!(file.split_once('+').map(|(_, hash)| hash.len()), Some(40));
        for file in ["", "x", "1.0+zz", "1.0+0100000000"] {
            assert_eq!(entry(file), None, "{file}");
        }
    }
}
