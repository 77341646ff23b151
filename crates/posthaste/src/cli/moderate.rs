//! `posthaste moderate …`

use clap::{Args, Subcommand};
use posthaste_lists::moderation::{Case, Desk, Moderator, Ruled, Ruling, Way};
use posthaste_model::{Action, Address, MailingList, MembershipRequest, TokenOwner};
use posthaste_store::{HeldSummary, Mark, Store};
use serde_json::{Value, json};

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{Request, ask};

/// So many posts are read at once.
const PAGE: u64 = 500;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show what waits for a moderator
    Ls {
        /// Only on this list
        #[arg(long)]
        list: Option<String>,
        /// Show posts that were decided about and kept
        #[arg(long)]
        preserved: bool,
    },
    /// Show one post: why it waits, who has it in hand, its beginning
    Show {
        /// Its number, from `posthaste moderate ls`
        number: i64,
        /// The whole message as it was received
        #[arg(long)]
        raw: bool,
    },
    /// Send posts to their lists
    Accept(Which),
    /// Send posts back to their authors
    Reject {
        #[command(flatten)]
        which: Which,
        /// What the author is told
        #[arg(long)]
        reason: Option<String>,
    },
    /// Drop posts; nobody hears of it
    Discard(Which),
    /// Send a copy of a post to somebody; the post waits on
    Forward {
        /// Its number
        number: i64,
        /// To whom
        #[arg(required = true)]
        to: Vec<String>,
        /// Who you are [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
    },
    /// Take a post in hand for half an hour, so that no other moderator decides about it
    Claim {
        /// Its number
        number: i64,
        /// Who you are [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
    },
    /// Give a post back that somebody has in hand
    Release {
        /// Its number
        number: i64,
    },
    /// Remove a post that was decided about and kept
    Rm {
        /// Its number
        number: i64,
    },
}

/// Posts, and how to decide about them.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// Their numbers, from `posthaste moderate ls`
    #[arg(required_unless_present = "all")]
    numbers: Vec<i64>,
    /// All that wait on this list
    #[arg(long, value_name = "LIST", conflicts_with = "numbers")]
    all: Option<String>,
    /// Keep the post on the server all the same
    #[arg(long)]
    preserve: bool,
    /// Send a copy to this address besides; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    forward: Vec<String>,
    /// Decide even if another moderator has it in hand
    #[arg(long)]
    force: bool,
    /// Who you are [default: the user of this shell]
    #[arg(long)]
    by: Option<String>,
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    let desk = Desk::new(store.clone());
    match verb {
        Verb::Ls { list, preserved: false } => ls(&store, &desk, list.as_deref(), out).await?,
        Verb::Ls { list, preserved: true } => preserved(&store, list.as_deref(), out).await?,
        Verb::Show { number, raw } => show(&store, &case(&desk, number).await?, raw, out).await?,
        Verb::Accept(which) => return decide(&store, &desk, which, Action::Accept, None, config, out).await,
        Verb::Discard(which) => {
            return decide(&store, &desk, which, Action::Discard, None, config, out).await;
        }
        Verb::Reject { which, reason } => {
            return decide(&store, &desk, which, Action::Reject, reason, config, out).await;
        }
        Verb::Forward { number, to, by } => {
            let which =
                Which { numbers: vec![number], all: None, preserve: false, forward: to, force: true, by };
            return decide(&store, &desk, which, Action::Defer, None, config, out).await;
        }
        Verb::Claim { number, by } => {
            let (case, by) = (case(&desk, number).await?, super::alerts::who(by));
            if let Some(other) = desk.claim(&case.post, &by, super::now()).await? {
                anyhow::bail!("{} has post {number} in hand since {}", other.who, other.at);
            }
            out.done(&format!("Post {number} is in your hands for half an hour"), &json!({ "claimed": by }))?;
        }
        Verb::Release { number } => {
            let had = desk.release(&case(&desk, number).await?.post).await?;
            let told = if had { "is free again" } else { "was in nobody's hands" };
            out.done(&format!("Post {number} {told}"), &json!({ "released": had }))?;
        }
        Verb::Rm { number } => {
            let case = case(&desk, number).await?;
            if case.decision.is_none() {
                return Err(BadInput::new(format!(
                    "post {number} still waits; drop it with: posthaste moderate discard {number}"
                ))
                .into());
            }
            let gone = store.remove_held(case.post.id).await?;
            super::audit::note(
                &store,
                "remove",
                case.list.list_id.as_str(),
                &format!("held post {number}"),
                json!(case.post.message_id),
                Value::Null,
            )
            .await;
            out.done(&format!("Post {number} removed"), &json!({ "removed": gone }))?;
        }
    }
    Ok(Exit::Done)
}

