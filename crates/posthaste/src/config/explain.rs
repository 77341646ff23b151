//! The reference, made from the declarations: as a file to begin with, and for one key.

use std::fmt::Write as _;

use posthaste_model::nearest;

use super::key::{Change, Key, Section};
use super::{Config, Contact, REPEATED, header};

/// Every key with its text and default, as a file that parses; all keys are commented out, so it says what an empty
/// file says.
pub(crate) fn reference() -> String {
    let mut out = String::from(
        "# Posthaste's configuration. Take the # away from a line to change it; most need no change.\n\
         # A key that is commented out has the value shown, or is unset if its text says so.\n\
         # Check this file with: posthaste config check\n",
    );
    for section in Config::default().documented(&Contact::default()) {
        let _ = write!(out, "\n{}", section_text(section));
    }
    out
}

/// The part of the reference on one key (`relay.tls`, or `tls` if only one section has it) or one section
/// (`relay`). The error says what to ask for instead.
pub(crate) fn key(asked: &str) -> Result<String, String> {
    let config = Config::default();
    let contact = Contact::default();
    let sections = config.documented(&contact);
    let asked = asked.trim_matches(['[', ']']);
    if let Some(section) = sections.iter().find(|section| section.name() == asked) {
        return Ok(section_text(*section));
    }
    let keys: Vec<Key> = sections.iter().flat_map(|section| section.keys()).collect();
    let named: Vec<&Key> = keys.iter().filter(|key| key.full() == asked || key.name == asked).collect();
    match named.as_slice() {
        [key] => Ok(key_alone(key)),
        [] => Err(unknown(asked, &keys, &sections)),
        several => {
            let full: Vec<_> = several.iter().map(|key| key.full()).collect();
            Err(format!("several sections have a key {asked}: ask for {}", full.join(" or ")))
        }
    }
}

fn section_text(section: &dyn Section) -> String {
    let mut out = comments(section.about());
    // One that may stand many times would make one by its header alone.
    let mark = if section.name() == REPEATED { "#" } else { "" };
    let _ = writeln!(out, "{mark}{}", header(section));
    for key in section.keys() {
        let _ = write!(out, "{}#{}\n\n", comments(key.docs), key.line());
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn key_alone(key: &Key) -> String {
    let default = key.default.as_deref().unwrap_or("unset");
    format!(
        "{}{}\n{}\n\n# may be:  {}\n# default: {default}\n# changed: {}\n",
        comments(key.docs),
        if key.section == REPEATED { format!("[[{REPEATED}]]") } else { format!("[{}]", key.section) },
        key.line(),
        key.kind,
        match key.change {
            Change::Live => "takes effect at a reload (SIGHUP)",
            Change::Restart => "takes effect at a restart",
        }
    )
}

fn unknown(asked: &str, keys: &[Key], sections: &[&dyn Section]) -> String {
    let full: Vec<String> = keys.iter().map(Key::full).collect();
    let names = sections.iter().map(|section| section.name());
    let near =
        nearest(asked, full.iter().map(String::as_str).chain(names)).map(str::to_owned).or_else(|| {
            let name = asked.rsplit('.').next().unwrap_or(asked);
            let near = nearest(name, keys.iter().map(|key| key.name))?;
            keys.iter().find(|key| key.name == near).map(Key::full)
        });
    match near {
        Some(near) => format!("there is no key or section {asked:?}; did you mean {near}?"),
        None => format!("there is no key or section {asked:?}; `posthaste config explain` shows them all"),
    }
}

fn comments(lines: &[&str]) -> String {
    lines.iter().fold(String::new(), |out, line| out + "#" + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_reference_is_a_file_that_changes_nothing() {
        let read = Config::parse(&reference(), Path::new("")).unwrap();
        assert_eq!(read, Config::default());
    }

    /// What is shown for each key can be written as shown: every default reads back as itself, every example is good.
    #[test]
    fn every_line_of_the_reference_works_when_taken_out_of_its_comment() {
        let is_key = |line: &str| line.starts_with('#') && !line.starts_with("# ");
        let bare = |line| if is_key(line) { &line[1..] } else { line };
        let text = reference().lines().map(bare).collect::<Vec<_>>().join("\n");
        let read = Config::parse(&text, Path::new("")).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let keys = |config: &Config| config.sections().iter().flat_map(|s| s.keys()).collect::<Vec<_>>();
        for (default, read) in keys(&Config::default()).into_iter().zip(keys(&read)) {
            let expected = default.default.clone().or(default.example.map(str::to_owned));
            assert_eq!(read.default, expected, "{}", default.full());
        }
    }

    #[test]
    fn one_key_or_section() {
        let tls = key("relay.tls").unwrap();
        for part in ["starttls", "[relay]\ntls = \"none\"", "default: \"none\"", "reload"] {
            assert!(tls.contains(part), "{part} is missing in {tls}");
        }
        assert_eq!(key("tls").unwrap(), tls);
        assert!(key("[lmtp]").unwrap().contains("#listen = \"127.0.0.1:8024\""));
    }

    #[test]
    fn what_nobody_knows_gets_the_nearest() {
        for (asked, says) in [
            ("relay.tsl", "did you mean relay.tls?"),
            ("rely", "did you mean relay?"),
            ("smtp.password_fil", ".password_file?"),
            ("listen", "lmtp.listen or smtp.listen"),
            ("xyzzy-plugh", "config explain` shows them all"),
        ] {
            let error = key(asked).unwrap_err();
            assert!(error.contains(says), "{asked}: {error}");
        }
    }
}
