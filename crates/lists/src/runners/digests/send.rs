//! Closing digests and sending them.

use std::collections::BTreeMap;

use posthaste_mime::Message;
use posthaste_model::{
    EntryId, Envelope, ForwardPath, MailingList, Personalization, ReversePath, Stage, SubAddress,
};
use posthaste_spool::{Event, Kind, NewEntry, Then};
use posthaste_store::{DigestReader, Issue, IssueLimits};
use uuid::Uuid;

use super::editions::{Edition, editions};
use crate::delivery::{Plan, Recipient, RecipientsBuilder, encode_plan};
use crate::digest::{self, Digest, Form};
use crate::notes;
use crate::pipeline::{Segment, one_click_slot, pieces};
use crate::runners::station::{Tools, Trouble};
use crate::templates::Templates;
use crate::words_of::{self, Words};

/// One digest has at most these; what does not fit comes in the next, at once.
const LIMITS: IssueLimits = IssueLimits { posts: 500, size: 8 << 20 };
/// Readers read from the database at once.
const PAGE: u64 = 5_000;

/// Closes the digests that are due, of one list or of all, and sends every one that was closed; `at_once` those too that
/// are not due. Says how many went out. May be called again at any time: what was closed is finished first.
pub(in crate::runners) async fn send_due(
    tools: &Tools,
    list: Option<Uuid>,
    at_once: bool,
) -> Result<u64, Trouble> {
    let _turn = tools.outlets.digest_turn.lock().await;
    let mut sent = 0;
    for issue in tools.store.open_digests().await? {
        match send(tools, &issue, true).await {
            Ok(()) => sent += 1,
            Err(trouble) => trouble.spare_others("a digest that was begun")?,
        }
    }
    let waiting = match list {
        Some(list) => tools.store.digest_backlog_of(list).await?.into_iter().collect(),
        None => tools.store.digest_backlog().await?,
    };
    for backlog in waiting {
        while let Some(issue) = close(tools, backlog.list, at_once).await? {
            match send(tools, &issue, false).await {
                Ok(()) => sent += 1,
                Err(trouble) => trouble.spare_others("a digest")?,
            }
        }
    }
    Ok(sent)
}

/// Closes the next digest of a list, if it is due.
async fn close(tools: &Tools, list: Uuid, at_once: bool) -> Result<Option<Issue>, Trouble> {
    let Some(list) = tools.store.list_by_key(list).await? else { return Ok(None) };
    let Some(backlog) = tools.store.digest_backlog_of(list.id).await? else { return Ok(None) };
    let now = tools.clock.now();
    let settings = &list.settings;
    if !at_once && !digest::due(settings, backlog.size, backlog.oldest, now, tools.outlets.digests) {
        return Ok(None);
    }
    let frequency = settings.digest_volume_frequency;
    let numbering = |n: posthaste_store::Numbers| digest::next(n.volume, n.number, n.last, now, frequency);
    Ok(tools.store.close_digest(list.id, now, LIMITS, numbering).await?)
}

/// Makes the mails of a closed digest and puts them into the spool. Their ids derive from the digest's, so once more makes
/// no twin; of one that was `begun` before, what has been delivered meanwhile is not made again.
async fn send(tools: &Tools, issue: &Issue, begun: bool) -> Result<(), Trouble> {
    let Some(list) = tools.store.list_by_key(issue.list).await? else { return Ok(()) };
    let leaving = tools.store.last_digests(list.id).await?;
    let readers = readers(tools, &list, &leaving).await?;
    let site = tools.site.get();
    let every = site.rules.verp_interval;
    let verp = every > 0 && issue.number.unsigned_abs().is_multiple_of(every);
    let personal = verp || list.settings.personalize != Personalization::None;
    let mut posts = None;
    for edition in editions(&readers, &list, &Templates::languages(), personal) {
        if posts.is_none() {
            posts = Some(read_posts(tools, issue).await?);
        }
        let words = words_of::digest(tools, &list, &edition.language).await?;
        let owners = tools.store.admins(list.id).await?.into_iter().map(String::from).collect();
        let written = posts.as_deref().map(|posts| write(tools, &list, issue, &edition, &words, posts));
        let Some(written) = written else { continue };
        let plan = Plan {
            sender: list.name.address(SubAddress::Bounces),
            personal: edition.personal,
            message_id: written.message_id,
            owners,
            owner_address: list.name.address(SubAddress::Owner),
            display_name: list.settings.display_name.clone(),
            subject: written.subject,
            provenance: None,
        };
        let one_click = edition.personal && site.one_click.is_some();
        let slots: Vec<_> = one_click.then(|| one_click_slot(&list)).into_iter().collect();
        let segments = match slots.as_slice() {
            [] => vec![Segment::Shared(written.mail.to_bytes())],
            slots => pieces(&written.mail, slots, None),
        };
        if let Some(entry) = entry(&list, issue, &edition, plan, written.mail.to_bytes(), &segments)? {
            if begun && has_finished(tools, entry.id, issue).await? {
                continue;
            }
            let counted = tools.events.born(&entry.list);
            tools.spool.put_with(entry, counted).await?;
        }
        tracing::info!(list = %list.list_id, volume = issue.volume, number = issue.number,
            form = edition.form.name(), language = edition.language, recipients = edition.readers.len(),
            "digest sent");
    }
    let settled: Vec<_> = leaving.into_iter().map(|reader| reader.address).collect();
    Ok(tools.store.digest_sent(issue, tools.clock.now(), &settled).await?)
}

