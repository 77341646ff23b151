use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use posthaste_model::MailingList;
use serde::Deserialize;

use super::{ArchiveError, Archiver, Keeping, Kept, Piece};

/// A POST of bytes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Upload {
    /// Where to.
    pub url: String,
    /// Header fields. May hold secrets.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What the server said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
}

/// Sends an upload, within a deadline of its own. The error says why there is no answer.
pub type SendUpload =
    Arc<dyn Fn(Upload) -> Pin<Box<dyn Future<Output = Result<Answer, String>> + Send>> + Send + Sync>;

/// A `HyperKitty`, Mailman's web archive.
pub struct HyperKitty {
    /// Where its API is reached, with a slash at the end.
    api: String,
    /// Where people read it, with a slash at the end.
    public: String,
    key: String,
    send: SendUpload,
}

#[derive(Deserialize)]
struct Stored {
    url: String,
}

impl HyperKitty {
    /// The one at `api`, which shares `key` with us and which people read at `public`.
    pub fn new(api: &str, public: &str, key: String, send: SendUpload) -> Self {
        let slash = |url: &str| format!("{}/", url.trim_end_matches('/'));
        Self { api: slash(api), public: slash(public), key, send }
    }

    fn upload(&self, piece: Piece<'_>) -> Upload {
        let boundary = boundary(piece.id, piece.message);
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"mlist\"\r\n\r\n{}\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"message\"; filename=\"message.txt\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            piece.list.name
        )
        .into_bytes();
        body.extend_from_slice(piece.message);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Upload {
            url: format!("{}api/mailman/archive", self.api),
            headers: vec![
                ("Authorization".into(), format!("Token {}", self.key)),
                ("Content-Type".into(), format!("multipart/form-data; boundary={boundary}")),
            ],
            body: body.into(),
        }
    }
}

/// A boundary that stands nowhere in the message.
fn boundary(id: posthaste_model::EntryId, message: &[u8]) -> String {
    let mut boundary = format!("posthaste-{id}");
    while message.windows(boundary.len()).any(|window| window == boundary.as_bytes()) {
        boundary.push('x');
    }
    boundary
}

/// What an answer means. Only a 200 that says where the post is counts as kept; an archive that is being set up or is
/// overloaded is waited for.
fn judge(answer: &Answer) -> Result<Kept, ArchiveError> {
    let said: String = answer.body.chars().filter(|c| !c.is_control()).take(200).collect();
    let told = format!("it answered {}: {said}", answer.status);
    match answer.status {
        200 => match serde_json::from_str::<Stored>(&answer.body) {
            Ok(stored) => Ok(Kept::There(Some(stored.url).filter(|url| !url.is_empty()))),
            Err(_) => Err(ArchiveError::Away(told)),
        },
        // Not allowed, no such key, too slow, too often: an administrator or time mends these.
        401 | 403 | 404 | 408 | 429 => Err(ArchiveError::Away(told)),
        400..500 => Err(ArchiveError::Refused(told)),
        _ => Err(ArchiveError::Away(told)),
    }
}

impl Archiver for HyperKitty {
    fn name(&self) -> &'static str {
        "hyperkitty"
    }

    fn list_url(&self, list: &MailingList) -> Option<String> {
        Some(format!("{}list/{}/", self.public, list.name))
    }

    fn permalink(&self, list: &MailingList, hash: &str) -> Option<String> {
        Some(format!("{}list/{}/message/{hash}/", self.public, list.name))
    }

    fn keep<'a>(&'a self, piece: Piece<'a>) -> Keeping<'a> {
        let upload = self.upload(piece);
        Box::pin(async move {
            let answer = (self.send)(upload).await.map_err(ArchiveError::Away)?;
            judge(&answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let answer = |status, body: &str| Answer { status, body: body.into() };
        let url = "{\"url\": \"https://x/y\"}";
        assert!(matches!(judge(&answer(200, url)), Ok(Kept::There(Some(u))) if u == "https://x/y"));
        assert!(matches!(judge(&answer(200, "{\"url\": \"\"}")), Ok(Kept::There(None))));
        for (status, body) in
            [(200, "<html>"), (200, "{}"), (401, ""), (403, ""), (429, ""), (500, url), (503, ""), (302, "")]
        {
            assert!(matches!(judge(&answer(status, body)), Err(ArchiveError::Away(_))), "{status} {body}");
        }
        assert!(
            matches!(judge(&answer(400, "no id")), Err(ArchiveError::Refused(why)) if why.contains("no id"))
        );
    }
}