async fn case(desk: &Desk, number: i64) -> anyhow::Result<Case> {
    desk.case(number, super::now()).await?.ok_or_else(|| {
        BadInput::new(format!("no post {number} is held; posthaste moderate ls shows what waits, posthaste audit ls what was decided"))
            .into()
    })
}

async fn ls(store: &Store, desk: &Desk, list: Option<&str>, out: &Out) -> anyhow::Result<()> {
    let only = match list {
        Some(list) => Some(super::list::find(store, list).await?.id),
        None => None,
    };
    let claims = desk.claims(super::now()).await?;
    let mut posts: Vec<HeldSummary> = vec![];
    loop {
        let page = store.held_queue(only, posts.last().map_or(0, |post| post.number), PAGE).await?;
        let full = page.len() as u64 == PAGE;
        posts.extend(page);
        if !full {
            break;
        }
    }
    let mut requests: Vec<MembershipRequest> = vec![];
    loop {
        let after = requests.last().map(|request| request.id);
        let page = store.requests(only, TokenOwner::Moderator, after, PAGE, super::now()).await?;
        let full = page.len() as u64 == PAGE;
        requests.extend(page);
        if !full {
            break;
        }
    }
    let keys = posts.iter().map(|post| post.list).chain(requests.iter().map(|request| request.list));
    let lists = names(store, keys).await?;
    let claim = |post: &HeldSummary| claims.get(&post.id.uuid());
    let name = |post: &HeldSummary| lists.get(&post.list).map(|l| l.name.to_string()).unwrap_or_default();
    let list_of = |key: &uuid::Uuid| lists.get(key).map(|l| l.name.to_string()).unwrap_or_default();
    let mut json: Vec<_> = posts.iter().map(|post| as_json(post, &name(post), claim(post))).collect();
    json.extend(requests.iter().map(|r| {
        json!({
            "request": r.id, "list": list_of(&r.list), "action": r.action.name(), "address": r.address.as_str(),
            "asked_at": r.asked_at.to_string(),
        })
    }));
    let asked = requests.iter().map(|r| {
        vec![
            r.id.to_string(),
            list_of(&r.list),
            r.address.to_string(),
            format!("asks to {}", r.action.name()),
            "decide with: posthaste request accept, reject or discard".to_owned(),
            r.asked_at.to_string().chars().take(16).collect(),
            String::new(),
        ]
    });
    out.table(
        &["number", "list", "from", "subject", "because", "since", "in hand of"],
        posts
            .iter()
            .map(|post| {
                vec![
                    post.number.to_string(),
                    name(post),
                    post.sender.clone(),
                    short(&post.subject),
                    short(&post.reasons.join("; ")),
                    post.held_at.to_string().chars().take(16).collect(),
                    claim(post).map(|c| c.who.clone()).unwrap_or_default(),
                ]
            })
            .chain(asked),
        &json,
    )?;
    Ok(())
}

async fn preserved(store: &Store, list: Option<&str>, out: &Out) -> anyhow::Result<()> {
    let only = match list {
        Some(list) => Some(super::list::find(store, list).await?.id),
        None => None,
    };
    let mut rows = vec![];
    for decision in store.preserved(10_000).await? {
        let Some(held) = store.held(decision.held).await? else { continue };
        if only.is_some_and(|only| only != held.list) {
            continue;
        }
        let Some(post) = store.held_number(decision.held).await? else { continue };
        rows.push((post, held, decision));
    }
    let json: Vec<_> = rows
        .iter()
        .map(|(number, held, d)| {
            json!({
                "number": number, "sender": held.sender, "subject": held.subject, "message_id": held.message_id,
                "decided": d.action.name(), "by": d.who, "at": d.at.to_string(),
            })
        })
        .collect();
    out.table(
        &["number", "from", "subject", "decided", "by", "at"],
        rows.iter().map(|(number, held, d)| {
            vec![
                number.to_string(),
                held.sender.clone(),
                short(&held.subject),
                d.action.to_string(),
                d.who.clone(),
                d.at.to_string().chars().take(16).collect(),
            ]
        }),
        &json,
    )?;
    Ok(())
}

