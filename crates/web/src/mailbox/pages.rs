use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use bytes::Bytes;
use posthaste_mime::{Message, mailboxes};

use super::parts::{Part, parts};
use super::{Caught, Mailbox};

/// So many messages are on one page of the list.
const ROWS: usize = 100;

/// So many recipients are named at the side, and in a row.
const NAMED: usize = 200;
const NAMED_IN_ROW: usize = 3;

/// So much of a message is shown in a page; the rest is in the raw file.
const SHOWN: usize = 1 << 20;

/// The list of messages.
#[derive(Template)]
#[template(path = "mailbox/list.html")]
pub(super) struct ListPage<'a> {
    inject: &'a str,
    total: usize,
    recipients: Vec<(String, usize)>,
    unnamed: usize,
    to: Option<&'a str>,
    rows: Vec<Row>,
    older: Option<u64>,
    /// The beginning of the query of links that stay with this recipient.
    here: String,
    watch: bool,
    first: bool,
}

/// A message in the list.
struct Row {
    caught: Arc<Caught>,
    /// The author's name, or the address if there is none.
    who: String,
    /// The author's address, if a name stands before it.
    address: String,
    more: usize,
}

impl Row {
    fn new(caught: Arc<Caught>) -> Self {
        let more = caught.recipients.len().saturating_sub(NAMED_IN_ROW);
        let author = mailboxes(&caught.from).into_iter().next().filter(|author| !author.name.is_empty());
        let (who, address) = match author {
            Some(author) => (author.name, author.address.as_str().to_owned()),
            None if caught.from.is_empty() => (caught.envelope_from.clone(), String::new()),
            None => (caught.from.clone(), String::new()),
        };
        Self { caught, who, address, more }
    }

    fn named(&self) -> impl Iterator<Item = &String> {
        self.caught.recipients.iter().take(NAMED_IN_ROW)
    }
}

impl<'a> ListPage<'a> {
    pub(super) fn new(
        mailbox: &Mailbox,
        inject: &'a str,
        to: Option<&'a str>,
        before: Option<u64>,
        watch: bool,
    ) -> Self {
        let mut found = mailbox.newest(to, before, ROWS + 1);
        let is_more = found.len() > ROWS;
        found.truncate(ROWS);
        let mut recipients = mailbox.recipients();
        let unnamed = recipients.len().saturating_sub(NAMED);
        recipients.truncate(NAMED);
        Self {
            inject,
            total: mailbox.len(),
            recipients,
            unnamed,
            to,
            older: found.last().filter(|_| is_more).map(|oldest| oldest.id),
            rows: found.into_iter().map(Row::new).collect(),
            here: to.map_or_else(String::new, query),
            watch,
            first: before.is_none(),
        }
    }

    fn is_for(&self, address: &str) -> bool {
        self.to.is_some_and(|to| to.eq_ignore_ascii_case(address))
    }
}

/// What is shown of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Its plain text.
    Text,
    /// Its HTML, in a frame.
    Html,
    /// Its fields.
    Headers,
    /// Who got it, and the other copies of the post.
    Recipients,
    /// Its bytes.
    Raw,
}

impl View {
    /// The end of the path and the name of the tab.
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Text, "", "Text"),
        (Self::Html, "/html", "HTML"),
        (Self::Headers, "/headers", "Headers"),
        (Self::Recipients, "/recipients", "Recipients"),
        (Self::Raw, "/source", "Raw"),
    ];
}

/// One message.
#[derive(Template)]
#[template(path = "mailbox/message.html")]
pub(super) struct MessagePage {
    caught: Arc<Caught>,
    view: View,
    fields: Vec<(String, String)>,
    text: Option<String>,
    has_html: bool,
    attached: Vec<Part>,
    raw: String,
    is_cut: bool,
    copies: Vec<Arc<Caught>>,
    reached: usize,
}

impl MessagePage {
    pub(super) fn new(mailbox: &Mailbox, caught: Arc<Caught>, bytes: &Bytes, view: View) -> Self {
        let message = Message::parse(bytes.clone());
        let parts = parts(&message);
        let text = inline(&parts, "text/plain");
        let copies = if view == View::Recipients { mailbox.copies(&caught) } else { Vec::new() };
        let reached: BTreeSet<_> = copies.iter().flat_map(|copy| &copy.recipients).collect();
        let shown = bytes.get(..SHOWN).unwrap_or(bytes);
        Self {
            fields: message.head.fields().iter().map(|f| (f.name().to_owned(), f.text())).collect(),
            text: text.map(|text| text.chars().take(SHOWN).collect()),
            has_html: inline(&parts, "text/html").is_some(),
            attached: parts.into_iter().filter(is_file).collect(),
            raw: String::from_utf8_lossy(shown).into_owned(),
            is_cut: bytes.len() > SHOWN,
            reached: reached.len(),
            copies,
            caught,
            view,
        }
    }

    fn tabs(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        View::ALL.into_iter().map(|(view, path, name)| (path, name, view == self.view))
    }
}

/// The beginning of a query that asks for a recipient.
fn query(to: &str) -> String {
    let Ok(to) = askama::filters::urlencode(to);
    format!("to={to}&")
}

/// The HTML of a message, to be served alone; `None` if it has none.
pub(super) fn html(bytes: &Bytes) -> Option<String> {
    inline(&parts(&Message::parse(bytes.clone())), "text/html")
}

/// All parts of that kind that are to be read in place, one below the other.
fn inline(parts: &[Part], kind: &str) -> Option<String> {
    let texts: Vec<_> = parts.iter().filter(|part| part.is_inline(kind)).map(Part::text).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn is_file(part: &Part) -> bool {
    !part.is_inline("text/plain") && !part.is_inline("text/html")
}

/// A page that says what went wrong.
#[derive(Template)]
#[template(path = "mailbox/gone.html")]
pub(super) struct GonePage {
    pub(super) what: &'static str,
}
