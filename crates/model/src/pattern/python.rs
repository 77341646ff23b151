//! From Python's spelling of regular expressions to that of the `regex` crate.
//!
//! Most is the same. What differs: which characters may stand bare or escaped, how sets are written, and a few names.

use std::iter::Peekable;
use std::str::Chars;

/// The same pattern for `regex`; the error says what it cannot do.
pub(super) fn translate(source: &str) -> Result<String, String> {
    let mut reader =
        Reader { rest: source.chars().peekable(), out: String::with_capacity(source.len() + 16) };
    reader.pattern()?;
    Ok(reader.out)
}

/// `^(?!A)B` as what must not stand at the beginning, `A`, and the rest, `^B`. There may be several in a row.
pub(super) fn leading_negations(source: &str) -> (Vec<&str>, String) {
    let mut unwanted = vec![];
    let mut rest = source.strip_prefix('^').unwrap_or_default();
    while let Some(inner) = rest.strip_prefix("(?!")
        && let Some(end) = closing(inner)
    {
        unwanted.push(inner.get(..end).unwrap_or_default());
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    // With an alternative behind it, it would hold for the first one only.
    if unwanted.is_empty() || has_bar(rest) {
        (vec![], source.to_owned())
    } else {
        (unwanted, format!("^{rest}"))
    }
}

/// Where the group that is open at the beginning of `text` closes.
fn closing(text: &str) -> Option<usize> {
    walk(text, |depth, c| c == ')' && depth == 0)
}

/// True if a `|` stands outside all groups.
fn has_bar(text: &str) -> bool {
    walk(text, |depth, c| c == '|' && depth == 0).is_some()
}

/// The place of the first character outside sets and escapes for which `found` holds.
fn walk(text: &str, found: impl Fn(u32, char) -> bool) -> Option<usize> {
    let (mut depth, mut set, mut fresh, mut escaped) = (0_u32, false, false, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if set {
            set = c != ']' || fresh;
            fresh = fresh && c == '^';
            continue;
        } else if found(depth, c) {
            return Some(at);
        } else {
            match c {
                '[' => (set, fresh) = (true, true),
                '(' => depth += 1,
                ')' => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        fresh = fresh && set && c == '[';
    }
    None
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Reader<'_> {
    fn pattern(&mut self) -> Result<(), String> {
        // True behind something that was repeated already.
        let mut repeated = false;
        while let Some(c) = self.rest.next() {
            let mut now = false;
            match c {
                '\\' => self.escape(false)?,
                '[' => self.set()?,
                '(' => self.group()?,
                '{' => now = self.braces(),
                '}' => self.out.push_str("\\}"),
                '+' if repeated => {
                    return Err("a possessive repetition (as in a++) cannot be had; write a+".to_owned());
                }
                '*' | '+' | '?' => {
                    self.out.push(c);
                    // A question mark behind a repetition makes it lazy, and that is the end of it.
                    now = !(c == '?' && repeated);
                }
                _ => self.out.push(c),
            }
            repeated = now;
        }
        Ok(())
    }

    /// Behind `{`: a repetition if it is one for Python, else a brace. Says which.
    fn braces(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        let mut inner = String::new();
        loop {
            match ahead.next() {
                Some('}') => break,
                Some(c) if c.is_ascii_digit() || (c == ',' && !inner.contains(',')) => inner.push(c),
                _ => {
                    self.out.push_str("\\{");
                    return false;
                }
            }
        }
        if inner.is_empty() {
            self.out.push_str("\\{");
            return false;
        }
        self.rest = ahead;
        let zero = if inner.starts_with(',') { "0" } else { "" };
        self.out.push_str(&format!("{{{zero}{inner}}}"));
        true
    }

    fn group(&mut self) -> Result<(), String> {
        let ahead: String = self.rest.clone().take(4).collect();
        let refuse = |what: &str| {
            Err(format!("it {what}, which cannot be had in linear time; write two patterns instead"))
        };
        if ahead.starts_with("?=") || ahead.starts_with("?!") {
            return refuse("looks ahead with (?=…) or (?!…)");
        }
        if ahead.starts_with("?<=") || ahead.starts_with("?<!") {
            return refuse("looks behind with (?<=…) or (?<!…)");
        }
        if ahead.starts_with("?P=") {
            return refuse("refers back with (?P=…)");
        }
        if ahead.starts_with("?>") {
            return refuse("has an atomic group (?>…)");
        }
        if ahead.starts_with("?(") {
            return refuse("depends on a group with (?(…)…)");
        }
        if ahead.starts_with("?#") {
            for c in self.rest.by_ref() {
                if c == ')' {
                    return Ok(());
                }
            }
            return Err("a comment (?#…) is not closed".to_owned());
        }
        self.out.push('(');
        Ok(())
    }

    /// A set, behind its bracket.
    fn set(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(c) = self.rest.next() else {
                return Err("a set is unclosed: a ] is missing".to_owned());
            };
            match c {
                ']' if !first => break,
                '\\' => self.escape(true)?,
                // A dash between two others is a range, as in Python; at an edge, or doubled, it is a dash.
                '-' => {
                    let edge = first || self.rest.peek() == Some(&']');
                    self.out.push_str(if edge { "\\-" } else { "-" });
                    if !edge && self.rest.next_if_eq(&'-').is_some() {
                        self.out.push_str("\\-");
                    }
                }
                '[' | ']' | '&' | '~' | '^' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                ' ' | '#' => self.out.push_str(&format!("\\x{:02X}", u32::from(c))),
                c => self.out.push(c),
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    /// Behind a backslash.
    fn escape(&mut self, in_set: bool) -> Result<(), String> {
        let Some(c) = self.rest.next() else {
            return Err("it ends in a backslash; write \\\\ for one".to_owned());
        };
        match c {
            'b' if in_set => self.out.push_str("\\x08"),
            'Z' if !in_set => self.out.push_str("\\z"),
            'A' | 'b' | 'B' | 'z' if !in_set => self.class(c),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'a' | 'f' | 'n' | 'r' | 't' | 'v' => self.class(c),
            'x' => self.hex(2)?,
            'u' => self.hex(4)?,
            'U' => self.hex(8)?,
            'N' => {
                return Err("a named character \\N{…} cannot be had; write the character itself".to_owned());
            }
            '0'..='9' => self.number(c, in_set)?,
            c if c.is_alphabetic() => {
                return Err(format!(
                    "\\{c} means nothing; write {c} for the letter, or \\\\{c} with a backslash"
                ));
            }
            '_' => self.out.push('_'),
            c if c.is_ascii_punctuation() && c != '<' && c != '>' => self.class(c),
            c => self.out.push_str(&format!("\\x{{{:X}}}", u32::from(c))),
        }
        Ok(())
    }

    fn class(&mut self, c: char) {
        self.out.push('\\');
        self.out.push(c);
    }

    fn hex(&mut self, digits: usize) -> Result<(), String> {
        let text: String = self.rest.by_ref().take(digits).collect();
        let value = u32::from_str_radix(&text, 16).ok().filter(|_| text.len() == digits);
        let Some(value) = value.filter(|v| char::from_u32(*v).is_some()) else {
            return Err(format!("an escape needs {digits} hexadecimal digits that name a character"));
        };
        self.out.push_str(&format!("\\x{{{value:X}}}"));
        Ok(())
    }

    /// An octal number, or a reference back.
    fn number(&mut self, first: char, in_set: bool) -> Result<(), String> {
        let mut digits = String::from(first);
        while digits.len() < 3
            && let Some(next) = self.rest.next_if(|c| ('0'..='7').contains(c))
        {
            digits.push(next);
        }
        let octal = first == '0' || digits.len() == 3 || in_set;
        match u32::from_str_radix(&digits, 8) {
            Ok(value) if octal && value <= 0o377 => {
                self.out.push_str(&format!("\\x{{{value:X}}}"));
                Ok(())
            }
            _ => Err(format!(
                "it refers back with \\{first}, which cannot be had in linear time; write what is meant twice"
            )),
        }
    }
}
