/// What stands for the rest of an address.
const HIDDEN: &str = "@…";

/// The text with every address cut after its `@`, so that robots gather none: `anne@…`. Addresses for which `keep` holds,
/// those of the lists perhaps, stay.
pub fn hide_addresses(text: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, from) = rest.split_at(at);
        let after = from.get(1..).unwrap_or_default();
        let local = before.len() - before.trim_end_matches(in_local).len();
        let length = after.find(|c: char| !in_host(c)).unwrap_or(after.len());
        // The full stop behind it ends the sentence.
        let host = after.get(..length).unwrap_or_default().trim_end_matches(['.', '-']);
        let begin = before.len() - local;
        let whole = rest.get(begin..at + 1 + host.len()).unwrap_or_default();
        out.push_str(before);
        if local > 0 && !host.is_empty() && !keep(whole) {
            out.push_str(HIDDEN);
        } else {
            out.push('@');
            out.push_str(host);
        }
        rest = after.get(host.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn in_local(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

fn in_host(c: char) -> bool {
    c.is_alphanumeric() || ".-_[]:".contains(c) && c != ':'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_cut() {
        for (text, wanted) in [
            ("Write to anne@example.org.", "Write to anne@…."),
            ("<a.b+c@x.example>, d@y", "<a.b+c@…>, d@…"),
            ("a@b@c.example", "a@…@c.example"),
            ("to dev@lists.example please", "to dev@lists.example please"),
            ("@@ -1 +1 @@", "@@ -1 +1 @@"),
            ("me @ home", "me @ home"),
            ("jürgen@müller.example", "jürgen@…"),
            ("x@[192.0.2.1]", "x@…"),
            ("", ""),
        ] {
            assert_eq!(hide_addresses(text, |a| a == "dev@lists.example"), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_address_stays(a in "[a-z.]{1,5}[a-z]", host in "[a-z]{1,6}\\.example", around in "[ <>(),;:\"\n]") {
            let text = format!("x{around}{a}@{host}{around}y");
            let hidden = hide_addresses(&text, |_| false);
            prop_assert!(!hidden.contains(&host), "{}", hidden);
        }

        #[test]
        fn anything_is_read(text in any::<String>()) {
            prop_assert_eq!(hide_addresses(&text, |_| true), text);
        }
    }
}
