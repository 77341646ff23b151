//! The tables for Postfix: text from the names of the lists. Pure.

use std::fmt::Write as _;

use posthaste_lists::Names;
use posthaste_model::{ListName, SubAddress};

use crate::config::Maps;

/// A file, and what is to be in it; `None` if it is not to be there.
pub(crate) type File = (&'static str, Option<String>);

/// The addresses of a list in the order of the tables: its own, then by name.
const SUFFIXES: [&str; 8] =
    ["-bounces", "-confirm", "-join", "-leave", "-owner", "-request", "-subscribe", "-unsubscribe"];

/// Addresses of these take an extension.
const EXTENDED: [&str; 2] = ["-bounces", "-confirm"];

/// Every file of this kind; `to` is where Postfix hands mail over.
pub(crate) fn files(kind: Maps, names: &Names, to: &str) -> Vec<File> {
    if kind == Maps::None {
        return vec![];
    }
    let any_alias = names.lists.iter().any(|list| names.alias(list.host()).is_some());
    vec![
        ("postfix_lmtp", Some(transport(kind, names, to))),
        ("postfix_domains", Some(domains(kind, names))),
        ("postfix_vmap", any_alias.then(|| aliases(kind, names))),
    ]
}

fn heading(what: &str) -> String {
    format!(
        "# {what}\n# Made by Posthaste whenever a list or domain comes or goes: changes here are lost.\n\
         # `posthaste mta postfix` tells how Postfix is to use it.\n"
    )
}

fn transport(kind: Maps, names: &Names, to: &str) -> String {
    let mut out = heading("Which addresses are lists, and where their mail goes.");
    let mut domain = None;
    for list in &names.lists {
        if domain != Some(list.host()) {
            domain = Some(list.host());
            let _ = writeln!(out, "\n# {}", list.host());
        }
        out.push('\n');
        let host = names.alias(list.host()).unwrap_or(list.host());
        rows(
            &mut out,
            addresses(list).map(|(suffix, local)| (key(kind, &local, suffix, host), to.to_owned())),
        );
    }
    out
}

fn domains(kind: Maps, names: &Names) -> String {
    let mut out = heading("The domains of the lists.");
    let mut domains: Vec<(&str, &str)> = names
        .lists
        .iter()
        .map(|list| (names.alias(list.host()).unwrap_or(list.host()), list.host()))
        .collect();
    domains.sort_unstable();
    domains.dedup();
    for (domain, host) in domains {
        let key = if kind == Maps::Regexp { format!("/^{}$/", escaped(domain)) } else { domain.to_owned() };
        let _ = writeln!(out, "{key} {host}");
    }
    out
}

fn aliases(kind: Maps, names: &Names) -> String {
    let mut out =
        heading("Addresses of lists on their public domain, and on the one Postfix hands over to us.");
    for list in &names.lists {
        let Some(alias) = names.alias(list.host()) else { continue };
        out.push('\n');
        rows(
            &mut out,
            addresses(list).map(|(suffix, local)| {
                // The token behind the + must survive.
                let token = if kind == Maps::Regexp && EXTENDED.contains(&suffix) { "${1}" } else { "" };
                (key(kind, &local, suffix, list.host()), format!("{local}{token}@{alias}"))
            }),
        );
    }
    out
}

/// The local parts of a list with the suffix that makes each.
fn addresses(list: &ListName) -> impl Iterator<Item = (&'static str, String)> {
    debug_assert_eq!(list.address(SubAddress::Post), list.to_string(), "its own address has no suffix");
    std::iter::once("").chain(SUFFIXES).map(move |suffix| (suffix, format!("{}{suffix}", list.local())))
}

fn key(kind: Maps, local: &str, suffix: &str, host: &str) -> String {
    if kind != Maps::Regexp {
        return format!("{local}@{host}");
    }
    let extension = if EXTENDED.contains(&suffix) { "(\\+.*)?" } else { "" };
    format!("/^{}{extension}@{}$/", escaped(local), escaped(host))
}

/// Rows with their second column in line.
fn rows(out: &mut String, rows: impl Iterator<Item = (String, String)>) {
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, value) in rows {
        let _ = writeln!(out, "{key:width$}  {value}");
    }
}

