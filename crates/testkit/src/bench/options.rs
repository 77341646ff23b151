//! What to measure, and with what.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{SCENARIOS, SLOW};
use crate::sink::Latency;

/// For people.
pub const HELP: &str = "\
Usage: cargo xtask bench [SCENARIO…] [FLAGS]

  accept    posts made durable a second, with 1, 16 and 64 connections; reference: the disk alone
  latency   200 posts to 20 members, one after the other: accept to delivered
  fanout    one post to 1,000, 10,000 and 100,000 members, bulk and VERP; reference: source to sink alone
  drain     4,000 queued posts to 50 members each; reference: source to sink alone
  backlog   4,000 queued posts to 100 members each while new ones come: time, new posts' p95, error of the ETA
  memory    resident memory, idle and while one post goes to 100,000 members
  start     start to accepting, with an empty queue and with 100,000 entries
  isolation accept and delivery p95 while the pages are crawled or held open; reference: pages quiet
  outage    MariaDB silent for five minutes between two Postfixes, five posts a second (needs mariadb-server, postfix)
  filter    CPU that content filtering adds to a post of 100 KB

  --json          figures as JSON
  --repeat N      runs of each measurement; the median is told (3)
  --quick         small numbers, one run: to see that it works
  --fast          nothing with the slow sink
  --full          100,000 members with the slow sink too (many minutes)
  --round-trip    the slow sink is far away (20 ms for each flight) and not sluggish (20 ms for each single reply)
  --check         fail if a goal is missed
  --folder DIR    keep the state below this folder, to measure another disk
  --server FILE   the program (cargo xtask bench fills this in)
";

/// The command line of the benchmark.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program to measure.
    pub server: PathBuf,
    /// Where the state goes; the system's temporary folder if unset.
    pub folder: Option<PathBuf>,
    /// What to run.
    pub scenarios: Vec<String>,
    /// Runs of each measurement.
    pub repeat: usize,
    /// Small numbers.
    pub quick: bool,
    /// Nothing with the slow sink.
    pub fast: bool,
    /// The longest runs too.
    pub full: bool,
    /// The slow sink answers whole flights late.
    pub round_trip: bool,
    /// JSON and not a table.
    pub json: bool,
    /// A missed goal is a failure.
    pub check: bool,
}

impl Options {
    /// Reads the words of the command line; `None` if they ask for help.
    pub fn read(words: impl IntoIterator<Item = String>) -> Result<Option<Self>> {
        let mut server = None;
        let mut options = Self {
            server: PathBuf::new(),
            folder: None,
            scenarios: Vec::new(),
            repeat: 3,
            quick: false,
            fast: false,
            full: false,
            round_trip: false,
            json: false,
            check: false,
        };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--help" | "-h" => return Ok(None),
                "--json" => options.json = true,
                "--quick" => options.quick = true,
                "--fast" => options.fast = true,
                "--full" => options.full = true,
                "--round-trip" => options.round_trip = true,
                "--check" => options.check = true,
                "--repeat" => options.repeat = value()?.parse().context("--repeat needs a number")?,
                "--folder" => options.folder = Some(value()?.into()),
                "--server" => server = Some(value()?.into()),
                name if SCENARIOS.contains(&name) => options.scenarios.push(word),
                other => bail!("`{other}` is neither a scenario nor a flag\n\n{HELP}"),
            }
        }
        if options.scenarios.is_empty() {
            options.scenarios = SCENARIOS.iter().map(|&name| name.to_owned()).collect();
        }
        if options.quick {
            options.repeat = 1;
        }
        options.repeat = options.repeat.max(1);
        options.server = server.context("--server FILE: which program is to be measured?")?;
        Ok(Some(options))
    }

    /// `normal`, or `small` if it must be quick.
    pub(super) fn pick(&self, normal: usize, small: usize) -> usize {
        if self.quick { small } else { normal }
    }

    /// How the slow sink is slow.
    pub(super) fn slow(&self) -> Latency {
        if self.round_trip { Latency::RoundTrip(SLOW) } else { Latency::EachReply(SLOW) }
    }
}

/// How a sink's slowness is called in the report.
pub(super) fn describe(latency: Latency) -> String {
    match latency {
        Latency::None => String::new(),
        Latency::EachReply(time) => format!(", {} ms each reply", time.as_millis()),
        Latency::RoundTrip(time) => format!(", {} ms away", time.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>> {
        Options::read(words.iter().map(|&word| word.to_owned()))
    }

    #[test]
    fn words_are_understood_or_named() {
        let options = read(&["drain", "--server", "/p", "--repeat", "5", "--json"]).unwrap().unwrap();
        assert_eq!((options.scenarios, options.repeat, options.json), (vec!["drain".to_owned()], 5, true));
        assert_eq!(read(&["--server", "/p"]).unwrap().unwrap().scenarios.len(), SCENARIOS.len());
        assert!(read(&["--help"]).unwrap().is_none());
        for (words, said) in [
            (vec!["drian", "--server", "/p"], "`drian`"),
            (vec!["--repeat"], "--repeat"),
            (vec![], "--server"),
        ] {
            assert!(read(&words).unwrap_err().to_string().contains(said));
        }
    }
}
