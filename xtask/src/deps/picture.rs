//! The picture in a form that can be checked.

use super::Arrow;

/// The rooms, top to bottom. An arrow goes from a line to a lower line, never along a line or up.
const LINES: &[&[&str]] = &[
    &["posthaste"],
    &["web", "rest", "cluster", "import"],
    &["watch"],
    &["lists"],
    &["store", "archive", "spool", "smtp", "auth"],
    &["mime"],
    &["model"],
];

/// Crates from outside that only these rooms may name: changing a library is then one room's work.
const OWNED: &[(&str, &[&str])] = &[
    ("anyhow", &["posthaste", "testkit", "xtask"]),
    ("argon2", &["lists"]),
    ("askama", &["web"]),
    ("async-nats", &["cluster"]),
    ("axum", &["web", "rest"]),
    ("cargo_metadata", &["xtask"]),
    ("clap", &["posthaste"]),
    ("comfy-table", &["posthaste"]),
    ("crc32fast", &["spool"]),
    ("encoding_rs", &["mime"]),
    ("flate2", &["archive"]),
    ("hickory-resolver", &["smtp", "auth"]),
    ("hyper", &["web", "rest"]),
    ("hyper-util", &["web", "rest"]),
    ("indicatif", &["posthaste"]),
    ("listenfd", &["posthaste"]),
    ("mail-auth", &["auth"]),
    ("mail-builder", &["mime"]),
    ("mail-parser", &["mime"]),
    ("object_store", &["archive", "cluster"]),
    // `posthaste` names the one crypto provider of the process.
    ("rustls", &["smtp", "posthaste"]),
    ("psl", &["auth"]),
    ("ring", &["auth"]),
    ("rsa", &["auth"]),
    ("rustls-pki-types", &["smtp", "auth"]),
    ("rustls-platform-verifier", &["smtp"]),
    ("sea-orm", &["store"]),
    ("sqlx", &["store"]),
    ("tantivy", &["archive"]),
    ("tokio-rustls", &["smtp"]),
    ("toml", &["posthaste"]),
    ("tracing-subscriber", &["posthaste"]),
    ("ureq", &["watch"]),
];

/// Rooms without I/O, tasks or time, and what would bring these in.
const PURE: &[&str] = &["model", "mime"];
const IMPURE: &[&str] = &[
    "tokio",
    "tokio-util",
    "futures-util",
    "rustix",
    "libc",
    "rand",
    "tracing-subscriber",
    "reqwest",
    "hyper",
    "axum",
];

/// What is wrong with this arrow, if anything.
pub(super) fn complaint(arrow: &Arrow) -> Option<String> {
    let from = room(&arrow.from);
    let rule = match arrow
        .to
        .strip_prefix("posthaste-")
        .or_else(|| (arrow.to == "posthaste").then_some("posthaste"))
    {
        Some(to) => between_rooms(from, to, arrow.development),
        None => to_outside(from, &arrow.to, arrow.development),
    }?;
    Some(format!("{} -> {}: {rule}", arrow.from, arrow.to))
}

fn between_rooms(from: &str, to: &str, development: bool) -> Option<String> {
    if to == "testkit" {
        // The program carries the equipment along for `posthaste drill`.
        return (!development && from != "posthaste")
            .then(|| "testkit is for tests and drills: make it a dev-dependency".to_owned());
    }
    if from == "testkit" || from == "xtask" {
        return Some(format!("{from} imports no room: a witness shares no code with what it watches"));
    }
    let (Some(above), Some(below)) = (line(from), line(to)) else {
        let unknown = if line(from).is_none() { from } else { to };
        return Some(format!("no room `{unknown}` in the picture; draw it there first"));
    };
    if above == below {
        return Some("rooms on one line never import each other".to_owned());
    }
    (above > below).then(|| format!("arrows point down only, and `{to}` stands above `{from}`"))
}

fn to_outside(from: &str, to: &str, development: bool) -> Option<String> {
    if let Some((_, owners)) = OWNED.iter().find(|(name, _)| *name == to)
        && !owners.contains(&from)
    {
        return Some(format!("only {} may name `{to}`", owners.join(" and ")));
    }
    (PURE.contains(&from) && IMPURE.contains(&to) && !development)
        .then(|| format!("`{from}` is pure: no tasks, no files, no clock, no randomness"))
}

fn room(package: &str) -> &str {
    package.strip_prefix("posthaste-").unwrap_or(package)
}

fn line(room: &str) -> Option<usize> {
    LINES.iter().position(|line| line.contains(&room))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, development: bool) -> Option<String> {
        complaint(&Arrow { from: from.into(), to: to.into(), development })
    }

    #[test]
    fn arrows_down_are_good() {
        for (from, to) in [
            ("posthaste", "posthaste-model"),
            ("posthaste-web", "posthaste-lists"),
            ("posthaste-lists", "posthaste-spool"),
            ("posthaste-store", "sea-orm"),
            ("posthaste-smtp", "tokio"),
            ("posthaste", "rustls"),
            ("posthaste-testkit", "tokio"),
            ("posthaste", "posthaste-testkit"),
        ] {
            assert_eq!(check(from, to, false), None, "{from} -> {to}");
        }
        assert_eq!(check("posthaste-store", "posthaste-testkit", true), None);
        assert_eq!(check("posthaste-mime", "tokio", true), None);
    }

    #[test]
    fn every_other_arrow_is_named_with_its_rule() {
        for (from, to, rule) in [
            ("posthaste-spool", "posthaste-smtp", "one line"),
            ("posthaste-smtp", "posthaste-lists", "down only"),
            ("posthaste-model", "posthaste", "down only"),
            ("posthaste-lists", "posthaste-testkit", "dev-dependency"),
            ("posthaste-testkit", "posthaste-smtp", "no room"),
            ("posthaste-lists", "posthaste-attic", "no room `attic`"),
            ("posthaste-lists", "sea-orm", "only store"),
            ("posthaste-store", "rustls", "only smtp and posthaste"),
            ("posthaste-mime", "tokio", "pure"),
        ] {
            let said = check(from, to, false).unwrap_or_default();
            assert!(
                said.starts_with(&format!("{from} -> {to}: ")) && said.contains(rule),
                "{from} -> {to}: {said}"
            );
        }
        assert!(check("posthaste-spool", "posthaste-store", true).is_some());
    }
}
