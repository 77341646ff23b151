//! The archives that everybody may read.

use askama::Template;
use axum::response::Response;

use super::{Page, answer, library, trouble};
use crate::answer::{Top, page, shared};
use crate::call::Call;
use crate::words;

/// Lists on a page.
const PAGE: usize = 100;
/// Seconds that browsers keep the style sheet.
const KEPT: u32 = 3_600;

#[derive(Template)]
#[template(path = "archive/lists.html")]
struct Lists<'a> {
    top: Top<'a>,
    rows: Vec<Row>,
    query: &'a str,
    next: Option<usize>,
    first: bool,
}

struct Row {
    address: String,
    title: String,
    description: String,
    posts: String,
}

/// All of them; or those with some words in name or description.
pub(crate) async fn lists(call: Call) -> Response {
    answer(lists_page(&call).await)
}

async fn lists_page(call: &Call) -> Page {
    let library = library(call)?;
    let all = library.lists().await.map_err(|error| trouble(call, &error))?;
    let query = call.field("name");
    let lower = query.to_lowercase();
    let number: usize = call.field("page").parse().unwrap_or(1).clamp(1, 100_000);
    let fits =
        |texts: [&str; 3]| lower.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&lower));
    let mut found = all
        .iter()
        .filter(|list| fits([&list.name.to_string(), &list.display_name, &list.description]))
        .skip((number - 1) * PAGE);
    let rows: Vec<Row> = found
        .by_ref()
        .take(PAGE)
        .map(|list| Row {
            address: list.name.to_string(),
            title: if list.display_name.is_empty() {
                list.name.to_string()
            } else {
                list.display_name.clone()
            },
            description: list.description.clone(),
            posts: words::count(list.shelf.messages, "post"),
        })
        .collect();
    let next = found.next().map(|_| number + 1);
    Ok(page(&Lists { top: Top::of(&call.site), rows, query, next, first: number == 1 }))
}

/// How the pages of the archive look.
pub(crate) fn style(call: &Call) -> Response {
    shared(
        call,
        "text/css; charset=utf-8",
        KEPT,
        include_str!("../../templates/archive/archive.css").to_owned(),
    )
}
