//! What the readers of free texts look at.

use posthaste_mime::Message;

use super::parts::Part;

/// More lines than these are not read.
const MOST: usize = 4_000;

/// A report as text.
pub(super) struct Source {
    /// The From field, lower case.
    pub(super) from: String,
    /// The subject, lower case.
    pub(super) subject: String,
    /// X-Mailer, lower case.
    pub(super) mailer: String,
    /// It has parts.
    pub(super) multipart: bool,
    /// The lines people were to read.
    pub(super) lines: Vec<Line>,
}

/// One line.
pub(super) struct Line {
    /// As written.
    pub(super) text: String,
    /// Lower case, runs of blanks as one.
    pub(super) plain: String,
}

impl Source {
    pub(super) fn new(message: &Message, parts: &[Part]) -> Self {
        let field = |name| message.head.text(name).unwrap_or_default().to_lowercase();
        let of_kind = |kind: &'static str| parts.iter().filter(move |p| p.kind == kind);
        let mut text: String = of_kind("text/plain").map(|p| format!("{}\n", p.text)).collect();
        if text.trim().is_empty() {
            text = of_kind("text/html").map(|p| visible(&p.text)).collect();
        }
        Self {
            from: field("From"),
            subject: field("Subject"),
            mailer: field("X-Mailer"),
            multipart: field("Content-Type").trim_start().starts_with("multipart/"),
            lines: text.lines().take(MOST).map(Line::new).collect(),
        }
    }
}

impl Source {
    /// True if this phrase, in lower case, stands on some line.
    pub(super) fn says(&self, phrase: &str) -> bool {
        self.lines.iter().any(|line| line.plain.contains(phrase))
    }
}

impl Line {
    fn new(text: &str) -> Self {
        let words: Vec<_> = text.split_whitespace().collect();
        Self { text: text.trim_end().to_owned(), plain: words.join(" ").to_lowercase() }
    }

    /// True if it holds one of these.
    pub(super) fn has(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|p| self.plain.contains(p))
    }

    pub(super) fn is_blank(&self) -> bool {
        self.plain.is_empty()
    }
}

/// What a page shows, a line for each tag, with the few entities that stand beside addresses.
fn visible(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tail)) = rest.split_once('<') {
        out.push_str(before);
        let name: String =
            tail.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if matches!(name.as_str(), "style" | "script") {
            let end = tail.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(tail.len());
            rest = tail.get(end..).unwrap_or_default();
            continue;
        }
        // Within a line only these go without a break.
        let closed: String = tail
            .strip_prefix('/')
            .unwrap_or_default()
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let inline = if closed.is_empty() { name } else { closed.to_ascii_lowercase() };
        if !matches!(inline.as_str(), "b" | "i" | "a" | "font" | "span" | "strong" | "em" | "wbr") {
            out.push('\n');
        }
        rest = tail.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#64;", "@"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(out, |text, (entity, c)| text.replace(entity, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_as_they_show() {
        let html = "<style>x@y.org</style><p>Not delivered to:</p><b>anne</b>@example.com<br>&lt;b@x.org&gt;<script>";
        let text = visible(html);
        let lines: Vec<_> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(lines, ["Not delivered to:", "anne@example.com", "<b@x.org>"]);
    }
}
