//! One list: what was written lately, month by month, and by words.

use askama::Template;
use axum::response::Response;
use posthaste_archive::without_prefix;
use posthaste_lists::archive::Opened;
use posthaste_model::Timestamp;
use posthaste_store::{ArchivedMessage, ArchivedThread, MonthCount, ThreadsWanted};

use super::person::Eyes;
use super::tag::Tag;
use super::{Moment, Page, answer, cursor, cursor_text, library, nothing, open, titled, trouble};
use crate::answer::{Top, page};
use crate::call::Call;
use crate::words;

/// Threads on a page.
const PAGE: usize = 50;
/// Threads on the first page.
const RECENT: usize = 20;
/// Words that are looked for.
const WORDS: usize = 8;

/// A list as its pages name it.
pub(super) struct Named {
    /// Its address: also the piece of paths.
    pub(super) address: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) public: bool,
}

impl Named {
    pub(super) fn of(opened: &Opened) -> Self {
        let settings = &opened.list().settings;
        let address = opened.list().name.to_string();
        let title = settings.display_name.trim();
        Self {
            title: if title.is_empty() { opened.list().name.local().to_owned() } else { title.to_owned() },
            description: settings.description.clone(),
            public: opened.is_public(),
            address,
        }
    }
}

/// A thread in a row.
pub(super) struct Row {
    link: String,
    subject: String,
    author: String,
    beginning: String,
    active: Moment,
    posts: String,
}

struct Year {
    number: i32,
    months: Vec<Month>,
}

struct Month {
    number: i32,
    name: &'static str,
    messages: String,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn years(months: &[MonthCount]) -> Vec<Year> {
    let mut years: Vec<Year> = vec![];
    for count in months {
        let Some(name) = usize::try_from(count.month - 1).ok().and_then(|at| MONTHS.get(at)) else {
            continue;
        };
        if years.last().is_none_or(|year| year.number != count.year) {
            years.push(Year { number: count.year, months: vec![] });
        }
        if let Some(year) = years.last_mut() {
            year.months.push(Month {
                number: count.month,
                name,
                messages: words::count(count.messages, "post"),
            });
        }
    }
    years
}

pub(super) fn subject(opened: &Opened, eyes: &Eyes, subject: &str) -> String {
    titled(&eyes.see(&without_prefix(subject, &opened.list().settings.subject_prefix)))
}

fn rows(opened: &Opened, threads: &[ArchivedThread]) -> Vec<Row> {
    let eyes = Eyes::of(opened);
    let row = |thread: &ArchivedThread| Row {
        link: format!("thread/{}/", thread.hash),
        subject: subject(opened, &eyes, &thread.subject),
        author: eyes.author(&thread.author, ""),
        beginning: eyes.see(&thread.beginning),
        active: Moment::of(thread.active),
        posts: words::count(thread.messages, "post"),
    };
    threads.iter().map(row).collect()
}

#[derive(Template)]
#[template(path = "archive/overview.html")]
struct Overview<'a> {
    top: Top<'a>,
    list: Named,
    rows: Vec<Row>,
    years: Vec<Year>,
    posts: String,
    threads: String,
}

/// What was written lately, and the months.
pub(crate) async fn overview(call: Call) -> Response {
    answer(overview_page(&call).await)
}

async fn overview_page(call: &Call) -> Page {
    let library = library(call)?;
    let opened = open(call, &library).await?;
    let tag = Tag::of(call, &opened, opened.shelf().revision);
    tag.known(call)?;
    let away = |error| trouble(call, &error);
    let threads = library.threads(&opened, ThreadsWanted::default(), RECENT as u64).await.map_err(away)?;
    let months = library.months(&opened).await.map_err(away)?;
    Ok(tag.on(page(&Overview {
        top: Top::of(&call.site),
        list: Named::of(&opened),
        rows: rows(&opened, &threads),
        years: years(&months),
        posts: words::count(opened.shelf().messages, "post"),
        threads: words::count(opened.shelf().threads, "thread"),
    })))
}

#[derive(Template)]
#[template(path = "archive/threads.html")]
struct Threads<'a> {
    top: Top<'a>,
    list: Named,
    title: String,
    rows: Vec<Row>,
    /// The end of the address of the next page.
    older: Option<String>,
    first: bool,
    before: Option<(String, String)>,
    after: Option<(String, String)>,
    export: Option<String>,
}

/// Every thread, those with the latest posts first.
pub(crate) async fn latest(call: Call) -> Response {
    let span = Span {
        title: "All threads".into(),
        from: None,
        until: None,
        before: None,
        after: None,
        export: None,
    };
    answer(threads(&call, span).await)
}

struct Span {
    title: String,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    before: Option<(String, String)>,
    after: Option<(String, String)>,
    export: Option<String>,
}

