//! The reference as a page of the book, written and kept up to date by a test.

use std::fmt::Write as _;
use std::path::Path;

use super::key::Change;
use super::{Config, Contact, header};

/// The reference as a page of the book.
fn markdown() -> String {
    let mut out = String::from(
        "# Configuration\n\n\
         <!-- Made from crates/posthaste/src/config by a test; POSTHASTE_UPDATE_DOCS=1 cargo test -p posthaste -->\n\n\
         Posthaste reads one file, `posthaste.toml`: the one named by `--config FILE`, before or after the verb, or by \
         `$POSTHASTE_CONFIG`. `posthaste config explain > posthaste.toml` writes one to begin with, with every key and \
         its default; `posthaste config check` reads it, looks at the files and folders it names, and says what is wrong, \
         all at once. A relative path begins at the folder of the configuration file.\n\n\
         A running server takes changes to keys marked *reload* when it gets SIGHUP, and those marked *restart* when it is \
         started again. If the file is bad at a reload, the old configuration stays in force.\n",
    );
    for section in Config::default().documented(&Contact::default()) {
        let _ = write!(out, "\n## `{}`\n\n{}\n\n", header(section), prose(section.about()));
        out.push_str("| key | default | a change takes | |\n|---|---|---|---|\n");
        for key in section.keys() {
            let default = key.default.as_ref().map_or("unset".to_owned(), |value| format!("`{value}`"));
            let example = key.example.map_or(String::new(), |value| format!(" Example: `{value}`."));
            let line = format!(
                "| `{}` | {default} | {} | {}{example} |",
                key.name,
                when(key.change),
                prose(key.docs)
            );
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn when(change: Change) -> &'static str {
    match change {
        Change::Live => "reload",
        Change::Restart => "restart",
    }
}

#[test]
fn every_key_has_a_text_and_a_value_to_show() {
    for key in Config::default().documented(&Contact::default()).iter().flat_map(|section| section.keys()) {
        assert!(prose(key.docs).ends_with('.'), "{}: {:?}", key.full(), key.docs);
        let says_unset = prose(key.docs).contains("Unset:");
        assert_eq!(key.default.is_none(), says_unset, "{}: say what it means unset", key.full());
        assert!(
            key.default.is_some() != key.example.is_some(),
            "{} needs a default or an example",
            key.full()
        );
    }
}

/// `POSTHASTE_UPDATE_DOCS=1` writes the page instead.
#[test]
fn the_page_of_the_book_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operate/configuration.md");
    if std::env::var_os("POSTHASTE_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, markdown()).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == markdown(),
        "docs/operate/configuration.md is not what the code says: POSTHASTE_UPDATE_DOCS=1 cargo test -p posthaste"
    );
}
