use std::collections::HashMap;

use super::tokens::attribute;

/// Columns of a line.
const WIDTH: usize = 76;
/// Quotes and lists are indented so deep and no deeper.
const INDENTED: usize = 8;

/// A page on its way to text.
#[derive(Default)]
pub(super) struct Page {
    out: String,
    /// The paragraph that is being collected.
    line: String,
    /// An empty line is due before the next paragraph.
    blank: bool,
    quotes: usize,
    /// How deep the last written line was quoted.
    quoted: usize,
    /// Open lists: the next number, or nothing for bullets.
    lists: Vec<Option<u64>>,
    /// What stands before the first line of a list item.
    marker: String,
    /// Open `pre` elements, and whether one has just begun.
    verbatim: usize,
    verbatim_begins: bool,
    cells: usize,
    anchor: Option<(String, String)>,
    links: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Page {
    pub(super) fn text(&mut self, text: &str) {
        if let Some((_, shown)) = &mut self.anchor {
            shown.push_str(text);
        }
        if self.verbatim > 0 {
            self.verbatim_text(text);
            return;
        }
        for c in text.chars() {
            if c.is_ascii_whitespace() {
                if !self.line.is_empty() && !self.line.ends_with(' ') {
                    self.line.push(' ');
                }
            } else if !c.is_control() {
                self.line.push(c);
            }
        }
    }

    fn verbatim_text(&mut self, text: &str) {
        let text = text
            .strip_prefix("\r\n")
            .or_else(|| text.strip_prefix('\n'))
            .filter(|_| self.verbatim_begins)
            .unwrap_or(text);
        self.verbatim_begins = false;
        for piece in text.split_inclusive('\n') {
            self.line.extend(piece.chars().filter(|c| *c == '\t' || !c.is_control()));
            if piece.ends_with('\n') {
                self.line_break();
            }
        }
    }

    pub(super) fn open(&mut self, name: &str, attributes: &str) {
        match name {
            "br" => self.line_break(),
            "hr" => {
                self.flush();
                self.line.push_str(&"-".repeat(72));
                self.flush();
            }
            "img" => {
                let alt = attribute(attributes, "alt").unwrap_or_default();
                if !alt.trim().is_empty() {
                    self.text(&format!("[{}]", alt.trim()));
                }
            }
            "a" => {
                self.close_anchor();
                let target = attribute(attributes, "href").unwrap_or_default();
                let target: String =
                    target.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
                let begins =
                    |scheme: &str| target.get(..scheme.len()).is_some_and(|b| b.eq_ignore_ascii_case(scheme));
                if ["http://", "https://", "ftp://", "mailto:", "tel:"].into_iter().any(begins) {
                    self.anchor = Some((target, String::new()));
                }
            }
            "ul" | "ol" | "menu" | "dir" => {
                self.block(self.lists.is_empty());
                let first = attribute(attributes, "start").and_then(|s| s.trim().parse().ok()).unwrap_or(1);
                self.lists.push((name == "ol").then_some(first));
            }
            "li" => {
                self.flush();
                self.marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number = number.saturating_add(1);
                        format!("{}. ", number.saturating_sub(1))
                    }
                    _ => "* ".to_owned(),
                };
            }
            "blockquote" => {
                self.block(true);
                self.quotes += 1;
            }
            "pre" => {
                self.block(true);
                self.verbatim += 1;
                self.verbatim_begins = true;
            }
            "tr" => {
                self.flush();
                self.cells = 0;
            }
            "td" | "th" => {
                if self.cells > 0 && !self.line.trim().is_empty() {
                    let end = self.line.trim_end().len();
                    self.line.truncate(end);
                    self.line.push_str("  ");
                }
                self.cells += 1;
            }
            _ => self.block_of(name),
        }
    }

    pub(super) fn close(&mut self, name: &str) {
        match name {
            "a" => self.close_anchor(),
            "ul" | "ol" | "menu" | "dir" => {
                self.flush();
                self.marker.clear();
                self.lists.pop();
                self.blank |= self.lists.is_empty();
            }
            "li" => {
                self.flush();
                self.marker.clear();
            }
            "blockquote" => {
                self.block(true);
                self.quotes = self.quotes.saturating_sub(1);
            }
            "pre" => {
                self.block(true);
                self.verbatim = self.verbatim.saturating_sub(1);
            }
            "tr" => self.flush(),
            _ => self.block_of(name),
        }
    }

    fn block_of(&mut self, name: &str) {
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "dl" | "fieldset" => self.block(true),
            "div" | "section" | "article" | "header" | "footer" | "main" | "nav" | "aside" | "figure"
            | "figcaption" | "address" | "center" | "form" | "dt" | "dd" | "body" | "html" | "head"
            | "tbody" | "thead" | "tfoot" | "caption" | "details" | "summary" | "option" | "legend" => {
                self.flush();
            }
            _ => {}
        }
    }

    fn block(&mut self, blank: bool) {
        self.flush();
        self.blank |= blank;
    }

    fn line_break(&mut self) {
        if self.line.trim().is_empty() {
            self.line.clear();
            self.blank = true;
        } else {
            self.flush();
        }
    }

    fn close_anchor(&mut self) {
        let Some((target, shown)) = self.anchor.take() else { return };
        let plain = |text: &str| -> String {
            let text = text.trim().to_lowercase();
            let text = ["https://", "http://", "mailto:", "tel:", "ftp://"]
                .iter()
                .find_map(|scheme| text.strip_prefix(scheme))
                .unwrap_or(&text);
            text.trim_end_matches('/').to_owned()
        };
        if shown.trim().is_empty() || plain(&shown) == plain(&target) {
            return;
        }
        let number = *self.numbers.entry(target).or_insert_with_key(|target| {
            self.links.push(target.clone());
            self.links.len()
        });
        let blank = if self.line.is_empty() || self.line.ends_with(' ') { "" } else { " " };
        self.line.push_str(&format!("{blank}[{number}]"));
    }

    /// Writes the collected paragraph.
    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.trim().is_empty() {
            return;
        }
        if self.blank && !self.out.is_empty() {
            self.out.push_str("> ".repeat(self.quoted.min(self.quotes).min(INDENTED)).trim_end());
            self.out.push('\n');
        }
        self.blank = false;
        self.quoted = self.quotes;
        let marker = std::mem::take(&mut self.marker);
        let level = self.lists.len().min(INDENTED) * 2;
        let quote = "> ".repeat(self.quotes.min(INDENTED));
        let rest = format!("{quote}{}", " ".repeat(level));
        let first = if marker.is_empty() {
            rest.clone()
        } else {
            format!("{quote}{}{marker}", " ".repeat(level.saturating_sub(2)))
        };
        let room = WIDTH.saturating_sub(rest.len().max(first.len()));
        if self.verbatim > 0 || line.trim_end().chars().count() <= room {
            let shown = if self.verbatim > 0 { line.trim_end() } else { line.trim_matches(' ') };
            self.out.push_str(&first);
            self.out.push_str(shown);
            self.out.push('\n');
            return;
        }
        self.wrap(&line, &first, &rest, room);
    }

    fn wrap(&mut self, line: &str, first: &str, rest: &str, room: usize) {
        let mut width = 0;
        for word in line.split(' ').filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if width == 0 {
                self.out.push_str(first);
            } else if width + 1 + length > room {
                self.out.push('\n');
                self.out.push_str(rest);
                width = 0;
            } else {
                self.out.push(' ');
                width += 1;
            }
            self.out.push_str(word);
            width += length;
        }
        self.out.push('\n');
    }

    /// The text, with its links at the end.
    pub(super) fn finish(mut self) -> String {
        self.close_anchor();
        self.flush();
        if !self.links.is_empty() {
            self.out.push('\n');
        }
        for (number, link) in (1..).zip(&self.links) {
            self.out.push_str(&format!("[{number}] {link}\n"));
        }
        self.out
    }
}
