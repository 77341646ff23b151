//! What content filtering costs: the same posts on a list that filters and on one that does not.

use anyhow::{Context, Result, ensure};

use super::figure::{Better, Figure, Sample};
use super::options::Options;
use super::stand::Stand;
use super::{PATIENCE, cpu};
use crate::source::Job;

const PLAIN: &str = "plain@example.org";
const FILTERING: &str = "filtering@example.org";
/// The first member of every list.
const AUTHOR: &str = "m0@rcpt.example";
/// About as large as a post with a picture.
const SIZE: usize = 100_000;

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let posts = options.pick(1_000, 50);
    let stand = Stand::new(options).await?;
    for list in [PLAIN, FILTERING] {
        stand.list(list, 1).await?;
        stand.server.run(&["list", "set", list, "max_message_size", "0"]).await?;
    }
    for (key, value) in [
        ("filter_content", "yes"),
        ("filter_types", "image"),
        ("collapse_alternatives", "no"),
        ("convert_html_to_plaintext", "yes"),
    ] {
        stand.server.run(&["list", "set", FILTERING, key, value]).await?;
    }
    let mut runs = Vec::new();
    for _ in 0..options.repeat {
        let without = work(&stand, PLAIN, posts).await?;
        let with = work(&stand, FILTERING, posts).await?;
        runs.push(Sample { value: (with - without).max(0.0) * 1e3 / posts as f64, reference: None });
    }
    let case = format!("{posts} posts of 100 KB: HTML to text, a picture removed; CPU more than without");
    Ok(vec![Figure::of("filter", case, "ms/post", Better::Less, &runs).at_most(3.0)])
}

/// Seconds of CPU that the server spends on so many queued posts, from the first rule to the only copy.
async fn work(stand: &Stand, list: &'static str, posts: usize) -> Result<f64> {
    stand.sink.forget();
    stand.server.run(&["queue", "pause", "incoming"]).await?;
    let report = stand.server.source().connections(16).run(posts, |number| post(list, number)).await?;
    ensure!(report.accepted() == posts, "posts were refused: {:?}", report.refusals().first());
    let pid = stand.server.pid().context("the server runs")?;
    let before = cpu::seconds(pid)?;
    stand.server.run(&["queue", "resume", "incoming"]).await?;
    stand.sink.wait_for(posts as u64, PATIENCE).await?;
    Ok(cpu::seconds(pid)? - before)
}

/// Text and HTML as alternatives, and a picture.
fn post(list: &str, number: usize) -> Job {
    let id = format!("<{number}@{list}>");
    let text = "The quick brown fox jumps over the lazy dog and posts about it.\r\n".repeat(150);
    let html = "<p>The quick <b>brown</b> fox &amp; <a href=\"https://example.org/\">friends</a></p>\r\n"
        .repeat(500);
    let picture = format!("{}\r\n", "A".repeat(72)).repeat((SIZE - text.len() - html.len()) / 74);
    let message = format!(
        "From: {AUTHOR}\r\nTo: {list}\r\nSubject: hello\r\nMessage-ID: {id}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n\
         --outer\r\nContent-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n\
         --inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
         --inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--inner--\r\n\r\n\
         --outer\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n{picture}\r\n--outer--\r\n"
    );
    Job::new(&id, AUTHOR, vec![list.to_owned()], message.as_bytes())
}
