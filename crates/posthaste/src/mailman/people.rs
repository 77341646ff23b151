//! People in files and on the command line.

use std::collections::HashSet;
use std::io::Read;

use posthaste_model::{Address, DeliveryMode, DeliveryStatus, Mailbox, Role};

use super::refusal::refuse;

/// How members get a list's mail.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum, Debug)]
pub(super) enum Delivery {
    /// Each post.
    Regular,
    /// Digests of whole messages.
    Mime,
    /// Digests of plain text.
    Plain,
    /// Digests as a page.
    Summary,
    /// Not at all.
    Disabled,
}

impl Delivery {
    /// The preferences it means.
    pub(super) const fn preferences(self) -> (DeliveryMode, Option<DeliveryStatus>) {
        match self {
            Self::Regular => (DeliveryMode::Regular, None),
            Self::Mime => (DeliveryMode::MimeDigests, None),
            Self::Plain => (DeliveryMode::PlaintextDigests, None),
            Self::Summary => (DeliveryMode::SummaryDigests, None),
            Self::Disabled => (DeliveryMode::Regular, Some(DeliveryStatus::ByModerator)),
        }
    }
}

/// Rosters by name.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum, Debug)]
pub(super) enum Roster {
    Owner,
    Moderator,
    Nonmember,
    Member,
    Administrator,
}

impl Roster {
    /// The roles on it.
    pub(super) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Owner => &[Role::Owner],
            Self::Moderator => &[Role::Moderator],
            Self::Nonmember => &[Role::Nonmember],
            Self::Member => &[Role::Member],
            Self::Administrator => &[Role::Owner, Role::Moderator],
        }
    }
}

/// A line of a file of members that names nobody.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct NoAddress(pub(super) String);

/// The lines of a file of members, `-` for standard input, each address once; blank lines and comments are left out.
pub(super) fn read(file: &str) -> anyhow::Result<Vec<Result<Mailbox, NoAddress>>> {
    let mut text = String::new();
    let read = if file == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    match read {
        Ok(()) => Ok(lines(&text)),
        Err(error) => refuse(format!("Could not open file: {file}: {error}")),
    }
}

fn lines(text: &str) -> Vec<Result<Mailbox, NoAddress>> {
    let mut seen = HashSet::new();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| parse(line).ok_or_else(|| NoAddress(line.to_owned())))
        .filter(|line| line.as_ref().map_or(true, |who| seen.insert(who.address.key().to_owned())))
        .collect()
}

/// Reads `addr`, `Name <addr>`, `"Name" <addr>` or `addr (Name)`.
pub(super) fn parse(line: &str) -> Option<Mailbox> {
    let line = line.trim();
    if let Some((address, name)) = line.strip_suffix(')').and_then(|rest| rest.split_once('('))
        && !address.contains('<')
    {
        return Some(Mailbox { name: name.trim().to_owned(), address: Address::parse(address).ok()? });
    }
    let mut mailbox = Mailbox::parse(line).ok()?;
    if mailbox.name.contains("=?") {
        mailbox.name = posthaste_mime::decode_words(&mailbox.name);
    }
    let name = mailbox.name.replace("\\\\", "\\");
    Some(Mailbox { name: name.trim().to_owned(), ..mailbox })
}

/// Writes `Name <addr>`, or `addr` if there is no name, so that [`parse()`] reads the same.
pub(super) fn format(name: &str, address: &str) -> String {
    let name = name.replace(char::is_control, " ");
    let name = name.trim();
    if name.is_empty() {
        return address.to_owned();
    }
    if name.contains(['[', ']', '\\', '(', ')', '<', '>', '@', ',', ':', ';', '"', '.']) {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{escaped}\" <{address}>");
    }
    format!("{name} <{address}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_files() {
        let text = "# people\n\n anne@example.com \nBart Simpson <BART@example.com>\n\"Doe, Jane\" <jane@example.com>\n\
                    cris@example.com (Cris P.)\nbart@example.com\nnobody\nx <y>\n";
        let told: Vec<_> = lines(text)
            .into_iter()
            .map(|line| match line {
                Ok(who) => format!("{}|{}", who.name, who.address),
                Err(NoAddress(line)) => format!("!{line}"),
            })
            .collect();
        assert_eq!(
            told,
            [
                "|anne@example.com",
                "Bart Simpson|BART@example.com",
                "Doe, Jane|jane@example.com",
                "Cris P.|cris@example.com",
                "!nobody",
                "!x <y>"
            ]
        );
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for name in ["", "Anne", "Doe, Jane", "A \"B\" C", "back\\slash", "Jürgen", "(x)"] {
            let written = format(name, "a@b.example");
            let read = parse(&written).unwrap();
            assert_eq!((read.name.as_str(), read.address.as_str()), (name, "a@b.example"), "{written}");
        }
        assert_eq!(format("Anne\nEvil", "a@b.c"), "Anne Evil <a@b.c>");
    }
}
