//! Reports that name recipients in ways of their own.

use posthaste_mime::Message;

use super::address;
use super::reading::{Failure, Reading};
use super::source::Source;
use super::status;
use super::texts::why;

/// Exim's header field, which Gmail writes too.
pub(super) fn failed_recipients(message: &Message, source: &Source) -> Option<Reading> {
    let fields = message.head.all("X-Failed-Recipients").map(posthaste_mime::Field::text);
    let addresses = fields.flat_map(|list| list.split(',').filter_map(address::word).collect::<Vec<_>>());
    reading("exim", addresses.collect(), source)
}

/// Those that stand apart from the table; the first that names somebody.
pub(super) fn read(source: &Source) -> Option<Reading> {
    let readers: [fn(&Source) -> Option<Reading>; 4] = [yale, aol, exchange, llnl];
    readers.iter().find_map(|read| read(source))
}

/// Bare names of a university whose two mail domains share them.
fn yale(source: &Source) -> Option<Reading> {
    let domain = source.from.rsplit_once('@')?.1.trim_end_matches('>');
    let theirs = domain == "yale.edu" || domain.ends_with(".yale.edu");
    if source.multipart || !theirs || !source.from.contains("mailer-daemon") {
        return None;
    }
    let names = between(source, &["message not delivered to the following"], &["error detail"], |line| {
        let name = line.split_whitespace().next()?;
        (!name.contains('@') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'))
            .then(|| name.to_owned())
    });
    let both = names.iter().flat_map(|n| [format!("{n}@yale.edu"), format!("{n}@cs.yale.edu")]);
    reading("yale", both.collect(), source)
}

/// Screen names.
fn aol(source: &Source) -> Option<Reading> {
    if source.multipart || !source.from.trim_end_matches('>').ends_with("@aol.com") {
        return None;
    }
    let begin = [
        "mail to the following recipients could not be delivered",
        "following recipients could not be delivered",
    ];
    let names = between(source, &begin, &["original message"], |line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        if words.next().is_some() {
            return None;
        }
        let screen = name.bytes().all(|b| b.is_ascii_alphanumeric());
        address::word(name).or_else(|| screen.then(|| format!("{name}@aol.com")))
    });
    reading("aol", names, source)
}

/// `SMTP=anne@example.com; on Mon, …` or `anne@example.com on Mon, …`.
fn exchange(source: &Source) -> Option<Reading> {
    let names = between(source, &["did not reach the following recipient"], &["msexch:"], |line| {
        line.contains(" on ").then(|| address::any(line))?
    });
    reading("exchange", names, source)
}

/// `…, anne@example.com, …` on one line.
fn llnl(source: &Source) -> Option<Reading> {
    let lines = source.lines.iter().take(40);
    let name = lines.filter_map(|line| {
        let (_, rest) = line.text.split_once(", ")?;
        let (word, _) = rest.split_once(',')?;
        address::word(word).filter(|_| line.plain.contains("undeliver") || line.plain.contains("unknown"))
    });
    reading("llnl", name.take(1).collect(), source)
}

/// What `take` finds on the lines between these.
fn between(
    source: &Source,
    begin: &[&str],
    end: &[&str],
    take: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let behind = source.lines.iter().skip_while(|line| !line.has(begin)).skip(1);
    behind.take_while(|line| !line.has(end)).filter_map(|line| take(&line.text)).take(200).collect()
}

fn reading(format: &'static str, addresses: Vec<String>, source: &Source) -> Option<Reading> {
    let mut failed: Vec<Failure> = vec![];
    for address in addresses {
        if failed.iter().any(|f| f.address.eq_ignore_ascii_case(&address)) {
            continue;
        }
        let at = source.lines.iter().position(|l| l.text.contains(&address)).unwrap_or(usize::MAX);
        let diagnostic = why(&address, source.lines.get(at..).unwrap_or_default());
        let status = status::enhanced(&diagnostic).unwrap_or_default();
        failed.push(Failure { address, status, diagnostic });
    }
    (!failed.is_empty()).then(|| Reading { format, failed, ..Reading::default() })
}
