//! Digests: many posts in one mail, in three forms. Pure: posts and words come in, a finished message goes out.
//!
//! When one is due says [`due()`], its numbers come from `numbers`, who gets which form is for the runner to say.

mod contents;
mod due;
mod fields;
mod html;
mod mime;
mod numbers;
mod part;
mod plain;
mod scrub;

use posthaste_mime::Message;
use posthaste_model::{DeliveryMode, MailingList, Timestamp};

use crate::facts::SiteFacts;

pub use self::due::{Daily, due};
pub use self::numbers::next;

/// A phrase in the list's language: its key and its variables.
pub type Phrase<'a> = dyn Fn(&'static str, &[(&str, &str)]) -> String + 'a;

/// Everything a digest is made of.
pub struct Digest<'a> {
    /// The list.
    pub list: &'a MailingList,
    /// The site.
    pub site: &'a SiteFacts,
    /// The volume.
    pub volume: i64,
    /// The number within the volume.
    pub number: i64,
    /// When it was closed.
    pub at: Timestamp,
    /// 16 bytes that no other digest has; the Message-IDs come from them.
    pub unique: [u8; 16],
    /// What stands on top: how to use the list.
    pub masthead: String,
    /// What the list puts above every digest; may be blank.
    pub header: String,
    /// What the list puts under every digest; may be blank.
    pub footer: String,
    /// The language of these texts.
    pub language: String,
    /// The posts in their order.
    pub posts: Vec<Message>,
    /// Gives phrases.
    pub phrase: &'a Phrase<'a>,
}

/// The form of a digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One text (RFC 1153).
    Plain,
    /// Whole messages (RFC 2046 §5.1.5).
    Mime,
    /// A page with contents and texts, and the plain form beside it for programs that show no HTML.
    Html,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Mime, Self::Html];

    /// The form of this mode; `None` for who gets post by post.
    pub const fn of(mode: DeliveryMode) -> Option<Self> {
        match mode {
            DeliveryMode::Regular => None,
            DeliveryMode::PlaintextDigests => Some(Self::Plain),
            DeliveryMode::MimeDigests => Some(Self::Mime),
            DeliveryMode::SummaryDigests => Some(Self::Html),
        }
    }

    /// Its name, in ids and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Mime => "mime",
            Self::Html => "html",
        }
    }
}

impl Digest<'_> {
    /// `Dev Digest, Vol 3, Issue 7`.
    pub fn subject(&self) -> String {
        let (volume, number) = (self.volume.to_string(), self.number.to_string());
        (self.phrase)(
            "digest.subject",
            &[("display_name", &self.list.settings.display_name), ("volume", &volume), ("number", &number)],
        )
    }

    /// The Message-ID in this form.
    pub fn message_id(&self, form: Form) -> String {
        fields::message_id(self, form)
    }

    /// The finished message in this form.
    pub fn write(&self, form: Form) -> Message {
        let body = match form {
            Form::Plain => part::text("plain", &plain::text(self), None),
            Form::Mime => mime::body(self, form),
            Form::Html => html::body(self, form),
        };
        fields::write(self, form, body)
    }

    fn say(&self, key: &'static str) -> String {
        (self.phrase)(key, &[])
    }

    /// `End of Dev Digest, Vol 3, Issue 7`.
    fn end(&self) -> String {
        (self.phrase)("digest.end", &[("subject", &self.subject())])
    }
}

/// The text without blank lines at its ends; `None` if that is nothing.
fn present(text: &str) -> Option<&str> {
    let text = text.trim_end();
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
