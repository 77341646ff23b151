//! Lists of addresses in header fields (RFC 5322 §3.4).

use posthaste_model::{Address, Mailbox};

use crate::word;

/// One entry of an address list, whether or not we could send to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressEntry<'a> {
    /// The display name, decoded; a comment serves where there is none; may be empty.
    pub name: String,
    /// What stands for the address, comments taken out; may be no valid address.
    pub address: String,
    /// The entry as written.
    pub source: &'a str,
}

/// Every entry of an unfolded address list; groups are opened, and their names dropped.
pub fn address_entries(list: &str) -> Vec<AddressEntry<'_>> {
    split(list).into_iter().filter_map(entry).collect()
}

/// The entries of an unfolded address list that are valid addresses.
pub fn mailboxes(list: &str) -> Vec<Mailbox> {
    address_entries(list)
        .into_iter()
        .filter_map(|e| Some(Mailbox { address: Address::parse(&e.address).ok()?, name: e.name }))
        .collect()
}

/// Writes `name <address>` for a header field; the address alone if there is no name.
pub fn format_mailbox(name: &str, address: &str) -> String {
    let phrase = word::encode_phrase(name);
    if phrase.is_empty() { address.to_owned() } else { format!("{phrase} <{address}>") }
}

/// Where a character of the list stands.
#[derive(Default)]
struct Place {
    quoted: bool,
    escaped: bool,
    comments: u32,
    angle: bool,
    bracket: bool,
}

impl Place {
    /// Takes one character; true if it stands outside quotes, comments, angle brackets and domain literals.
    fn step(&mut self, c: char) -> bool {
        if self.escaped {
            self.escaped = false;
            return false;
        }
        match c {
            '\\' if self.quoted || self.comments > 0 => self.escaped = true,
            '"' if self.comments == 0 => self.quoted = !self.quoted,
            _ if self.quoted => {}
            '(' => self.comments += 1,
            ')' if self.comments > 0 => self.comments -= 1,
            _ if self.comments > 0 => {}
            '<' => self.angle = true,
            '>' => self.angle = false,
            '[' => self.bracket = true,
            ']' => self.bracket = false,
            _ => return !self.angle && !self.bracket,
        }
        false
    }
}

fn split(list: &str) -> Vec<&str> {
    let mut place = Place::default();
    let mut pieces = vec![];
    let mut start = 0;
    for (at, c) in list.char_indices() {
        if place.step(c) && matches!(c, ',' | ';' | ':') {
            // What stands before a colon is the name of a group.
            if c != ':' {
                pieces.push(list.get(start..at).unwrap_or_default());
            }
            start = at + 1;
        }
    }
    pieces.push(list.get(start..).unwrap_or_default());
    pieces
}

