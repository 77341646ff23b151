/// Lines should not be longer (RFC 5322 §2.1.1), octets without the line end.
const WANTED: usize = 78;

/// Writes `name: value` in lines of at most 78 octets where the value has blanks to break at (RFC 5322 §2.2.3).
pub(crate) fn fold(name: &str, value: &str) -> String {
    let mut out = format!("{name}:");
    let mut column = out.len();
    let mut blank = String::from(" ");
    for piece in value.trim_matches([' ', '\t']).split_inclusive([' ', '\t']) {
        let word = piece.trim_end_matches([' ', '\t']);
        let after = piece.get(word.len()..).unwrap_or_default();
        if word.is_empty() {
            blank.push_str(after);
            continue;
        }
        // The first word stays with the name unless that alone would break the hard limit.
        let first = column == name.len() + 1;
        if column + blank.len() + word.len() > WANTED && (!first || column + word.len() > 990) {
            out.push_str("\r\n");
            column = 0;
        }
        out.push_str(&blank);
        out.push_str(word);
        column += blank.len() + word.len();
        after.clone_into(&mut blank);
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_at_blanks() {
        assert_eq!(fold("Subject", "short"), "Subject: short\r\n");
        assert_eq!(fold("Subject", ""), "Subject:\r\n");
        let long = fold("Subject", &"word ".repeat(40));
        assert!(long.lines().all(|l| l.len() <= WANTED), "{long}");
        assert_eq!(long.replace("\r\n", ""), format!("Subject: {}", "word ".repeat(40).trim()));
        let endless = "x".repeat(300);
        assert_eq!(fold("A", &endless), format!("A: {endless}\r\n"));
    }
}
