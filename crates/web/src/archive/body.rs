//! A post's text as HTML. Everything that came from outside passes [`escape()`]; nothing else writes it.

use posthaste_archive::{Block, Content, Origin};

use super::person::Eyes;

/// A quote of more lines is folded.
const OPEN: usize = 6;

/// The text of a post, safe to stand in a page.
pub(super) fn html(content: &Content, eyes: &Eyes) -> String {
    let mut out = String::with_capacity(content.text.len() + content.text.len() / 4);
    if content.origin == Origin::Nowhere {
        return "<p class=\"none\">This post has no text.</p>".to_owned();
    }
    write(&Block::of(&content.text), eyes, &mut out);
    if content.cut {
        out.push_str("<p class=\"none\">The text goes on; all of it is in the raw post.</p>");
    }
    out
}

fn write(blocks: &[Block], eyes: &Eyes, out: &mut String) {
    for block in blocks {
        match block {
            Block::Text(text) => lines("text", text, eyes, out),
            Block::Signature(text) => lines("signature", text, eyes, out),
            Block::Patch(text) => patch(text, eyes, out),
            Block::Quote(inner) => {
                let count: usize = inner.iter().map(length).sum();
                let fold = count > OPEN;
                if fold {
                    out.push_str(&format!(
                        "<details class=\"quote\"><summary>{count} quoted lines</summary>"
                    ));
                }
                out.push_str("<blockquote>");
                write(inner, eyes, out);
                out.push_str(if fold { "</blockquote></details>" } else { "</blockquote>" });
            }
        }
    }
}

fn length(block: &Block) -> usize {
    match block {
        Block::Quote(inner) => inner.iter().map(length).sum(),
        Block::Text(text) | Block::Signature(text) | Block::Patch(text) => text.lines().count(),
    }
}

fn lines(class: &str, text: &str, eyes: &Eyes, out: &mut String) {
    out.push_str(&format!("<div class=\"{class}\" dir=\"auto\">"));
    links(text, eyes, out);
    out.push_str("</div>");
}

fn patch(text: &str, eyes: &Eyes, out: &mut String) {
    out.push_str("<pre class=\"patch\" tabindex=\"0\">");
    for line in text.lines() {
        let class = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => "file",
            [b'+', ..] => "more",
            [b'-', ..] => "less",
            [b'@', b'@', ..] => "place",
            _ => "",
        };
        if class.is_empty() {
            links(line, eyes, out);
        } else {
            out.push_str(&format!("<span class=\"{class}\">"));
            escape(&eyes.see(line), out);
            out.push_str("</span>");
        }
        out.push('\n');
    }
    out.push_str("</pre>");
}

/// Text with what looks like the address of a page as a link.
fn links(text: &str, eyes: &Eyes, out: &mut String) {
    let mut rest = text;
    while let Some((begin, length)) = address(rest) {
        let (before, from) = rest.split_at(begin);
        let (url, after) = from.split_at(length);
        escape(&eyes.see(before), out);
        out.push_str("<a rel=\"nofollow noreferrer ugc\" href=\"");
        escape(url, out);
        out.push_str("\">");
        escape(url, out);
        out.push_str("</a>");
        rest = after;
    }
    escape(&eyes.see(rest), out);
}

/// Where the first address of a page begins, and its octets.
fn address(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let found = text.get(from..)?.find("http")? + from;
        let rest = text.get(found..)?;
        let scheme = ["https://", "http://"].into_iter().find(|scheme| rest.starts_with(scheme));
        let inside = text.get(..found)?.chars().next_back().is_some_and(char::is_alphanumeric);
        if let Some(scheme) = scheme.filter(|_| !inside) {
            let end =
                rest.find(|c: char| c.is_whitespace() || "<>\"'`{}|\\^".contains(c)).unwrap_or(rest.len());
            let mut url = rest.get(..end)?;
            // What ends the sentence is no part of it.
            loop {
                let shorter = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*']);
                let odd = |open: char, close: char| {
                    shorter.ends_with(close) && shorter.matches(close).count() > shorter.matches(open).count()
                };
                let shorter = if odd('(', ')') || odd('[', ']') {
                    shorter.get(..shorter.len() - 1).unwrap_or_default()
                } else {
                    shorter
                };
                if shorter.len() == url.len() {
                    break;
                }
                url = shorter;
            }
            if url.len() > scheme.len() {
                return Some((found, url.len()));
            }
        }
        from = found + 4;
    }
}

/// The text as it may stand between tags and in attributes.
pub(super) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}
