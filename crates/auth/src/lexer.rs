//! Quoted strings and comments of structured fields (RFC 5322 §3.2).

/// Cuts `value` at each `at` that stands in no comment and no quoted string; `None` if one of these never ends.
pub(crate) fn split(value: &str, at: char) -> Option<Vec<&str>> {
    let (mut pieces, mut start) = (vec![], 0);
    let mut place = Place::default();
    for (index, c) in value.char_indices() {
        if place.step(c) && c == at {
            pieces.push(value.get(start..index)?);
            start = index + c.len_utf8();
        }
    }
    pieces.push(value.get(start..)?);
    (!place.quoted && place.comments == 0).then_some(pieces)
}

/// `value` without its comments.
pub(crate) fn uncommented(value: &str) -> String {
    let mut place = Place::default();
    value
        .chars()
        .filter(|c| {
            let before = place.comments;
            place.step(*c);
            before == 0 && place.comments == 0
        })
        .collect()
}

#[derive(Default)]
struct Place {
    quoted: bool,
    escaped: bool,
    comments: u32,
}

impl Place {
    /// Takes one character; true if it stands outside.
    fn step(&mut self, c: char) -> bool {
        if self.escaped {
            self.escaped = false;
            return false;
        }
        match c {
            '\\' if self.quoted || self.comments > 0 => self.escaped = true,
            '"' if self.comments == 0 => self.quoted = !self.quoted,
            _ if self.quoted => {}
            '(' => self.comments = self.comments.saturating_add(1),
            ')' if self.comments > 0 => self.comments -= 1,
            _ => return self.comments == 0,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces() {
        assert_eq!(split("a; b (x; y); \"c;d\"", ';').unwrap(), ["a", " b (x; y)", " \"c;d\""]);
        assert_eq!(split("", ';').unwrap(), [""]);
        assert_eq!(split("a; (b", ';'), None);
        assert_eq!(split("a; \"b\\\"", ';'), None);
        assert_eq!(uncommented("a(b(c)d)e"), "ae");
        assert_eq!(uncommented("a \"(b)\" (c\\)d)"), "a \"(b)\" ");
    }
}
