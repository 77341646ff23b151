//! Once a day: what still waits.

use std::collections::BTreeMap;
use std::time::Duration;

use posthaste_mime::AutoSubmitted;
use posthaste_model::{EntryId, MailingList, MembershipRequest, SubAddress, Timestamp, TokenOwner};
use posthaste_store::{HeldSummary, Mark, Store, StoreError};
use uuid::Uuid;

use super::Desk;
use crate::notices::{Letter, list_id_field};
use crate::runners::{Tools, Trouble};
use crate::site::Site;
use crate::templates::phrase;

/// From one reminder to the next. A little less than a day, so that it does not wander through the hours.
const EVERY: Duration = Duration::from_hours(23);
/// What is younger was told when it came.
const YOUNG: Duration = Duration::from_hours(20);
/// Somebody who asks for a reminder gets one, unless one went out so lately.
const AGAIN: Duration = Duration::from_hours(12);
/// The mark of the last reminder, on the list.
const REMINDED: &str = "reminded";
/// Requests read at once.
const PAGE: u64 = 1_000;
/// So many posts, and so many requests, are named.
const NAMED: u64 = 30;

/// Reminds the moderators of every list where something waits.
pub(crate) async fn remind(tools: &Tools) -> Result<(), Trouble> {
    let now = tools.clock.now();
    for (list, waiting) in backlogs(tools, now).await? {
        let Some(list) = tools.store.list_by_key(list).await? else { continue };
        if !is_due(&list, waiting.oldest, now) {
            continue;
        }
        let mark = Mark { who: String::new(), at: now };
        // Marked first: a crash costs one reminder, and sends none twice.
        if tools.store.mark(REMINDED, list.id, &mark, now.minus(EVERY)).await?.is_none() {
            send(tools, &list, &waiting, now).await?;
        }
    }
    tools.store.forget_marks(REMINDED, now.minus(2 * Duration::from_hours(24))).await?;
    Ok(())
}

/// Tells the owners and moderators of one list what waits, however young it is; says how much that is. Who was reminded
/// within these hours is not again: an installation may keep the daily job it had besides our own reminder.
pub async fn remind_list(tools: &Tools, list: &MailingList) -> Result<u64, StoreError> {
    let now = tools.clock.now();
    let waiting = backlog(tools, list, now).await?;
    let count = waiting.posts + waiting.requests.len() as u64;
    let mark = Mark { who: String::new(), at: now };
    if count > 0 && tools.store.mark(REMINDED, list.id, &mark, now.minus(AGAIN)).await?.is_none() {
        send(tools, list, &waiting, now).await.map_err(|trouble| match trouble {
            Trouble::Store(error) => error,
            other => StoreError::Unavailable(other.to_string()),
        })?;
    }
    Ok(count)
}

/// How much waits for the moderators of one list: posts, and requests to join or leave.
pub async fn waiting_on(store: &Store, list: &MailingList, now: Timestamp) -> Result<u64, StoreError> {
    let posts = store
        .held_counts()
        .await?
        .iter()
        .filter(|held| held.list == list.id)
        .map(|held| held.count)
        .sum::<u64>();
    Ok(posts + requests(store, Some(list.id), now).await?.len() as u64)
}

/// What waits on one list.
async fn backlog(tools: &Tools, list: &MailingList, now: Timestamp) -> Result<Backlog, StoreError> {
    let held = tools.store.held_counts().await?.into_iter().find(|held| held.list == list.id);
    let requests = requests(&tools.store, Some(list.id), now).await?;
    Ok(Backlog {
        posts: held.as_ref().map_or(0, |held| held.count),
        oldest: held.map_or(now, |held| held.oldest),
        requests,
    })
}