async fn names(
    store: &Store,
    lists: impl Iterator<Item = uuid::Uuid>,
) -> anyhow::Result<std::collections::HashMap<uuid::Uuid, MailingList>> {
    let mut known = std::collections::HashMap::new();
    for key in lists {
        if let std::collections::hash_map::Entry::Vacant(place) = known.entry(key)
            && let Some(list) = store.list_by_key(key).await?
        {
            place.insert(list);
        }
    }
    Ok(known)
}

async fn show(store: &Store, case: &Case, raw: bool, out: &Out) -> anyhow::Result<()> {
    let post = &case.post;
    let message = store.held(post.id).await?.map(|held| held.message).unwrap_or_default();
    let mut json = as_json(post, &case.list.name.to_string(), case.claim.as_ref());
    if let Some(json) = json.as_object_mut() {
        json.insert("message".into(), String::from_utf8_lossy(&message).into());
    }
    let mut text = format!(
        "Post {} to {}\n  From:     {}\n  Subject:  {}\n  Since:    {}\n  Size:     {} octets\n",
        post.number, case.list.name, post.sender, post.subject, post.held_at, post.size
    );
    for reason in &post.reasons {
        text.push_str(&format!("  Because:  {reason}\n"));
    }
    if let Some(claim) = &case.claim {
        text.push_str(&format!("  In hand:  {} since {}\n", claim.who, claim.at));
    }
    if let Some(decision) = &case.decision {
        text.push_str(&format!("  Decided:  {} by {} at {}\n", decision.action, decision.who, decision.at));
    }
    text.push('\n');
    if raw {
        text.push_str(&String::from_utf8_lossy(&message));
    } else {
        text.push_str(&posthaste_lists::moderation::excerpt(message));
    }
    out.value(&text, &json)?;
    Ok(())
}

async fn decide(
    store: &Store,
    desk: &Desk,
    which: Which,
    action: Action,
    reason: Option<String>,
    config: &Config,
    out: &Out,
) -> anyhow::Result<Exit> {
    let forward: Vec<Address> = which
        .forward
        .iter()
        .map(|text| Address::parse(text))
        .collect::<Result<_, _>>()
        .map_err(BadInput::from_error)?;
    let by = Moderator::new(super::alerts::who(which.by), Way::CommandLine);
    let ruling = Ruling { action, reason, forward, preserve: which.preserve, force: which.force };
    let numbers = match &which.all {
        None => which.numbers,
        Some(list) => {
            let list = super::list::find(store, list).await?;
            let mut numbers: Vec<i64> = vec![];
            loop {
                let page = store.held_page(list.id, numbers.last().copied().unwrap_or(0), PAGE).await?;
                let full = page.len() as u64 == PAGE;
                numbers.extend(page.iter().map(|post| post.number));
                if !full {
                    break numbers;
                }
            }
        }
    };
    let (mut done, mut not) = (vec![], vec![]);
    for number in numbers {
        match desk.rule(number, &ruling, &by, super::now()).await? {
            Ruled::Now => done.push(number),
            Ruled::Before { who, action } => {
                not.push(format!("post {number}: {action} was decided before, by {who}"));
            }
            Ruled::Claimed(claim) => not.push(format!(
                "post {number}: {} has it in hand since {}; --force decides all the same",
                claim.who, claim.at
            )),
            Ruled::NotThere => not.push(format!("post {number}: there is no such post")),
        }
    }
    let running = ask(&config.paths.state, &Request::Decided).ok().flatten().is_some();
    let verb = match action {
        Action::Accept => "accepted",
        Action::Reject => "rejected",
        Action::Discard => "discarded",
        Action::Defer | Action::Hold => "forwarded",
    };
    let later = if running || done.is_empty() { "" } else { "; it is carried out when the server runs" };
    let told = match done.as_slice() {
        [one] => format!("Post {one} {verb}{later}"),
        many => format!("{} posts {verb}{later}", many.len()),
    };
    out.done(&told, &json!({ verb: done, "not": not, "running": running }))?;
    for why in &not {
        out.problem(why)?;
    }
    Ok(if not.is_empty() { Exit::Done } else { Exit::Failed })
}

fn as_json(post: &HeldSummary, list: &str, claim: Option<&Mark>) -> Value {
    json!({
        "number": post.number, "id": post.id, "list": list, "sender": post.sender, "subject": post.subject,
        "message_id": post.message_id, "reasons": post.reasons, "held_at": post.held_at.to_string(),
        "size": post.size, "claimed_by": claim.map(|c| &c.who),
    })
}

fn short(text: &str) -> String {
    const MOST: usize = 50;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > MOST { text.chars().take(MOST).chain(['…']).collect() } else { text }
}