fn entry(source: &str) -> Option<AddressEntry<'_>> {
    let source = source.trim();
    let (mut phrase, mut comment, mut inside, mut bare) =
        (String::new(), String::new(), None::<String>, String::new());
    let mut place = Place::default();
    for c in source.chars() {
        let was_comment = place.comments > 0;
        let (was_angle, was_quoted, was_escaped) = (place.angle, place.quoted, place.escaped);
        place.step(c);
        let is_comment = was_comment || place.comments > 0;
        if is_comment {
            let border = (!was_comment && c == '(') || (place.comments == 0 && c == ')');
            let escapes = c == '\\' && !was_escaped;
            if border && c == '(' && !comment.is_empty() {
                comment.push(' ');
            } else if !border && !escapes {
                comment.push(c);
            }
        } else if !was_angle && place.angle {
            inside.get_or_insert_default();
        } else if was_angle && place.angle {
            if let Some(inside) = &mut inside {
                inside.push(c);
            }
        } else if !was_angle {
            bare.push(c);
            let quote = c == '"' && !was_escaped;
            let escapes = c == '\\' && was_quoted && !was_escaped;
            if !quote && !escapes {
                phrase.push(c);
            }
        }
    }
    let (name, address) = match inside {
        Some(inside) => {
            // An old source route (`@a,@b:anne@c`) is dropped (RFC 5322 §4.4).
            let address = match inside.trim().split_once(':') {
                Some((route, rest)) if route.starts_with('@') => rest.to_owned(),
                _ => inside,
            };
            (phrase, address)
        }
        None => (String::new(), bare),
    };
    let quoted_local = address.trim_start().starts_with('"');
    let address: String = address.trim().chars().filter(|c| quoted_local || !c.is_whitespace()).collect();
    if address.is_empty() {
        return None;
    }
    let name = if name.trim().is_empty() { comment } else { name };
    let name = word::decode(&name.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(AddressEntry { name: name.trim().to_owned(), address, source })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(list: &str) -> Vec<(String, String)> {
        address_entries(list).into_iter().map(|e| (e.name, e.address)).collect()
    }

    #[test]
    fn the_shapes_of_an_address() {
        for (list, name, address) in [
            ("anne@example.com", "", "anne@example.com"),
            ("Anne Person <anne@example.com>", "Anne Person", "anne@example.com"),
            ("\"Person, Anne\" <anne@example.com>", "Person, Anne", "anne@example.com"),
            ("\"Anne \\\"A\\\" P\" <anne@example.com>", "Anne \"A\" P", "anne@example.com"),
            ("anne@example.com (Anne Person)", "Anne Person", "anne@example.com"),
            ("anne@example.com (Anne (the) Person)", "Anne (the) Person", "anne@example.com"),
            ("=?utf-8?q?J=C3=BCrgen?= <j@example.com>", "Jürgen", "j@example.com"),
            ("\"=?utf-8?q?J=C3=BCrgen?=\" <j@example.com>", "Jürgen", "j@example.com"),
            ("<@a.example,@b.example:anne@example.com>", "", "anne@example.com"),
            ("\"anne person\"@example.com", "", "\"anne person\"@example.com"),
            ("anne @ example . com", "", "anne@example.com"),
            ("anne@example.com <anne@example.com>", "anne@example.com", "anne@example.com"),
            ("Anne <anne(comment)@example.com>", "Anne", "anne@example.com"),
            ("nobody", "", "nobody"),
            ("Anne <anne@example.com", "Anne", "anne@example.com"),
        ] {
            assert_eq!(pairs(list), [(name.to_owned(), address.to_owned())], "{list}");
        }
    }

    #[test]
    fn lists_and_groups() {
        let found =
            mailboxes("Staff: anne@example.com, Bart <b@example.com>;, nobody, \"X, Y\" <c@example.com>,,");
        let found: Vec<_> = found.iter().map(|m| m.address.as_str()).collect();
        assert_eq!(found, ["anne@example.com", "b@example.com", "c@example.com"]);
        assert!(address_entries("undisclosed-recipients:;").is_empty());
        assert_eq!(address_entries("Staff: a@b.c, d@e.f; x@y.z").len(), 3);
        assert!(mailboxes("").is_empty());
    }

    #[test]
    fn the_source_is_kept() {
        let entries = address_entries(" \"P, A\"  <a@b.c> , =?utf-8?q?x?= <d@e.f>");
        let sources: Vec<_> = entries.iter().map(|e| e.source).collect();
        assert_eq!(sources, ["\"P, A\"  <a@b.c>", "=?utf-8?q?x?= <d@e.f>"]);
    }

    proptest! {
        #[test]
        fn nothing_panics(list in any::<String>()) {
            mailboxes(&list);
        }

        #[test]
        fn what_we_write_we_read(name in "[ -~äé日]{0,40}") {
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            let field = format!("{}, x@y.z", format_mailbox(&name, "anne@example.com"));
            prop_assert_eq!(pairs(&field).first().cloned(), Some((name, "anne@example.com".to_owned())));
        }
    }
}
