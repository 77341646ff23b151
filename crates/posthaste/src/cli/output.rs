//! What the command line says and how it ends: tables and sentences for people, `--json` for programs.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use comfy_table::{Table, presets};
use posthaste_store::StoreError;
use serde::Serialize;

use crate::config::Problem;

/// How a command ended; the code it leaves with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// It could not be done; the message says why.
    Failed = 1,
    /// What was asked makes no sense: unknown words, bad addresses, a bad configuration, no such list.
    BadInput = 2,
    /// No server is running where one is needed.
    NotRunning = 3,
    /// What Posthaste depends on, the database, cannot be used now. The same command may work later.
    Away = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Something the caller must change before asking again.
#[derive(Debug)]
pub(crate) struct BadInput {
    what: String,
    lines: Vec<String>,
}

/// So many lines of a long list of problems are shown.
const SHOWN: usize = 20;

impl BadInput {
    /// One problem.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), lines: Vec::new() }
    }

    /// One problem, as its error says it.
    pub(crate) fn from_error(error: impl fmt::Display) -> Self {
        Self::new(error.to_string())
    }

    /// What was not done, and a line for each reason.
    pub(crate) fn many(what: impl Into<String>, lines: Vec<String>) -> Self {
        Self { what: what.into(), lines }
    }

    /// What is wrong with a configuration.
    pub(crate) fn problems(problems: &[Problem]) -> Self {
        match problems {
            [problem] => Self::from_error(problem),
            _ => Self::many(
                format!("the configuration has {} problems", problems.len()),
                problems.iter().map(ToString::to_string).collect(),
            ),
        }
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for (index, line) in self.lines.iter().take(SHOWN).enumerate() {
            write!(f, "{}\n  {line}", if index == 0 { ":" } else { "" })?;
        }
        match self.lines.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl std::error::Error for BadInput {}

/// Says on standard error why a command failed, as text or as one JSON object, and with which code it ends.
pub(crate) fn fail(error: &anyhow::Error, json: bool) -> Exit {
    let exit = exit_of(error);
    let text = format!("{error:#}");
    // Nobody is left to tell if standard error is gone too.
    let _ = if json {
        writeln!(io::stderr().lock(), "{}", serde_json::json!({ "error": text, "exit": exit as u8 }))
    } else {
        writeln!(io::stderr().lock(), "posthaste: {}", clean(&text, true))
    };
    exit
}

/// Where a command's answer goes: standard output, as text or as JSON.
pub(crate) struct Out {
    json: bool,
}

impl Out {
    /// For `--json` or for people.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// What was done: a sentence for people, a document for programs.
    pub(crate) fn done<T: Serialize + ?Sized>(&self, text: &str, json: &T) -> io::Result<()> {
        self.write(io::stdout().lock(), |out| writeln!(out, "{}", clean(text, true)), json)
    }

    /// What was asked for.
    pub(crate) fn value<T: Serialize + ?Sized>(&self, text: &str, json: &T) -> io::Result<()> {
        self.done(text, json)
    }

    /// A table with one row for each thing; for programs, `json` in its place.
    pub(crate) fn table<T: Serialize + ?Sized>(
        &self,
        head: &[&str],
        rows: impl Iterator<Item = Vec<String>>,
        json: &T,
    ) -> io::Result<()> {
        self.write(io::stdout().lock(), |out| write_table(out, head, rows), json)
    }

    /// True if programs read the answer.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Something to know about, on standard error, where it is not taken for the answer.
    pub(crate) fn problem(&self, text: &str) -> io::Result<()> {
        let json = serde_json::json!({ "problem": text });
        self.write(io::stderr().lock(), |out| writeln!(out, "{}", clean(text, true)), &json)
    }

    /// That nobody reads to the end, as in `posthaste member ls … | head`, is no fault.
    fn write<W: Write, T: Serialize + ?Sized>(
        &self,
        to: W,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
        json: &T,
    ) -> io::Result<()> {
        let mut to = io::BufWriter::new(to);
        let written = if self.json {
            serde_json::to_writer_pretty(&mut to, json).map_err(io::Error::from).and_then(|()| writeln!(to))
        } else {
            text(&mut to)
        };
        match written.and_then(|()| to.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

fn exit_of(error: &anyhow::Error) -> Exit {
    let away = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref::<StoreError>(), Some(StoreError::Unavailable(_)))
    };
    if error.chain().any(<dyn std::error::Error>::is::<BadInput>) {
        Exit::BadInput
    } else if error.chain().any(away) {
        Exit::Away
    } else {
        Exit::Failed
    }
}

/// So many rows are laid out together: enough to line up, few enough for a hundred thousand members.
const ROWS: usize = 1_000;

fn write_table(
    out: &mut dyn Write,
    head: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut rows = rows.peekable();
    let mut first = true;
    while first || rows.peek().is_some() {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if first {
            table.set_header(head.iter().map(|name| name.to_uppercase()));
        }
        for row in rows.by_ref().take(ROWS) {
            table.add_row(row.iter().map(|cell| clean(cell, true).into_owned()).collect::<Vec<_>>());
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim())?;
        }
        first = false;
    }
    Ok(())
}

/// A text from outside must not steer the terminal: its control characters are shown as what they are.
fn clean(text: &str, lines: bool) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() || (lines && (c == '\n' || c == '\t'));
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if harmless(c) { c.to_string() } else { c.escape_default().to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: usize) -> String {
        let mut out = Vec::new();
        let rows = (0..rows).map(|i| vec![format!("a{i}@example.org"), "\u{1b}[31mred".to_owned()]);
        write_table(&mut out, &["address", "name"], rows).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tables_line_up_and_are_harmless() {
        let text = table(2);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].starts_with("ADDRESS") && lines[0].ends_with("NAME"), "{text}");
        assert_eq!(lines[0].find("NAME"), lines[1].find("\\u{1b}"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn long_tables_have_every_row_once_and_one_head() {
        let text = table(2 * ROWS + 7);
        assert_eq!(text.lines().count(), 1 + 2 * ROWS + 7);
        assert_eq!(text.matches("ADDRESS").count(), 1);
        assert_eq!(table(0).lines().count(), 1, "the head alone");
    }

    #[test]
    fn nobody_reading_is_no_fault() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for json in [true, false] {
            assert!(Out::new(json).write(Gone, |out| writeln!(out, "x"), "x").is_ok());
        }
    }

    #[test]
    fn programs_get_json() {
        let mut out = Vec::new();
        let value = serde_json::json!({ "list": "a@example.org" });
        Out::new(true).write(&mut out, |_| Ok(()), &value).unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap(), value);
    }

    #[test]
    fn errors_have_their_codes() {
        use anyhow::Context;
        let wrapped = |error: anyhow::Result<()>| exit_of(&error.context("adding members").unwrap_err());
        assert_eq!(wrapped(Err(BadInput::new("no such list").into())), Exit::BadInput);
        assert_eq!(wrapped(Err(StoreError::Unavailable("refused".into()).into())), Exit::Away);
        assert_eq!(wrapped(Err(io::Error::other("disk").into())), Exit::Failed);
    }

    #[test]
    fn a_hundred_thousand_mistakes_fit_a_screen() {
        let lines = (0..100_000).map(|i| format!("members.txt:{i}: no @")).collect();
        let text = BadInput::many("nobody was added", lines).to_string();
        assert_eq!(text.lines().count(), SHOWN + 2);
        assert!(text.starts_with("nobody was added:\n  members.txt:0: no @\n"), "{text}");
        assert!(text.ends_with("and 99980 more"), "{text}");
        assert_eq!(BadInput::new("no such list").to_string(), "no such list");
    }
}
