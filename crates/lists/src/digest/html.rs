//! A page with contents and texts.

use posthaste_mime::Message;

use super::{Digest, Form, contents, mime, part, plain, present, scrub};

/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 3] = ["ar", "fa", "he"];

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:44em;margin:1em auto;padding:0 1em}\
pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere;margin:.5em 0}\
blockquote{margin:.5em 0;padding-inline-start:.8em;border-inline-start:3px solid #bbb;color:#666}\
article{border-top:1px solid #bbb;margin-top:1.5em}h1{font-size:1.4em}h2{font-size:1.15em;margin-bottom:0}\
.who{color:#666;margin:0}";

/// The page, beside the plain form of the same digest.
pub(super) fn body(digest: &Digest<'_>, form: Form) -> Message {
    let parts = [part::text("plain", &plain::text(digest), None), part::text("html", &page(digest), None)];
    part::multipart("alternative", &mime::seed(digest, form), &parts.map(|part| part.to_bytes()), "")
}

fn page(digest: &Digest<'_>) -> String {
    let language = digest.language.replace('_', "-");
    let direction = if RIGHT_TO_LEFT.contains(&digest.language.as_str()) { "rtl" } else { "ltr" };
    let subject = escape(&digest.subject());
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\" dir=\"{direction}\">\n<head><meta charset=\"utf-8\">\
         <title>{subject}</title>\n<style>{STYLE}</style></head>\n<body>\n<h1>{subject}</h1>\n"
    );
    out.extend(present(&digest.header).map(paragraph));
    out.push_str(&format!("<p><strong>{}</strong></p>\n<ol>\n", escape(&digest.say("digest.topics"))));
    let topics: Vec<_> = digest.posts.iter().map(|post| contents::Topic::of(digest, post)).collect();
    for (number, topic) in (1..).zip(&topics) {
        let (subject, author) = (escape(&topic.subject), escape(&topic.author));
        out.push_str(&format!("<li><a href=\"#m{number}\">{subject}</a> ({author})</li>\n"));
    }
    out.push_str("</ol>\n");
    for (number, (topic, post)) in (1_usize..).zip(topics.iter().zip(&digest.posts)) {
        out.push_str(&article(digest, number, topic, post));
    }
    out.push_str("<hr>\n");
    out.extend(present(&digest.footer).map(paragraph));
    out.extend(present(&digest.masthead).map(paragraph));
    out.push_str("</body>\n</html>\n");
    out
}

fn article(digest: &Digest<'_>, number: usize, topic: &contents::Topic, post: &Message) -> String {
    let (subject, author) = (escape(&topic.subject), escape(&topic.author));
    let date = escape(&post.head.text("Date").unwrap_or_default());
    let link = post.head.text("Archived-At").map(|link| link.trim_matches(['<', '>', ' ']).to_owned());
    let link = link.filter(|link| link.starts_with("https://") || link.starts_with("http://"));
    let subject = match &link {
        Some(link) => format!("<a href=\"{}\">{subject}</a>", escape(link)),
        None => subject,
    };
    format!(
        "<article id=\"m{number}\">\n<h2>{number}. {subject}</h2>\n<p class=\"who\">{author}, {date}</p>\n{}</article>\n",
        quoted(&scrub::text(digest, post))
    )
}

/// A text, with what it quotes set apart.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.trim_end().lines().peekable();
    while let Some(first) = rest.peek() {
        let quote = first.starts_with('>');
        let mut block = vec![];
        while let Some(line) = rest.next_if(|line| line.starts_with('>') == quote) {
            let line =
                if quote { line.strip_prefix("> ").or(line.strip_prefix('>')).unwrap_or(line) } else { line };
            block.push(escape(line));
        }
        let block = format!("<pre>{}</pre>\n", block.join("\n"));
        out.push_str(&if quote { format!("<blockquote>{block}</blockquote>\n") } else { block });
    }
    out
}

fn paragraph(text: &str) -> String {
    format!("<pre>{}</pre>\n", escape(text))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && c != '\t' && c != '\n' => {}
            c => out.push(c),
        }
    }
    out
}
