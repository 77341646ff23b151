//! The built-in texts, read once from the files beside this one.
//!
//! A file holds phrases, one a line, and texts, one a block:
//!
//! ```text
//! # A comment.
//! reason.max-size = The message is larger than $limit KiB
//!
//! == list:user:notice:hold
//! Subject: Your message to $listname waits
//!
//! A paragraph is one line; it is wrapped when it is sent.
//!     A line that begins with a blank stays as it is.
//! ?token This line is only written if there is a value for $token.
//! ```
//!
//! A block ends where the next begins, or at a line `==`. In a phrase `\n` is a line end.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A built-in text or phrase.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Entry {
    /// The subject of the mail; empty for what is no mail.
    pub(crate) subject: String,
    /// The text; lines that begin with `?name ` are written only if `name` has a value.
    pub(crate) text: String,
}

type Entries = HashMap<&'static str, Entry>;

/// The files of one language. A new file is one line here, and stands in the folder of every language.
macro_rules! language {
    ($code:literal) => {
        (
            $code,
            &[
                include_str!(concat!($code, "/notices.txt")),
                include_str!(concat!($code, "/posts.txt")),
                include_str!(concat!($code, "/rules.txt")),
                include_str!(concat!($code, "/content.txt")),
                include_str!(concat!($code, "/auth.txt")),
                include_str!(concat!($code, "/digests.txt")),
                include_str!(concat!($code, "/moderation.txt")),
                include_str!(concat!($code, "/subscription.txt")),
                include_str!(concat!($code, "/bounces.txt")),
            ],
        )
    };
}

/// Every language with its files, English first.
const SOURCES: &[(&str, &[&str])] = &[
    language!("en"),
    language!("de"),
    language!("fr"),
    language!("es"),
    language!("pt_BR"),
    language!("it"),
    language!("pl"),
    language!("ru"),
    language!("uk"),
    language!("ja"),
    language!("zh_CN"),
    language!("ar"),
];

static ENTRIES: LazyLock<Vec<(&'static str, Entries)>> = LazyLock::new(|| {
    SOURCES.iter().map(|(code, files)| (*code, files.iter().flat_map(|f| parse(f)).collect())).collect()
});

/// The languages there are texts in, English first.
pub(crate) fn languages() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|(code, _)| *code)
}

/// What this language has for a key.
pub(crate) fn entry(language: &str, key: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|(code, _)| *code == language).and_then(|(_, entries)| entries.get(key))
}

/// The names of all texts of which an override may exist (`list:user:notice:hold`), sorted.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = SOURCES
        .iter()
        .take(1)
        .flat_map(|(_, files)| files.iter().flat_map(|f| parse(f)))
        .map(|(k, _)| k)
        .collect();
    names.retain(|name| name.contains(':'));
    names.sort_unstable();
    names
}

/// What a file holds, in its order.
fn parse(source: &'static str) -> Vec<(&'static str, Entry)> {
    let mut entries: Vec<(&'static str, Entry)> = vec![];
    let mut block: Option<(&'static str, Vec<&'static str>)> = None;
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if let Some(key) = line.strip_prefix("==") {
            entries.extend(block.take().map(finished));
            block = Some((key.trim(), vec![])).filter(|(key, _)| !key.is_empty());
        } else if let Some((_, lines)) = &mut block {
            lines.push(line);
        } else if let Some((key, text)) = line.split_once(" = ") {
            entries.push((key.trim(), Entry { subject: String::new(), text: text.replace("\\n", "\n") }));
        }
    }
    entries.extend(block.map(finished));
    entries
}

