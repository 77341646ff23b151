/// One piece of a page.
pub(super) enum Token<'a> {
    /// Text, entities and all.
    Text(&'a str),
    /// A start tag: its name in lower case, and what stands between the name and `>`.
    Open { name: String, attributes: &'a str },
    /// An end tag.
    Close(String),
}

/// Cuts a page into pieces, as forgiving as browsers are.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// No comment ends any more: looked for once, not once for each.
    no_comment_ends: bool,
    /// An element whose content is no markup, just opened.
    raw: Option<&'static str>,
}

/// Elements whose content is not shown, or is no markup.
const RAW: [&str; 5] = ["script", "style", "title", "textarea", "noframes"];

impl<'a> Tokens<'a> {
    pub(super) fn new(page: &'a str) -> Self {
        Self { rest: page, no_comment_ends: false, raw: None }
    }

    fn skip(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// The content of a raw element, up to its end tag.
    fn raw_content(&mut self, name: &str) -> Option<Token<'a>> {
        let mut at = 0;
        let end = loop {
            let Some(found) = self.rest.get(at..).and_then(|rest| rest.find("</")) else {
                break self.rest.len();
            };
            at += found;
            let tag = self.rest.get(at + 2..).unwrap_or_default();
            if tag.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name)) {
                break at;
            }
            at += 2;
        };
        let text = self.skip(end);
        (name == "textarea" && !text.is_empty()).then_some(Token::Text(text))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take()
            && let Some(text) = self.raw_content(name)
        {
            return Some(text);
        }
        loop {
            let mut chars = self.rest.chars();
            if chars.next()? != '<' {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                return Some(Token::Text(self.skip(end)));
            }
            let closing = match chars.next() {
                Some('!' | '?') => {
                    self.declaration();
                    continue;
                }
                Some('/') if chars.next().is_some_and(|c| c.is_ascii_alphabetic()) => true,
                Some(c) if c.is_ascii_alphabetic() => false,
                _ => return Some(Token::Text(self.skip(1))),
            };
            self.skip(1 + usize::from(closing));
            let end = tag_end(self.rest);
            let inside = self.skip(end);
            self.skip(1);
            let name_end = inside.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inside.len());
            let (name, attributes) = inside.split_at_checked(name_end).unwrap_or((inside, ""));
            let name = name.to_ascii_lowercase();
            if closing {
                return Some(Token::Close(name));
            }
            self.raw = RAW.into_iter().find(|raw| *raw == name);
            return Some(Token::Open { name, attributes });
        }
    }
}

impl Tokens<'_> {
    /// Passes over a comment, a doctype and the like.
    fn declaration(&mut self) {
        if self.rest.starts_with("<!--") && !self.no_comment_ends {
            if let Some(end) = self.rest.get(2..).and_then(|rest| rest.find("-->")) {
                self.skip(2 + end + 3);
                return;
            }
            self.no_comment_ends = true;
        }
        let end = self.rest.find('>').map_or(self.rest.len(), |at| at + 1);
        self.skip(end);
    }
}

/// Where the `>` of a tag stands; one inside quotes is none, unless the quotes never end.
fn tag_end(rest: &str) -> usize {
    let mut quote = None;
    let mut first = None;
    // A tag is short; quotes that are open for so long were never meant as such.
    for (at, byte) in rest.bytes().enumerate().take(16 * 1024) {
        match (byte, quote) {
            (b'>', None) => return at,
            (b'>', Some(_)) => first = first.or(Some(at)),
            (b'"' | b'\'', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            _ => {}
        }
    }
    first.or_else(|| rest.find('>')).unwrap_or(rest.len())
}

/// The value of an attribute, entities undone.
pub(super) fn attribute(attributes: &str, wanted: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(rest.len()).max(1);
        let (name, after) = rest.split_at_checked(end)?;
        rest = after.trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            continue;
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = value.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            _ => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        rest = after;
        if name.eq_ignore_ascii_case(wanted) {
            return Some(super::entity::decode(value).into_owned());
        }
    }
}