/// A text as a regular expression that matches it alone (POSIX, `regexp_table(5)`).
fn escaped(text: &str) -> String {
    let special =
        |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '@' | '=' | '~' | '\'' | '%'));
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lists: &[&str], aliases: &[(&str, &str)]) -> Names {
        let mut lists: Vec<_> = lists.iter().map(|l| ListName::parse(l).unwrap()).collect();
        lists.sort_by(|a, b| (a.host(), a.local()).cmp(&(b.host(), b.local())));
        Names {
            lists,
            aliases: aliases.iter().map(|(host, alias)| ((*host).into(), (*alias).into())).collect(),
        }
    }

    fn body(text: &str) -> Vec<String> {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(words).collect()
    }

    #[test]
    fn nine_lines_a_list_sorted_by_domain_and_name() {
        let names = names(&["b@x.org", "a@x.org", "z@a.org"], &[]);
        let files = files(Maps::Hash, &names, "lmtp:[127.0.0.1]:8024");
        let lmtp = body(files[0].1.as_ref().unwrap());
        assert_eq!(lmtp.len(), 27);
        assert_eq!(
            lmtp[..9],
            [
                "z",
                "z-bounces",
                "z-confirm",
                "z-join",
                "z-leave",
                "z-owner",
                "z-request",
                "z-subscribe",
                "z-unsubscribe"
            ]
            .map(|local| format!("{local}@a.org lmtp:[127.0.0.1]:8024"))
        );
        assert!(lmtp[9].starts_with("a@x.org ") && lmtp[18].starts_with("b@x.org "));
        assert_eq!(body(files[1].1.as_ref().unwrap()), ["a.org a.org", "x.org x.org"]);
        assert_eq!(files[2], ("postfix_vmap", None));
        assert!(super::files(Maps::None, &names, "").is_empty());
    }

    #[test]
    fn regular_expressions_match_nothing_else() {
        let names = names(&["a.b@x.org"], &[]);
        let files = files(Maps::Regexp, &names, "to");
        let lmtp = body(files[0].1.as_ref().unwrap());
        assert_eq!(lmtp[0], "/^a\\.b@x\\.org$/ to");
        assert_eq!(lmtp[1], "/^a\\.b-bounces(\\+.*)?@x\\.org$/ to");
        assert_eq!(lmtp[4], "/^a\\.b-leave@x\\.org$/ to");
        assert_eq!(body(files[1].1.as_ref().unwrap()), ["/^x\\.org$/ x.org"]);
        assert_eq!(escaped("a*b{c$d+e"), "a\\*b\\{c\\$d\\+e");
    }

    #[test]
    fn an_alias_domain_keeps_the_token() {
        let names = names(&["dev@x.org", "other@y.org"], &[("x.org", "virtual.x.org")]);
        for (kind, bounces) in [
            (Maps::Texthash, "dev-bounces@x.org dev-bounces@virtual.x.org"),
            (Maps::Regexp, "/^dev-bounces(\\+.*)?@x\\.org$/ dev-bounces${1}@virtual.x.org"),
        ] {
            let files = files(kind, &names, "to");
            let vmap = body(files[2].1.as_ref().unwrap());
            assert_eq!((vmap.len(), vmap[1].as_str()), (9, bounces));
            let lmtp = files[0].1.as_ref().unwrap();
            assert!(lmtp.contains("virtual") && !lmtp.contains("dev@x.org"), "{lmtp}");
            let domains = files[1].1.as_ref().unwrap().replace("/^", "").replace("$/", "").replace('\\', "");
            assert_eq!(body(&domains), ["virtual.x.org x.org", "y.org y.org"]);
        }
    }
}