fn finished((key, lines): (&'static str, Vec<&'static str>)) -> (&'static str, Entry) {
    let mut lines = lines.as_slice();
    let mut subject = String::new();
    if let Some((first, rest)) = lines.split_first()
        && let Some(text) = first.strip_prefix("Subject:")
    {
        text.trim().clone_into(&mut subject);
        lines = rest;
    }
    let blank = |line: &&str| line.trim().is_empty();
    let begin = lines.iter().position(|l| !blank(l)).unwrap_or(lines.len());
    let end = lines.iter().rposition(|l| !blank(l)).map_or(begin, |at| at + 1);
    let text = lines.get(begin..end).unwrap_or_default().iter().flat_map(|l| [*l, "\n"]).collect();
    (key, Entry { subject, text })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The names Mailman has; they are keys of its REST API.
    const MAILMANS: [&str; 28] = [
        "domain:admin:notice:new-list",
        "list:admin:action:post",
        "list:admin:action:subscribe",
        "list:admin:action:unsubscribe",
        "list:admin:notice:disable",
        "list:admin:notice:increment",
        "list:admin:notice:pending",
        "list:admin:notice:removal",
        "list:admin:notice:subscribe",
        "list:admin:notice:unrecognized",
        "list:admin:notice:unsubscribe",
        "list:member:digest:footer",
        "list:member:digest:header",
        "list:member:digest:masthead",
        "list:member:regular:footer",
        "list:member:regular:header",
        "list:user:action:invite",
        "list:user:action:subscribe",
        "list:user:action:unsubscribe",
        "list:user:notice:goodbye",
        "list:user:notice:hold",
        "list:user:notice:no-more-today",
        "list:user:notice:post",
        "list:user:notice:probe",
        "list:user:notice:refuse",
        "list:user:notice:rejected",
        "list:user:notice:warning",
        "list:user:notice:welcome",
    ];

    #[test]
    fn all_of_mailmans_texts_are_there() {
        let names = names();
        for name in MAILMANS {
            assert!(names.contains(&name), "{name} is missing in English");
            let entry = entry("en", name).unwrap();
            assert_eq!(entry.subject.is_empty(), name.starts_with("list:member:"), "{name}: {entry:?}");
        }
    }

    #[test]
    fn blocks_and_phrases() {
        let source = "# x\na.b = one = two\\nthree\n\n== n:m\nSubject: S $x\n\nText\n# no\n  more\n\n==\nc = d\n== e\nonly\n";
        let text = |subject: &str, text: &str| Entry { subject: subject.into(), text: text.into() };
        assert_eq!(
            parse(source),
            [
                ("a.b", text("", "one = two\nthree")),
                ("n:m", text("S $x", "Text\n  more\n")),
                ("c", text("", "d")),
                ("e", text("", "only\n")),
            ]
        );
    }

    #[test]
    fn no_key_stands_twice() {
        for (code, files) in SOURCES {
            let mut seen = BTreeSet::new();
            for (key, _) in files.iter().flat_map(|f| parse(f)) {
                assert!(seen.insert(key), "{code}: {key} stands twice");
            }
        }
    }

    /// Every language says what English says, with the same variables.
    #[test]
    fn no_key_or_variable_is_missing_in_a_language() {
        let mut wrong = vec![];
        let english = &ENTRIES[0].1;
        for (code, entries) in ENTRIES.iter().skip(1) {
            for (key, wanted) in english {
                let Some(found) = entries.get(key) else {
                    wrong.push(format!("{code}: {key} is missing"));
                    continue;
                };
                let variables = |e: &Entry| -> BTreeSet<String> {
                    let both = format!("{}\n{}", e.subject, e.text);
                    let shown = crate::template::names(&both).into_iter().map(|n| format!("${n}"));
                    let asked = e.text.lines().filter_map(|l| l.strip_prefix('?'));
                    shown.chain(asked.filter_map(|l| l.split(' ').next()).map(|n| format!("?{n}"))).collect()
                };
                let (wanted_names, names) = (variables(wanted), variables(found));
                if wanted_names != names {
                    let differ: Vec<_> = wanted_names.symmetric_difference(&names).cloned().collect();
                    wrong.push(format!("{code}: {key} differs from English in {}", differ.join(" ")));
                }
                if wanted.subject.is_empty() != found.subject.is_empty()
                    || wanted.text.is_empty() != found.text.is_empty()
                {
                    wrong.push(format!("{code}: {key} lacks its subject or text"));
                }
            }
        }
        wrong.sort();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// What the code asks for exists: `.phrase("key"` and `.notice(…, "name"` anywhere in this room.
    #[test]
    fn what_the_code_asks_for_is_there() {
        let asks = regex::Regex::new(concat!(
            r#"(?:phrase|words|wording)\(\s*(?:[\w:]+,\s*)?"([a-z][\w.:-]*[.:][\w.:-]+)""#,
            r#"|notice\([^";]{0,120}"([a-z]+:[\w:-]+)""#,
        ))
        .unwrap();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut asked = 0;
        while let Some(folder) = folders.pop() {
            for found in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
                if found.is_dir() {
                    folders.push(found);
                } else if found.extension().is_some_and(|e| e == "rs") {
                    let source = std::fs::read_to_string(&found).unwrap();
                    let asked_here = asks.captures_iter(&source).filter_map(|c| c.get(1).or(c.get(2)));
                    for key in asked_here.map(|key| key.as_str()) {
                        asked += 1;
                        assert!(entry("en", key).is_some(), "{} asks for {key}", found.display());
                    }
                }
            }
        }
        assert!(asked > 0, "the code asks for nothing any more; does this test still see it?");
    }
}