/// The threads of a month.
pub(crate) async fn month(call: Call) -> Response {
    match month_span(call.nth(1), call.nth(2), &call) {
        Some(span) => answer(threads(&call, span).await),
        None => nothing(&call),
    }
}

fn month_span(year: &str, month: &str, call: &Call) -> Option<Span> {
    let (year, month) = number(year, month)?;
    let name = |year: i32, month: usize| Some(format!("{} {year}", MONTHS.get(month - 1)?));
    let (from, next) = (start(year, month, 1)?, following(year, month));
    let until = start(next.0, next.1, 1)?;
    let last = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
    let at = |(year, month): (i32, usize)| format!("{year}/{month}/");
    Some(Span {
        title: name(year, month)?,
        from: Some(from),
        until: Some(until),
        before: Some((at(last), name(last.0, last.1)?)),
        // The future is no place for a crawler.
        after: (until <= call.now).then(|| name(next.0, next.1)).flatten().map(|name| (at(next), name)),
        export: Some(format!(
            "export/{year}-{month:02}.mbox.gz?start={year}-{month:02}-01&end={}-{:02}-01",
            next.0, next.1
        )),
    })
}

/// The threads of a day.
pub(crate) async fn day(call: Call) -> Response {
    let span = || {
        let (year, month) = number(call.nth(1), call.nth(2))?;
        let day: u32 = call.nth(3).parse().ok()?;
        let from = start(year, month, day)?;
        let until = from.plus(std::time::Duration::from_hours(24));
        let title = Moment::day(from).words;
        Some(Span { title, from: Some(from), until: Some(until), before: None, after: None, export: None })
    };
    match span() {
        Some(span) => answer(threads(&call, span).await),
        None => nothing(&call),
    }
}

fn number(year: &str, month: &str) -> Option<(i32, usize)> {
    let (year, month) = (year.parse::<i32>().ok()?, month.parse::<usize>().ok()?);
    ((1970..=2200).contains(&year) && (1..=12).contains(&month)).then_some((year, month))
}

fn following(year: i32, month: usize) -> (i32, usize) {
    if month == 12 { (year + 1, 1) } else { (year, month + 1) }
}

fn start(year: i32, month: usize, day: u32) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(&format!("{year:04}-{month:02}-{day:02}T00:00:00Z"))
}

async fn threads(call: &Call, span: Span) -> Page {
    let library = library(call)?;
    let opened = open(call, &library).await?;
    let tag = Tag::of(call, &opened, (opened.shelf().revision, &span.title, span.after.is_some()));
    tag.known(call)?;
    let before = match call.field("before") {
        "" => None,
        text => Some(cursor(text).ok_or_else(|| Box::new(nothing(call)))?),
    };
    let wanted = ThreadsWanted { from: span.from, until: span.until, before };
    let mut found =
        library.threads(&opened, wanted, PAGE as u64 + 1).await.map_err(|error| trouble(call, &error))?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let older = found.last().filter(|_| more).map(|last| cursor_text(last.active, last.id));
    Ok(tag.on(page(&Threads {
        top: Top::of(&call.site),
        list: Named::of(&opened),
        title: span.title,
        rows: rows(&opened, &found),
        older,
        first: before.is_none(),
        before: span.before,
        after: span.after,
        export: span.export,
    })))
}

#[derive(Template)]
#[template(path = "archive/search.html")]
struct Search<'a> {
    top: Top<'a>,
    list: Named,
    query: &'a str,
    rows: Vec<Row>,
    older: Option<String>,
}

/// The posts with all these words, the newest first.
pub(crate) async fn search(call: Call) -> Response {
    answer(search_page(&call).await)
}

async fn search_page(call: &Call) -> Page {
    let library = library(call)?;
    let opened = open(call, &library).await?;
    let tag = Tag::of(call, &opened, opened.shelf().revision);
    tag.known(call)?;
    let query = call.field("q");
    let before = cursor(call.field("before"));
    let wanted: Vec<String> = query
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty())
        .take(WORDS)
        .collect();
    let mut found = vec![];
    if !wanted.is_empty() {
        let asked = library.newest(&opened, wanted, before, PAGE as u64 + 1).await;
        found = asked.map_err(|error| trouble(call, &error))?;
    }
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let eyes = Eyes::of(&opened);
    let row = |post: &ArchivedMessage| Row {
        link: format!("message/{}/", post.hash),
        subject: subject(&opened, &eyes, &post.subject),
        author: eyes.author(&post.author, &post.address),
        beginning: eyes.see(&post.beginning),
        active: Moment::of(post.at),
        posts: String::new(),
    };
    Ok(tag.on(page(&Search {
        top: Top::of(&call.site),
        list: Named::of(&opened),
        query,
        older: found.last().filter(|_| more).map(|last| cursor_text(last.at, last.id)),
        rows: found.iter().map(row).collect(),
    })))
}