/// Whether this mail of the digest has been delivered, and is not in the spool any more.
async fn has_finished(tools: &Tools, id: EntryId, issue: &Issue) -> Result<bool, Trouble> {
    let (history, from) = (tools.history.clone(), issue.closed_at);
    let look = tokio::task::spawn_blocking(move || history.has_finished(id, from)).await;
    let told = look.map_err(|error| Trouble::Entry(error.to_string()))?;
    told.map_err(|error| Trouble::Entry(format!("cannot read the history: {error}")))
}

/// Everybody who gets this digest, once in each form.
async fn readers(
    tools: &Tools,
    list: &MailingList,
    leaving: &[DigestReader],
) -> Result<Vec<DigestReader>, Trouble> {
    let mut readers: Vec<DigestReader> = vec![];
    let mut after = None;
    loop {
        let page = tools.store.digest_readers(list.id, after, PAGE).await?;
        let Some(bottom) = page.last() else { break };
        after = Some(bottom.member);
        let full = page.len() as u64 == PAGE;
        readers.extend(page);
        if !full {
            break;
        }
    }
    let known: std::collections::HashSet<_> =
        readers.iter().map(|r| (r.address.key().to_owned(), Form::of(r.mode).map(Form::name))).collect();
    let fresh =
        |r: &&DigestReader| !known.contains(&(r.address.key().to_owned(), Form::of(r.mode).map(Form::name)));
    readers.extend(leaving.iter().filter(fresh).cloned());
    Ok(readers)
}

async fn read_posts(tools: &Tools, issue: &Issue) -> Result<Vec<Message>, Trouble> {
    let mut posts = vec![];
    for id in tools.store.digest_posts(issue.id).await? {
        posts.extend(tools.store.collected(id).await?.map(Message::parse));
    }
    Ok(posts)
}

/// A mail of a digest.
struct Written {
    mail: Message,
    subject: String,
    message_id: String,
}

fn write(
    tools: &Tools,
    list: &MailingList,
    issue: &Issue,
    edition: &Edition<'_>,
    words: &Words,
    posts: &[Message],
) -> Written {
    let language = &edition.language;
    let site = tools.site.get().facts();
    let plain = edition.purpose(list) == format!("digest {}", edition.form.name());
    let id = EntryId::new(issue.id);
    // What says something else has another Message-ID.
    let unique = if plain { id } else { id.child(&edition.purpose(list)) };
    let digest = Digest {
        list,
        site: &site,
        volume: issue.volume,
        number: issue.number,
        at: issue.closed_at,
        unique: *unique.uuid().as_bytes(),
        masthead: words.masthead.clone(),
        header: words.header.clone(),
        footer: words.footer.clone(),
        language: language.clone(),
        posts: posts.to_vec(),
        phrase: &|key, vars| words_of::phrase(tools, key, language, vars),
    };
    let form = edition.form;
    Written { mail: digest.write(form), subject: digest.subject(), message_id: digest.message_id(form) }
}

fn entry(
    list: &MailingList,
    issue: &Issue,
    edition: &Edition<'_>,
    plan: Plan,
    mail: bytes::Bytes,
    segments: &[Segment],
) -> Result<Option<NewEntry>, Trouble> {
    let purpose = edition.purpose(list);
    let mut recipients = RecipientsBuilder::default();
    let mut first = None;
    for reader in &edition.readers {
        let Ok(path) = ForwardPath::parse(reader.address.as_str()) else { continue };
        first.get_or_insert(path);
        recipients.push(Recipient {
            address: reader.address.as_str(),
            member: reader.member,
            language: reader.language.as_deref().unwrap_or_default(),
            name: &reader.name,
        });
    }
    let Some(forward_path) = first else { return Ok(None) };
    let sender = plan.sender.clone();
    let data = encode_plan(plan, segments, &recipients).map_err(|error| Trouble::Entry(error.to_string()))?;
    Ok(Some(NewEntry {
        id: EntryId::new(issue.id).child(&purpose),
        stage: Stage::Out,
        list: list.list_id.clone(),
        envelope: Envelope {
            reverse_path: ReversePath::from(sender),
            forward_path,
            client: "posthaste".into(),
            received: issue.closed_at,
        },
        notes: BTreeMap::from([
            (notes::PURPOSE.to_owned(), purpose),
            (notes::PARENT.to_owned(), issue.id.to_string()),
        ]),
        message: mail,
        events: vec![Event { kind: Kind::Planned, then: Then::Stay, also: vec![], data }],
    }))
}
