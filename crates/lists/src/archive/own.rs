use posthaste_archive::{Bodies, BodyKey, Summary};
use posthaste_model::{MailingList, Timestamp};
use posthaste_store::{ArchivePost, Store, StoreError};

use super::folder::on_disk;
use super::{ArchiveError, Archiver, Keeping, Kept, Piece};

/// The archive of this server: bytes in a folder, the rest in the database.
pub struct OwnArchive {
    store: Store,
    bodies: Bodies,
    /// Where people read it, with a slash at the end; `None`: nowhere.
    public: Option<String>,
}

impl OwnArchive {
    /// With its bytes there, read at `public`.
    pub fn new(store: Store, bodies: Bodies, public: Option<&str>) -> Self {
        let public = public.map(|url| format!("{}/", url.trim_end_matches('/')));
        Self { store, bodies, public }
    }
}

impl Archiver for OwnArchive {
    fn name(&self) -> &'static str {
        "posthaste"
    }

    fn list_url(&self, list: &MailingList) -> Option<String> {
        self.public.as_ref().map(|public| format!("{public}list/{}/", list.name))
    }

    fn permalink(&self, list: &MailingList, hash: &str) -> Option<String> {
        self.list_url(list).map(|url| format!("{url}message/{hash}/"))
    }

    fn keep<'a>(&'a self, piece: Piece<'a>) -> Keeping<'a> {
        let (bodies, raw, received) = (self.bodies.clone(), piece.whole.clone(), piece.received);
        Box::pin(async move {
            // The bytes first: what the database knows of can be read.
            let work = move || {
                let key = bodies.put(&raw)?;
                Ok((key, raw.len() as u64, Summary::of(&raw, received)))
            };
            let (key, size, summary) = on_disk(work).await?;
            let post = archive_post(summary, key, size, received);
            match self.store.archive(piece.list.id, std::slice::from_ref(&post)).await {
                Ok(_) => Ok(Kept::There(self.permalink(piece.list, &post.hash))),
                // The list went meanwhile; asked again, its posts are forgotten.
                Err(error @ StoreError::NoSuchList(_)) => Err(ArchiveError::Refused(error.to_string())),
                Err(error) if error.is_outage() => Err(ArchiveError::Away(error.to_string())),
                Err(error) => Err(ArchiveError::Refused(error.to_string())),
            }
        })
    }
}

/// What the database is to remember of a post with these bytes.
pub fn archive_post(summary: Summary, body: BodyKey, size: u64, received: Timestamp) -> ArchivePost {
    ArchivePost {
        hash: summary.hash,
        message_id: summary.message_id,
        body: body.to_string(),
        size,
        ancestors: summary.ancestors,
        subject: summary.subject,
        topic: summary.topic.words,
        is_answer: summary.topic.is_answer,
        author: summary.author,
        address: summary.address,
        beginning: summary.beginning,
        words: summary.words,
        files: u32::try_from(summary.files).unwrap_or(u32::MAX),
        at: summary.at,
        kept_at: received,
    }
}
