use std::fmt;

use crate::{Head, charset, word::hex_pair};

/// What a body is (RFC 2045 §5): a type and its parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContentType {
    kind: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// A type without parameters: `text/plain`.
    pub fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), parameters: vec![] }
    }

    /// What this header says; `text/plain` if it says nothing (RFC 2045 §5.2).
    pub fn of(head: &Head) -> Self {
        head.get("Content-Type").map_or_else(|| Self::new("text/plain"), |f| Self::parse(&f.unfolded()))
    }

    /// Reads an unfolded value, forgivingly; what is no type at all is `text/plain`.
    pub fn parse(value: &str) -> Self {
        let mut pieces = split(value).into_iter();
        let kind = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c);
        let valid = kind
            .split_once('/')
            .is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && a.chars().chain(b.chars()).all(token));
        let kind = if valid { kind } else { "text/plain".into() };
        let raw: Vec<(String, String)> = pieces
            .filter_map(|p| {
                let (name, value) = p.split_once('=')?;
                Some((name.trim().to_ascii_lowercase(), unquote(value)))
            })
            .collect();
        Self { kind, parameters: gather(raw) }
    }

    /// The parameters of any field of this form (Content-Disposition, RFC 2183 §2), whatever stands before them.
    pub(crate) fn parameters_of(value: &str) -> Self {
        Self::parse(&format!("x/x{}", value.find(';').and_then(|at| value.get(at..)).unwrap_or_default()))
    }

    /// `text/plain`, lower case.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// `text` of `text/plain`.
    pub fn main_type(&self) -> &str {
        self.kind.split('/').next().unwrap_or_default()
    }

    /// The value of a parameter, decoded (RFC 2231); names in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Sets a parameter where it stood, or last.
    pub fn set_parameter(&mut self, name: &str, value: &str) {
        match self.parameters.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.parameters.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// The value of a Content-Type field.
impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        for (name, value) in &self.parameters {
            if !value.is_ascii() || value.contains(char::is_control) {
                write!(f, "; {name}*=utf-8''{}", percent(value))?;
            } else if !value.is_empty()
                && value.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&+-.^_{}|~".contains(c))
            {
                write!(f, "; {name}={value}")?;
            } else {
                write!(f, "; {name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}

/// Cuts at semicolons outside quotes.
fn split(value: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    let mut pieces = vec![];
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(value.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(value.get(start..).unwrap_or_default());
    pieces
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('"') else {
        return value.split([' ', '\t', '(']).next().unwrap_or_default().to_owned();
    };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// One piece of a continued parameter: its number, whether it is percent-encoded, its text.
type Section = (u32, bool, String);

/// Puts continued parameters together and decodes extended ones (RFC 2231 §3, §4).
fn gather(raw: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut parts: Vec<(String, bool, Vec<Section>)> = vec![];
    for (name, value) in raw {
        let (base, section) = name.split_once('*').unwrap_or((&name, ""));
        let extended = name.ends_with('*');
        let number = section.trim_end_matches('*').parse().unwrap_or(0);
        let starred = name.contains('*');
        match parts.iter_mut().find(|(b, ..)| b == base) {
            Some((_, true, list)) if starred => list.push((number, extended, value)),
            // Beside its plain spelling for old programs, the decorated one counts.
            Some((_, plain @ false, list)) if starred => {
                *plain = true;
                *list = vec![(number, extended, value)];
            }
            // Of a parameter given twice the first counts.
            Some(_) => {}
            None => parts.push((base.to_owned(), starred, vec![(number, extended, value)])),
        }
    }
    parts.into_iter().map(|(base, _, sections)| (base, join(sections))).collect()
}

fn join(mut sections: Vec<Section>) -> String {
    sections.sort_by_key(|(number, ..)| *number);
    let mut label = None;
    let mut bytes = vec![];
    for (at, (_, extended, value)) in sections.into_iter().enumerate() {
        let mut rest = value.as_str();
        if extended && at == 0 {
            let mut fields = value.splitn(3, '\'');
            if let (Some(charset), Some(_), Some(text)) = (fields.next(), fields.next(), fields.next()) {
                label = Some(charset.to_owned());
                rest = text;
            }
        }
        if extended {
            unpercent(rest.as_bytes(), &mut bytes);
        } else {
            bytes.extend_from_slice(rest.as_bytes());
        }
    }
    charset::decode_lossy(label.as_deref().unwrap_or("utf-8"), &bytes)
}

fn unpercent(mut rest: &[u8], out: &mut Vec<u8>) {
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let pair = tail.split_at_checked(2).and_then(|(pair, after)| Some((hex_pair(pair)?, after)));
        match (first, pair) {
            (b'%', Some((byte, after))) => {
                out.push(byte);
                rest = after;
            }
            (other, _) => out.push(*other),
        }
    }
}

fn percent(value: &str) -> String {
    value
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads() {
        let t = ContentType::parse("Text/Plain; charset=\"UTF-8\"; Format=flowed (old); x=\"a;b\\\"c\"");
        assert_eq!((t.kind(), t.main_type()), ("text/plain", "text"));
        assert_eq!(t.parameter("charset"), Some("UTF-8"));
        assert_eq!(t.parameter("format"), Some("flowed"));
        assert_eq!(t.parameter("x"), Some("a;b\"c"));
        assert_eq!(ContentType::parse("garbage").kind(), "text/plain");
        assert_eq!(ContentType::parse("").kind(), "text/plain");
    }

    #[test]
    fn continued_and_extended() {
        let t = ContentType::parse(
            "a/b; name*1=\"t.txt\"; name*0*=iso-8859-1'en'J%FCrgen%20; other*=utf-8''%C3%A4",
        );
        assert_eq!(t.parameter("name"), Some("Jürgen t.txt"));
        assert_eq!(t.parameter("other"), Some("ä"));
        for both in ["a/b; name=old; name*=utf-8''n%C3%A9w", "a/b; name*=utf-8''n%C3%A9w; name=old"] {
            assert_eq!(ContentType::parse(both).parameter("name"), Some("néw"), "{both}");
        }
        assert_eq!(t.to_string(), "a/b; name*=utf-8''J%C3%BCrgen%20t.txt; other*=utf-8''%C3%A4");
    }

    #[test]
    fn sets() {
        let mut t = ContentType::parse("text/plain; charset=latin1; delsp=yes");
        t.set_parameter("charset", "utf-8");
        t.set_parameter("x", "a b");
        assert_eq!(t.to_string(), "text/plain; charset=utf-8; delsp=yes; x=\"a b\"");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in "\\PC{0,30}", junk in any::<String>()) {
            let mut t = ContentType::new("a/b");
            t.set_parameter("x", &value);
            prop_assert_eq!(ContentType::parse(&t.to_string()), t);
            let _ = ContentType::parse(&junk).to_string();
        }
    }
}
