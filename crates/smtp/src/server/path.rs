use crate::Reply;

/// A path in its angle brackets, at the start of an argument: the text between them without a source route, and
/// what follows them. The text is empty for `<>`.
///
/// Stricter than mail in the wild needs is RFC 5321 §4.1.2 on dots, which some hosts put anywhere; so dots are free
/// here, and so is the length of the local part (VERP). Everything else is checked character by character.
pub(super) fn parse(argument: &str) -> Option<(&str, &str)> {
    let inner = argument.strip_prefix('<')?;
    let inner = skip_route(inner)?;
    let local = local_part(inner)?;
    let after = inner.get(local..)?;
    let Some(domain) = after.strip_prefix('@') else {
        // `<>`, and `<Postmaster>`, which has no domain (RFC 5321 §4.1.1.3).
        let bare = inner.get(..local)?;
        return Some((bare, after.strip_prefix('>')?)).filter(|_| !bare.starts_with('"'));
    };
    let length = domain_part(domain)?;
    let end = local + 1 + length;
    if local == 0 {
        return None;
    }
    Some((inner.get(..end)?, inner.get(end..)?.strip_prefix('>')?))
}

/// Steps over `@one,@two:`, which nobody may act on (RFC 5321 §4.1.1.3, appendix C).
fn skip_route(inner: &str) -> Option<&str> {
    if !inner.starts_with('@') {
        return Some(inner);
    }
    let (route, rest) = inner.split_once(':')?;
    let all_domains = route
        .split(',')
        .all(|hop| hop.strip_prefix('@').is_some_and(|domain| domain_part(domain) == Some(domain.len())));
    // `<@a.example:>` routes to nobody.
    all_domains.then_some(rest).filter(|rest| !rest.starts_with('>'))
}

/// Length of the local part; 0 if there is none. A quoted one must be closed.
fn local_part(text: &str) -> Option<usize> {
    if !text.starts_with('"') {
        return Some(text.find(|c| !(is_atext(c) || c == '.')).unwrap_or(text.len()));
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if c.is_control() => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Length of the domain or address literal; `None` if there is none.
fn domain_part(text: &str) -> Option<usize> {
    if text.starts_with('[') {
        let end = text.find(']')?;
        let literal = text.get(1..end)?;
        let good =
            !literal.is_empty() && literal.bytes().all(|b| b.is_ascii_graphic() && !b"[\\<>@".contains(&b));
        return good.then_some(end + 1);
    }
    let end = text.find(|c: char| !(is_let_dig(c) || "-._".contains(c))).unwrap_or(text.len());
    let labels = text.get(..end)?;
    labels.split('.').all(|label| !label.is_empty()).then_some(end)
}

/// RFC 5322 §3.2.3, with RFC 6531 §3.3.
fn is_atext(c: char) -> bool {
    is_let_dig(c) || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_let_dig(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
}

/// The answer to a UTF-8 address in a transaction without SMTPUTF8 (RFC 6531 §3.5).
pub(super) fn needs_smtputf8() -> Reply {
    Reply::new(553, (5, 6, 7), "An address that is not ASCII needs SMTPUTF8 on MAIL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_paths() {
        for (argument, path, rest) in [
            ("<>", "", ""),
            ("<> SIZE=1", "", " SIZE=1"),
            ("<a@b>", "a@b", ""),
            ("<a@b.example> BODY=7BIT", "a@b.example", " BODY=7BIT"),
            ("<Postmaster>", "Postmaster", ""),
            (
                "<dev-bounces+anne=example.com@lists.example>",
                "dev-bounces+anne=example.com@lists.example",
                "",
            ),
            ("<\"anne person\"@b>", "\"anne person\"@b", ""),
            ("<\"a@\\\">b\"@c>", "\"a@\\\">b\"@c", ""),
            ("<@one.example,@two:a@b>", "a@b", ""),
            ("<a@[192.0.2.1]>", "a@[192.0.2.1]", ""),
            ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""),
            ("<a..b.@docomo.example>", "a..b.@docomo.example", ""),
            ("<jürgen@bücher.example>", "jürgen@bücher.example", ""),
            ("<a@b_c.example>", "a@b_c.example", ""),
        ] {
            assert_eq!(parse(argument), Some((path, rest)), "{argument}");
        }
        let long = format!("<{}@x>", "a".repeat(300));
        assert!(parse(&long).is_some());
    }

    #[test]
    fn bad_paths() {
        for bad in [
            "",
            "a@b",
            "<",
            ">",
            "<a@b",
            "a@b>",
            "<@b>",
            "<a@>",
            "<a@b@c>",
            "<a b@c>",
            "< a@b>",
            "<a@b >",
            "<<a@b>>",
            "<a@b..c>",
            "<a@.b>",
            "<a@b.>",
            "<\"a@b>",
            "<\"a\"b@c>",
            "<\"a\">",
            "<@a:>",
            "<@a>",
            "<@a,b:c@d>",
            "<@:a@b>",
            "<a@[1.2.3.4>",
            "<a@[]>",
            "<a@b,c>",
            "<a(comment)@b>",
            "<a\\@b@c>",
            "<a@b>>",
            "<\"a\u{1}\"@b>",
            "<a@b;c>",
        ] {
            assert!(parse(bad).is_none_or(|(_, rest)| !rest.is_empty()), "{bad}");
        }
    }
}
