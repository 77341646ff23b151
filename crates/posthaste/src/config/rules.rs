use std::path::Path;

use posthaste_lists::facts::HeaderCheck;
use posthaste_model::{Action, Pattern};
use toml::de::DeValue;

use super::key::section;
use super::value::{Value, choice, found, quoted, wrong};

section! {
    /// What the rules of every list do.
    Rules in "rules" {
        /// Header fields that no list of this site wants: `"Header: regular expression"`, ignoring case. They are asked
        /// before the lists' own header matches.
        live header_checks: HeaderLines = HeaderLines::default();
        /// What happens to a post that one of them fits, and where a header match of a list does not say.
        live header_action: HeaderAction = HeaderAction::Hold;
        /// Hold answers to whole digests: those with a digest's subject, or with lines of its masthead.
        live hold_digests: bool = false;
        /// So many lines of the masthead make a message one that quotes a digest.
        live digest_lines: usize = 4;
        /// So many lines at the beginning of a post are searched for commands (the list setting `administrivia`).
        live command_lines: usize = 10;
        /// Every how many posts of a list each member gets a copy with an envelope sender of their own (VERP), so that a
        /// report of failure tells whose it is. It costs one transaction a member. Unset: on personal lists only.
        live verp_interval: Option<usize> = None, example "10";
    }
}

choice! {
    /// What happens to a post with a header field nobody wants.
    HeaderAction {
        /// It waits for a moderator.
        Hold = "hold",
        /// It is sent back.
        Reject = "reject",
        /// It is dropped.
        Discard = "discard",
        /// It goes to the list.
        Accept = "accept",
    }
}

impl From<HeaderAction> for Action {
    fn from(action: HeaderAction) -> Self {
        match action {
            HeaderAction::Hold => Self::Hold,
            HeaderAction::Reject => Self::Reject,
            HeaderAction::Discard => Self::Discard,
            HeaderAction::Accept => Self::Accept,
        }
    }
}

/// Header checks as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeaderLines(Vec<String>);

impl HeaderLines {
    /// Name of the field and pattern of each.
    pub(crate) fn checks(&self) -> impl Iterator<Item = (String, Pattern)> {
        self.0.iter().filter_map(|line| HeaderCheck::parse_line(line).ok())
    }
}

impl Value for HeaderLines {
    fn kind() -> String {
        "a list of \"Header: regular expression\"".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let items = value.as_array().ok_or_else(|| wrong::<Self>(value))?;
        let line = |item: &DeValue<'_>| {
            let line = item.as_str().ok_or_else(|| format!("{} is no text in quotes", found(item)))?;
            HeaderCheck::parse_line(line).map_err(|why| format!("{line:?} will not do: {why}"))?;
            Ok(line.to_owned())
        };
        items.iter().map(|item| line(item.get_ref())).collect::<Result<_, String>>().map(Self)
    }

    fn show(&self) -> Option<String> {
        let lines: Vec<_> = self.0.iter().map(|line| quoted(line)).collect();
        Some(format!("[{}]", lines.join(", ")))
    }
}
