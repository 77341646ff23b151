use crate::lexer::{split, uncommented};

/// What one host found out about a message (RFC 8601 §2.2).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuthResults {
    /// Who says so.
    pub authserv_id: String,
    /// What was checked.
    pub methods: Vec<Method>,
}

/// One result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Method {
    /// `dkim`, `spf`, `dmarc`, `arc` …, lower case.
    pub name: String,
    /// `pass`, `fail` …, lower case.
    pub result: String,
    /// All of it on one line, as `dkim=pass header.d=example.org`.
    pub text: String,
}

impl Method {
    /// One of ours: `name=result`, then `rest` if there is any.
    pub fn new(name: &str, result: &str, rest: &str) -> Self {
        let blank = if rest.is_empty() { "" } else { " " };
        Self { name: name.into(), result: result.into(), text: format!("{name}={result}{blank}{rest}") }
    }

    /// The value of a property such as `smtp.mailfrom`.
    pub fn property(&self, name: &str) -> Option<String> {
        let text = uncommented(&self.text);
        text.split_whitespace().find_map(|word| {
            let (key, value) = word.split_once('=')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"').to_owned())
        })
    }
}

impl AuthResults {
    /// Reads the value of an Authentication-Results field, unfolded; `None` if it breaks the rules.
    pub fn parse(value: &str) -> Option<Self> {
        let pieces = split(value, ';')?;
        let (first, rest) = pieces.split_first()?;
        let first = uncommented(first);
        let mut words = first.split_whitespace();
        let authserv_id = words.next()?.trim_matches('"').to_owned();
        // What is in quotes could not be written again as one word.
        if authserv_id.contains(['"', '(', ')', ';', '\\']) {
            return None;
        }
        if words.next().is_some_and(|version| version != "1") || words.next().is_some() {
            return None;
        }
        let mut methods = vec![];
        for piece in rest {
            let text = piece.split_whitespace().collect::<Vec<_>>().join(" ");
            let bare = uncommented(&text);
            if bare.trim().is_empty() || bare.trim().eq_ignore_ascii_case("none") {
                continue;
            }
            let (name, rest) = bare.split_once('=')?;
            let name = name.split('/').next()?.trim().to_ascii_lowercase();
            let result = rest.split_whitespace().next()?.to_ascii_lowercase();
            let word =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !word(&name) || !word(&result) {
                return None;
            }
            methods.push(Method { name, result, text });
        }
        (!authserv_id.is_empty()).then_some(Self { authserv_id, methods })
    }

    /// The first result of this method.
    pub fn method(&self, name: &str) -> Option<&Method> {
        self.methods.iter().find(|m| m.name == name)
    }

    /// The value of the field, on one line.
    pub fn value(&self) -> String {
        if self.methods.is_empty() {
            return format!("{}; none", self.authserv_id);
        }
        let texts: Vec<_> = self.methods.iter().map(|m| m.text.as_str()).collect();
        format!("{}; {}", self.authserv_id, texts.join("; "))
    }
}

/// `ours`, completed by what others whom we trust found, the newest first: methods that we have not checked, or could not
/// because of some trouble.
pub fn merge(mut ours: AuthResults, trusted: &[AuthResults]) -> AuthResults {
    for other in trusted {
        let known: Vec<String> = ours
            .methods
            .iter()
            .filter(|m| !matches!(m.result.as_str(), "temperror" | "none"))
            .map(|m| m.name.clone())
            .collect();
        let new: Vec<_> = other.methods.iter().filter(|m| !known.contains(&m.name)).cloned().collect();
        ours.methods.retain(|m| !new.iter().any(|n| n.name == m.name));
        ours.methods.extend(new);
    }
    ours
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_opendkim_and_rspamd_write() {
        let opendkim = "mx.example.org;\tdkim=pass (2048-bit key; unprotected) header.d=example.com \
                        header.i=@example.com header.b=\"abc\"; dkim-atps=neutral";
        let read = AuthResults::parse(opendkim).unwrap();
        assert_eq!(read.authserv_id, "mx.example.org");
        let names: Vec<_> = read.methods.iter().map(|m| (m.name.as_str(), m.result.as_str())).collect();
        assert_eq!(names, [("dkim", "pass"), ("dkim-atps", "neutral")]);
        assert_eq!(read.methods[0].property("header.d").as_deref(), Some("example.com"));
        assert_eq!(read.methods[0].property("header.b").as_deref(), Some("abc"));
        let rspamd = "mx.example.org;\tspf=pass (mx.example.org: domain of anne@example.com designates 192.0.2.1 as \
                      permitted sender) smtp.mailfrom=anne@example.com;\tdmarc=pass (policy=reject) \
                      header.from=example.com;\tarc=none";
        let read = AuthResults::parse(rspamd).unwrap();
        assert_eq!(
            read.method("spf").unwrap().property("smtp.mailfrom").as_deref(),
            Some("anne@example.com")
        );
        assert_eq!(read.method("dmarc").unwrap().result, "pass");
        assert_eq!(
            read.value().replace("; ", ";\t"),
            rspamd.split_whitespace().collect::<Vec<_>>().join(" ").replace("; ", ";\t")
        );
    }

    #[test]
    fn the_shapes_of_the_rfc() {
        for (value, wanted) in [
            ("example.org 1; none", Some("example.org; none")),
            ("example.org", Some("example.org; none")),
            (
                "example.com; spf=pass smtp.mailfrom=example.net",
                Some("example.com; spf=pass smtp.mailfrom=example.net"),
            ),
            (
                "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail",
                Some("foo.example.net; dkim (Because I like it) / 1 (One yay) = (wait for it) fail"),
            ),
            ("example.org 2; none", None),
            ("example.org; dkim", None),
            ("example.org; dkim=", None),
            ("example.org; dkim=pass (", None),
            ("; dkim=pass", None),
            ("", None),
            ("example.org; d\u{fc}m=pass", None),
        ] {
            assert_eq!(AuthResults::parse(value).map(|r| r.value()).as_deref(), wanted, "{value}");
        }
        let odd = AuthResults::parse("a; dkim (x) / 1 (y) = (z) FAIL").unwrap();
        assert_eq!((odd.methods[0].name.as_str(), odd.methods[0].result.as_str()), ("dkim", "fail"));
    }

    #[test]
    fn ours_win_unless_we_could_not_tell() {
        let ours = AuthResults::parse("us; dkim=pass header.d=a; dmarc=temperror; arc=none").unwrap();
        let new = AuthResults::parse("mx; dkim=fail header.d=a; spf=pass; dmarc=pass; dmarc=fail").unwrap();
        let old = AuthResults::parse("mx; spf=fail; iprev=pass; arc=pass").unwrap();
        assert_eq!(
            merge(ours, &[new, old]).value(),
            "us; dkim=pass header.d=a; spf=pass; dmarc=pass; dmarc=fail; iprev=pass; arc=pass"
        );
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_refused_and_what_we_write_we_read(value in "\\PC{0,80}") {
            if let Some(read) = AuthResults::parse(&value) {
                prop_assert_eq!(AuthResults::parse(&read.value()).map(|r| r.methods), Some(read.methods), "{}", value);
            }
        }
    }
}