/// Requests that wait for moderators, on one list or on all.
async fn requests(
    store: &Store,
    list: Option<Uuid>,
    now: Timestamp,
) -> Result<Vec<MembershipRequest>, StoreError> {
    let mut all: Vec<MembershipRequest> = vec![];
    loop {
        let after = all.last().map(|request| request.id);
        let page = store.requests(list, TokenOwner::Moderator, after, PAGE, now).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// What waits on every list where something does: held posts, and requests to join or leave.
async fn backlogs(tools: &Tools, now: Timestamp) -> Result<BTreeMap<Uuid, Backlog>, Trouble> {
    let mut backlogs: BTreeMap<Uuid, Backlog> = BTreeMap::new();
    for held in tools.store.held_counts().await? {
        let backlog = Backlog { posts: held.count, requests: vec![], oldest: held.oldest };
        backlogs.insert(held.list, backlog);
    }
    for request in requests(&tools.store, None, now).await? {
        let new = Backlog { posts: 0, requests: vec![], oldest: request.asked_at };
        let backlog = backlogs.entry(request.list).or_insert(new);
        backlog.oldest = backlog.oldest.min(request.asked_at);
        backlog.requests.push(request);
    }
    Ok(backlogs)
}

/// What waits on one list.
struct Backlog {
    posts: u64,
    requests: Vec<MembershipRequest>,
    oldest: Timestamp,
}

/// What came today was told today, if the list tells at once.
fn is_due(list: &MailingList, oldest: Timestamp, now: Timestamp) -> bool {
    let settings = &list.settings;
    settings.admin_daily_reminder && (!settings.admin_immed_notify || now.since(oldest) >= YOUNG)
}

async fn send(tools: &Tools, list: &MailingList, waiting: &Backlog, now: Timestamp) -> Result<(), Trouble> {
    let site = tools.site.get();
    let posts = tools.store.held_page(list.id, 0, NAMED).await?;
    let count = (waiting.posts + waiting.requests.len() as u64).to_string();
    for moderator in Desk::new(tools.store.clone()).moderators(list, &site).await? {
        let data = data(&site, list, &posts, waiting, &moderator);
        let vars = [("count", count.as_str()), ("data", &data)];
        let wording =
            tools.templates.notice(&tools.store, "list:admin:notice:pending", list, "", &vars).await?;
        let owner = list.name.address(SubAddress::Owner);
        let letter = Letter {
            parent: EntryId::new(list.id),
            purpose: &format!("reminder {} {moderator}", now.as_micros()),
            list: &list.list_id,
            from: &owner,
            to: &moderator,
            recipients: std::slice::from_ref(&moderator),
            subject: wording.subject,
            text: wording.text,
            auto_submitted: AutoSubmitted::Generated,
            extra: vec![list_id_field(list)],
            attached: None,
            hostname: &site.hostname,
            at: now,
        };
        if let Some(entry) = letter.into_entry() {
            let counted = tools.events.born(&entry.list);
            tools.spool.put_with(entry, counted).await?;
        }
    }
    Ok(())
}

/// The posts, a block of indented lines each, with this moderator's link to it.
fn data(
    site: &Site,
    list: &MailingList,
    posts: &[HeldSummary],
    waiting: &Backlog,
    moderator: &str,
) -> String {
    let languages = [list.settings.preferred_language.as_str(), site.default_language.as_str()];
    let mut blocks: Vec<_> = posts
        .iter()
        .map(|post| {
            let number = post.number.to_string();
            let subject = if post.subject.trim().is_empty() {
                phrase("post.no_subject", &languages, &[])
            } else {
                one_line(&post.subject)
            };
            let vars = [
                ("number", number.as_str()),
                ("sender", &post.sender),
                ("subject", &subject),
                ("reasons", &post.reasons.join("; ")),
            ];
            let mut block = phrase("moderation.waiting", &languages, &vars);
            let page =
                site.moderating.as_ref().and_then(|links| links.page(&list.list_id, post.number, moderator));
            if let Some(page) = page {
                block.push('\n');
                block.push_str(&page);
            }
            block.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
        })
        .collect();
    let named = usize::try_from(NAMED).unwrap_or(usize::MAX);
    let requests = waiting.requests.iter().take(named);
    blocks.extend(requests.map(|r| format!("    {}: {}", r.action.name(), r.address)));
    let shown = posts.len() + waiting.requests.len().min(named);
    let more = (waiting.posts + waiting.requests.len() as u64).saturating_sub(shown as u64);
    if more > 0 {
        let more = phrase("post.and_more", &languages, &[("count", &more.to_string())]);
        blocks.push(format!("    {more}"));
    }
    blocks.join("\n\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
