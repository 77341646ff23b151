//! What was wrong with the words, in the shape Mailman says it.

use std::ffi::OsString;
use std::fmt;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Line, warn};
use crate::cli::output::Exit;

/// Something the caller must change: told below the usage, exit code 2.
#[derive(Debug)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// Refuses for this reason.
pub(super) fn refuse<T>(why: impl Into<String>) -> anyhow::Result<T> {
    Err(Refused(why.into()).into())
}

/// Words that cannot be read, or a question for help.
pub(super) fn unparsed(error: &clap::Error, words: &[OsString]) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody is left to tell if standard output is gone.
            let _ = error.print();
            Exit::Done
        }
        _ => usage(words, &reason(error)),
    }
}

/// Usage, where to find more, and the reason. Exit code 2.
pub(super) fn usage(words: &[OsString], why: &str) -> Exit {
    let mut root = Line::command();
    root.build();
    let verb = words
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .find(|word| root.find_subcommand(word).is_some());
    let verb = verb.map(str::to_owned);
    let command = match verb.as_deref().and_then(|verb| root.find_subcommand_mut(verb)) {
        Some(command) => command,
        None => &mut root,
    };
    let usage = command.render_usage().to_string().replace(['<', '>'], "");
    let name = verb.map_or_else(|| "mailman".to_owned(), |verb| format!("mailman {verb}"));
    let _ = warn(&format!("{}\nTry '{name} --help' for help.\n\nError: {why}", usage.trim()));
    Exit::BadInput
}

/// Something else went wrong. Exit code 1, as after an exception.
pub(super) fn failed(error: &anyhow::Error) -> Exit {
    let bad_input = error.chain().any(<dyn std::error::Error>::is::<crate::cli::output::BadInput>);
    let text = format!("{error:#}");
    let clean = text.replace(|c: char| c.is_control() && c != '\n', " ");
    let _ = warn(&format!("Error: {clean}"));
    if bad_input { Exit::BadInput } else { Exit::Failed }
}

/// Why words could not be read, in a sentence.
fn reason(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(all)) => all.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let argument = text(ContextKind::InvalidArg);
    let bare = argument.trim_matches(['<', '>', '[', ']', '.']).to_owned();
    let option = bare.split(' ').next().unwrap_or_default().to_owned();
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => format!("No such option: {argument}"),
        ErrorKind::UnknownArgument => format!("Got unexpected extra argument ({argument})"),
        ErrorKind::InvalidSubcommand => {
            format!("No such command '{}'.", text(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("Missing argument '{bare}'."),
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_empty() => {
            format!("Option '{option}' requires an argument.")
        }
        ErrorKind::InvalidValue => {
            let value = text(ContextKind::InvalidValue);
            let valid = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(all)) => {
                    all.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ")
                }
                _ => String::new(),
            };
            format!("Invalid value for '{option}': '{value}' is not one of {valid}.")
        }
        ErrorKind::ValueValidation => {
            format!("Invalid value for '{option}': '{}'", text(ContextKind::InvalidValue))
        }
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn reasons_are_short() {
        for (line, says) in [
            ("lists --foo", "No such option: --foo"),
            ("foo", "No such command 'foo'."),
            ("members", "Missing argument 'LISTSPEC'."),
            ("remove a.b.c d.e.f", "Got unexpected extra argument (d.e.f)"),
            ("members -R king a.b.c", "Invalid value for '--role': 'king' is not one of 'any', 'owner', "),
            ("conf -s", "Option '--section' requires an argument."),
        ] {
            let words: Vec<_> = std::iter::once("mailman").chain(line.split(' ')).collect();
            let error = Line::try_parse_from(words).unwrap_err();
            let reason = reason(&error);
            assert!(reason.starts_with(says), "{line}: {reason}");
        }
    }
}
