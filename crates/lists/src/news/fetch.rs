//! New articles become posts.

use std::collections::BTreeMap;

use posthaste_mime::Message;
use posthaste_model::{EntryId, Envelope, ForwardPath, ListId, MailingList, ReversePath, Stage, SubAddress};
use posthaste_spool::NewEntry;

use super::{Connection, FROM_NEWS, NewsError, NewsServer, is_of_list, to_post};
use crate::notes;
use crate::runners::{Tools, Trouble};

/// Lists read from the database at once.
const PAGE: u64 = 500;
/// Articles taken from one group before the next list has its turn.
const MOST: i64 = 500;

/// Looks into the newsgroup of every list that wants its articles.
pub(crate) async fn fetch(tools: &Tools, server: &NewsServer) -> Result<(), Trouble> {
    let mut connection = None;
    let mut after: Option<ListId> = None;
    loop {
        let page = tools.store.lists(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.list_id.clone());
        for summary in &page {
            let Some(list) = tools.store.list_by_key(summary.id).await? else { continue };
            let group = list.settings.linked_newsgroup.trim();
            if !list.settings.gateway_to_mail || group.is_empty() {
                continue;
            }
            let mut open = match connection.take() {
                Some(open) => open,
                None => match Connection::open(server).await {
                    Ok(open) => open,
                    Err(error) => {
                        tracing::warn!(%error, "the news server is away; new articles wait");
                        return Ok(());
                    }
                },
            };
            match take(tools, &mut open, &list, group).await? {
                Ok(taken) => {
                    tracing::debug!(list = %list.list_id, taken, "articles");
                    connection = Some(open);
                }
                Err(error @ NewsError::Refused(_)) => {
                    tracing::error!(list = %list.list_id, %error, "no articles for this list");
                    connection = Some(open);
                }
                Err(error) => tracing::warn!(list = %list.list_id, %error, "articles could not be fetched"),
            }
        }
        if let Some(open) = connection.take() {
            open.quit().await;
        }
    }
}

/// Takes what is new in one group; says how many became posts.
async fn take(
    tools: &Tools,
    connection: &mut Connection,
    list: &MailingList,
    name: &str,
) -> Result<Result<u64, NewsError>, Trouble> {
    let group = match connection.group(name).await {
        Ok(group) => group,
        Err(error) => return Ok(Err(error)),
    };
    let Some(watermark) = list.usenet_watermark else {
        // The first look: what is there already is not the list's.
        tools.store.set_watermark(list.id, group.last.max(0), false).await?;
        return Ok(Ok(0));
    };
    if group.last < watermark && group.last >= group.first {
        tracing::warn!(list = %list.list_id, group = name, "the newsgroup was numbered anew; taken up from its newest article");
        tools.store.set_watermark(list.id, group.last, true).await?;
        return Ok(Ok(0));
    }
    let first = (watermark + 1).max(group.first);
    let mut taken = 0;
    for number in first..=group.last.min(first.saturating_add(MOST)) {
        let article = match connection.article(number).await {
            Ok(article) => article,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(article) = article.map(Message::parse)
            && !is_of_list(list, &article)
            && let Some(entry) = entry(tools, list, name, number, article)
        {
            let counted = tools.events.born(&entry.list);
            tools.spool.put_with(entry, counted).await?;
            taken += 1;
        }
        tools.store.set_watermark(list.id, number, false).await?;
    }
    Ok(Ok(taken))
}

fn entry(tools: &Tools, list: &MailingList, group: &str, number: i64, article: Message) -> Option<NewEntry> {
    let origin = format!("{group} {number}");
    let id = article.head.text("Message-ID").unwrap_or_default();
    // Nobody is answered: who writes news has not written to us.
    let envelope = Envelope {
        reverse_path: ReversePath::Null,
        forward_path: ForwardPath::parse(&list.name.to_string()).ok()?,
        client: "news".into(),
        received: tools.clock.now(),
    };
    Some(NewEntry {
        id: EntryId::new(list.id).child(&format!("article {origin} {id}")),
        stage: Stage::Incoming,
        list: list.list_id.clone(),
        envelope,
        notes: BTreeMap::from([
            (notes::SUB.to_owned(), SubAddress::Post.name().to_owned()),
            (FROM_NEWS.to_owned(), origin),
        ]),
        message: to_post(list, article),
        events: vec![],
    })
}
