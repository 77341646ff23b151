//! Reports written for people: one engine, and a table of how each mail server writes.

use super::address;
use super::reading::{Failure, Reading};
use super::source::{Line, Source};
use super::status;
use super::table::{DELAYED, FAILED};

/// Recipients taken from one text.
const MOST: usize = 200;
/// So many lines behind an address may say why.
const WHY: usize = 4;

/// How one kind of server writes.
pub(super) struct Format {
    /// Its name.
    pub(super) name: &'static str,
    /// Whether to look for it at all.
    pub(super) when: fn(&Source) -> bool,
    /// The list begins behind a line with one of these; lower case. None: with the text.
    pub(super) begin: &'static [&'static str],
    /// It ends before a line with one of these; `""` is an empty line behind a recipient.
    pub(super) end: &'static [&'static str],
    /// Where on a line the address is.
    pub(super) take: Take,
}

/// Where on a line the address is.
#[derive(Clone, Copy)]
pub(super) enum Take {
    /// In angle brackets, anywhere.
    Angled,
    /// In angle brackets at the beginning.
    AngledFirst,
    /// It is all there is.
    Alone,
    /// The first word.
    First,
    /// Anywhere.
    Any,
    /// The first address behind one of these; lower case.
    After(&'static [&'static str]),
}

/// What every server writes before the message it gives back: nothing behind it is a recipient.
const RETURNED: &[&str] = &[
    "original message follows",
    "original message attached",
    "original message below",
    "copy of the original message",
    "copy of your message",
    "copy of the message",
    "below this line is",
    "below the next line is",
    "-----original message",
    "----- original message",
    "--- original message",
    "---- unsent message",
    "unsent message follows",
    "message headers follow",
    "headers of the original",
    "header of the original",
    "undelivered message follows",
    "your message reads",
    "returned message",
    "start of returned message",
    "message text follows",
    "your original message",
    "return-path:",
    "received: from",
    "received: by",
    "message-id: <",
    "x-beenthere:",
    "list-id:",
];

/// Reads by the table; `None` if nothing in it fits.
pub(super) fn read(source: &Source) -> Option<Reading> {
    let delayed = DELAYED.iter().find_map(|format| found(format, source));
    if let Some((format, delayed)) = delayed {
        return Some(Reading { format, delayed, ..Reading::default() });
    }
    let (format, failed) = FAILED.iter().find_map(|format| found(format, source))?;
    Some(Reading { format, failed, ..Reading::default() })
}

fn found(format: &Format, source: &Source) -> Option<(&'static str, Vec<Failure>)> {
    let failures = if (format.when)(source) { scan(format, &source.lines) } else { vec![] };
    (!failures.is_empty()).then_some((format.name, failures))
}

/// The recipients a text names in this format.
fn scan(format: &Format, lines: &[Line]) -> Vec<Failure> {
    let mut within = format.begin.is_empty();
    let mut failures: Vec<Failure> = vec![];
    for (at, line) in lines.iter().enumerate() {
        if !within {
            within = line.has(format.begin);
            // Some name the recipient on the very line; the others have none there.
            if !within || !matches!(format.take, Take::After(_) | Take::Any | Take::Angled) {
                continue;
            }
        } else if line.has(RETURNED) || ends(format, line, !failures.is_empty()) {
            break;
        }
        let Some(address) = format.take.address(line) else { continue };
        if failures.len() < MOST && !failures.iter().any(|f| f.address.eq_ignore_ascii_case(&address)) {
            let said = why(&address, lines.get(at..).unwrap_or_default());
            failures.push(Failure {
                address,
                status: status::enhanced(&said).unwrap_or_default(),
                diagnostic: said,
            });
        }
    }
    failures
}

fn ends(format: &Format, line: &Line, some: bool) -> bool {
    format
        .end
        .iter()
        .any(|end| if end.is_empty() { some && line.is_blank() } else { line.plain.contains(end) })
}

impl Take {
    fn address(self, line: &Line) -> Option<String> {
        let text = line.text.as_str();
        match self {
            Self::Angled => address::angled(text),
            Self::AngledFirst => address::angled_first(text),
            Self::Alone => address::alone(text),
            Self::First => address::first(text),
            Self::Any => address::any(text),
            Self::After(prefixes) => prefixes.iter().find_map(|p| address::any(behind(text, p)?)),
        }
    }
}

/// What stands behind `prefix` (ASCII, lower case) on the line, whatever its case there.
fn behind<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let at = text.to_ascii_lowercase().find(prefix)?;
    text.get(at + prefix.len()..)
}

/// What is said beside an address and below it, up to an empty line that is not the first, or to the next address.
pub(super) fn why(address: &str, lines: &[Line]) -> String {
    let mut said = String::new();
    let mut blank = false;
    for (at, line) in lines.iter().take(WHY + 2).enumerate() {
        if line.is_blank() {
            if blank || !said.trim().is_empty() {
                break;
            }
            blank = true;
            continue;
        }
        let text = if at == 0 {
            line.text
                .split_once(address)
                .map_or("", |(_, rest)| rest)
                .trim_start_matches(['>', ')', ']', '\'', '"', ':', ',', '.', ' '])
        } else if line.has(RETURNED) || address::first(&line.text).is_some() {
            break;
        } else {
            line.text.as_str()
        };
        said.push_str(text);
        said.push(' ');
    }
    status::short(&said)
}
