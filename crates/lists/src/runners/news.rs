//! Posts to newsgroups.

use bytes::Bytes;
use posthaste_mime::{Message, make_message_id};
use posthaste_model::{Beat, MailingList, Stage};
use posthaste_spool::{Entry, Event, Kind, Leased, Then};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::side::{bare, forget};
use super::station::{Craft, Station, Tools, Trouble};
use crate::archive::Clobbering;
use crate::news::{self, Connection, NewsError, NewsServer};

/// The name under which the news server is given pauses.
const NAME: &str = "news";

/// The runner of the news stage. One is enough.
pub struct News {
    station: Station,
}

impl News {
    /// A runner with these.
    pub fn new(tools: Tools) -> Self {
        Self { station: Station::new(Stage::News, tools) }
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        self.station.run(self, stop, beat).await;
    }
}

impl Craft for News {
    async fn step(&self, leased: &Leased, entry: &Entry, beat: &Beat) -> Result<(), Trouble> {
        let tools = &self.station.tools;
        let Some(list) = forget(&self.station, leased, entry).await? else { return Ok(()) };
        let end = async |kind, told: Value| {
            let event = Event { kind, then: Then::Leave, also: vec![], data: told.to_string().into() };
            tools.spool.record(leased, event).await
        };
        let Some(server) = &tools.outlets.news else {
            return Ok(end(Kind::Done, json!({ "why": "there is no news server any more" })).await?);
        };
        let now = tools.clock.monotonic();
        if let Some(left) = tools.outlets.pauses.left(NAME, now) {
            leased.rest(left);
            return Ok(());
        }
        let mut message = Message::parse(bare(entry)?);
        // News servers refuse what is dated long ago: a post that waited for a moderator, or for them.
        Clobbering::default().apply(&mut message, tools.clock.now());
        match beat.wait("the news server", post(server, &list, entry, &message)).await {
            Ok(()) => {
                tools.outlets.pauses.there(NAME);
                Ok(end(Kind::Done, json!({ "newsgroup": list.settings.linked_newsgroup })).await?)
            }
            Err(NewsError::Away(why)) => {
                let pause = tools.outlets.pauses.away(NAME, tools.clock.monotonic());
                tracing::warn!(why, wait = ?pause, "the news server is away; posts for it wait");
                leased.rest(pause);
                Ok(())
            }
            Err(NewsError::Refused(why) | NewsError::Duplicate(why)) => {
                tracing::error!(
                    why,
                    "the news server refuses a post for good; the newsgroup does not have it"
                );
                Ok(end(Kind::Failed, json!({ "why": why })).await?)
            }
        }
    }
}

/// Brings a post into the newsgroup, unless it is there.
async fn post(
    server: &NewsServer,
    list: &MailingList,
    entry: &Entry,
    bare: &Message,
) -> Result<(), NewsError> {
    let original = Message::parse(entry.message.clone());
    let mut connection = Connection::open(server).await?;
    let article = news::article(list, bare, &original, None);
    let mut posted = connection.post(&article).await;
    if let Err(NewsError::Duplicate(_)) = &posted {
        // Ours, of an attempt whose end we did not hear; or that of another list the same post went to, which is in
        // another group: then it needs an id of its own, always the same one.
        let id = Message::parse(article).head.text("Message-ID").unwrap_or_default();
        posted = if is_there(&mut connection, list, &id).await? {
            Ok(())
        } else {
            let id = make_message_id(entry.id.child("article").uuid().as_bytes(), list.name.host());
            let article: Bytes = news::article(list, bare, &original, Some(&id));
            match connection.post(&article).await {
                Err(NewsError::Duplicate(_)) => Ok(()),
                posted => posted,
            }
        };
    }
    if posted.is_ok() {
        connection.quit().await;
    }
    posted
}

async fn is_there(connection: &mut Connection, list: &MailingList, id: &str) -> Result<bool, NewsError> {
    let group = list.settings.linked_newsgroup.trim();
    let groups = connection.newsgroups_of(id).await?.unwrap_or_default();
    Ok(groups.split(',').any(|name| name.trim() == group))
}
