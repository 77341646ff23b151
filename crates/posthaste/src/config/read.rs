use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use posthaste_model::nearest;
use toml::de::{DeTable, DeValue};

use super::key::{Key, Section};
use super::value::Value;
use super::{Config, Contact, Problem, REPEATED, Severity};

/// Reads a whole file; all problems together, in the order of their lines.
pub(super) fn read(text: &str, file: &Path) -> Result<Config, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut found =
        Found { text: text.to_owned(), file: file.to_owned(), problems: Vec::new(), lines: BTreeMap::new() };
    for error in &errors {
        let at = error.span().map_or(text.len(), |span| span.start);
        let what = format!("this is not TOML: {}", error.message().trim_end().replace('\n', ", "));
        found.problem(at, None, what, "lines are `[section]`, `key = value` or `# comment`".to_owned());
    }
    // What a broken line means is a guess, and below a broken header every line is; what is said of them would lead
    // astray.
    let broken: Vec<_> = found.problems.iter().map(|problem| problem.line).collect();
    let is_header =
        |line: usize| text.lines().nth(line - 1).is_some_and(|line| line.trim_start().starts_with('['));
    let header = broken.iter().flatten().find(|line| is_header(**line)).copied().unwrap_or(usize::MAX);
    let mut config = Config::default();
    config.read_table(table.into_inner(), &mut found);
    let Found { mut problems, lines, .. } = found;
    let mut index = 0;
    problems.retain(|problem| {
        index += 1;
        index <= broken.len() || (!broken.contains(&problem.line) && problem.line < Some(header))
    });
    problems.sort_by_key(|problem| problem.line);
    problems.dedup();
    file.clone_into(&mut config.origin.file);
    config.origin.lines = lines;
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

/// What reading has turned up so far.
struct Found {
    text: String,
    file: PathBuf,
    problems: Vec<Problem>,
    lines: BTreeMap<String, usize>,
}

impl Found {
    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    fn problem(&mut self, at: usize, key: Option<String>, what: String, fix: String) {
        let line = Some(self.line(at));
        self.problems.push(Problem {
            severity: Severity::Error,
            file: self.file.clone(),
            line,
            key,
            what,
            fix,
        });
    }
}

impl Config {
    fn read_table(&mut self, table: DeTable<'_>, found: &mut Found) {
        let contact = Contact::default();
        let known: Vec<_> = self.documented(&contact).iter().map(|section| section.name()).collect();
        let keys: Vec<_> = self.documented(&contact).iter().flat_map(|section| section.keys()).collect();
        for (name, value) in table {
            let at = name.span().start;
            if name.get_ref() == REPEATED {
                self.read_contacts(at, value.into_inner(), &keys, found);
                continue;
            }
            let section = self.sections_mut().into_iter().find(|section| section.name() == name.get_ref());
            match (section, value.into_inner()) {
                (Some(section), DeValue::Table(table)) => {
                    let base = found.file.parent().map(Path::to_owned).unwrap_or_default();
                    let mut reader = Reader { section: section.name(), table, base, found };
                    section.read(&mut reader);
                    reader.rest(&keys);
                }
                (Some(_), _) => {
                    let what = "this is a section, not a key".to_owned();
                    let fix = format!(
                        "write [{name}] on a line of its own, and its keys below",
                        name = name.get_ref()
                    );
                    found.problem(at, Some(name.get_ref().to_string()), what, fix);
                }
                (None, DeValue::Table(_)) => {
                    let fix = did_you_mean(name.get_ref(), known.iter().copied(), "[", "]")
                        .unwrap_or_else(|| format!("the sections are {}", known.join(", ")));
                    found.problem(
                        at,
                        Some(format!("[{}]", name.get_ref())),
                        "there is no such section".to_owned(),
                        fix,
                    );
                }
                (None, _) => {
                    let what = "this key stands in no section".to_owned();
                    let fix = elsewhere(name.get_ref(), &keys)
                        .unwrap_or_else(|| "begin a section above it, as [site]".to_owned());
                    found.problem(at, Some(name.get_ref().to_string()), what, fix);
                }
            }
        }
    }
}

impl Config {
    fn read_contacts(&mut self, at: usize, value: DeValue<'_>, keys: &[Key], found: &mut Found) {
        let tables: Option<Vec<_>> = match value {
            DeValue::Array(items) => items
                .into_iter()
                .map(|item| match item.into_inner() {
                    DeValue::Table(table) => Some(table),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        let Some(tables) = tables else {
            let what = "there may be many of these, each in double brackets".to_owned();
            let fix = format!("write [[{REPEATED}]] on a line of its own, and its keys below");
            found.problem(at, Some(REPEATED.to_owned()), what, fix);
            return;
        };
        for table in tables {
            let base = found.file.parent().map(Path::to_owned).unwrap_or_default();
            let mut contact = Contact::default();
            let mut reader = Reader { section: REPEATED, table, base, found };
            contact.read(&mut reader);
            reader.rest(keys);
            self.contacts.push(contact);
        }
    }
}

/// Reads one section of a file.
pub(super) struct Reader<'a> {
    section: &'static str,
    table: DeTable<'a>,
    base: PathBuf,
    found: &'a mut Found,
}

impl Reader<'_> {
    /// Takes the key `name` out of the section, if it is there, into `place`.
    pub(super) fn key<V: Value>(&mut self, name: &'static str, place: &mut V) {
        let Some((key, value)) = self.table.remove_entry(name) else { return };
        let at = key.span().start;
        let full = format!("{}.{name}", self.section);
        let line = self.found.line(at);
        self.found.lines.insert(full.clone(), line);
        match V::read(value.get_ref(), &self.base) {
            Ok(value) => *place = value,
            Err(what) => {
                let fix = format!("`posthaste config explain {full}` shows what may stand there");
                self.found.problem(at, Some(full), what, fix);
            }
        }
    }

    /// Refuses what is left.
    fn rest(self, keys: &[Key]) {
        for (name, _) in self.table {
            let ours = keys.iter().filter(|key| key.section == self.section);
            let fix = did_you_mean(name.get_ref(), ours.clone().map(|key| key.name), "", "")
                .or_else(|| elsewhere(name.get_ref(), keys))
                .unwrap_or_else(|| {
                    let names: Vec<_> = ours.map(|key| key.name).collect();
                    format!("the keys of [{}] are {}", self.section, names.join(", "))
                });
            let full = format!("{}.{}", self.section, name.get_ref());
            self.found.problem(name.span().start, Some(full), "there is no such key".to_owned(), fix);
        }
    }
}

fn did_you_mean<'a>(
    typed: &str,
    known: impl Iterator<Item = &'a str>,
    before: &str,
    after: &str,
) -> Option<String> {
    nearest(typed, known).map(|name| format!("did you mean {before}{name}{after}?"))
}

/// The section or sections that do have the key.
fn elsewhere(name: &str, keys: &[Key]) -> Option<String> {
    let sections: Vec<_> =
        keys.iter().filter(|key| key.name == name).map(|key| format!("[{}]", key.section)).collect();
    (!sections.is_empty()).then(|| format!("{name} belongs in {}", sections.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Level, Listen, Tls};

    fn problems(text: &str) -> Vec<String> {
        match Config::parse(text, Path::new("p.toml")) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_whole_file() {
        let text = r#"
[site]
owner = "Postmaster@example.org"
[paths]
state = "state"
[database]
url = "postgres://posthaste@db/posthaste"
password_file = "/etc/secret"
[lmtp]
listen = "unix:/run/posthaste/lmtp"
[smtp]
listen = "[::1]:8025"
[relay]
host = "mx.example.org"
port = 587
user = "posthaste"
password_file = "relay.password"
tls = "starttls"
verify = false
max_connections = 5
max_recipients = 100
[dns]
servers = ["127.0.0.1:5353", "::1"]
[limits]
message_size = 1_048_576
[log]
level = "debug"
"#;
        let config = Config::parse(text, Path::new("/etc/posthaste/p.toml")).unwrap();
        assert_eq!(config.site.owner.as_ref().unwrap().as_str(), "Postmaster@example.org");
        assert_eq!(config.paths.state, Path::new("/etc/posthaste/state"), "relative to the file");
        assert_eq!(config.lmtp.listen, Listen::Unix("/run/posthaste/lmtp".into()));
        assert_eq!(config.smtp.listen.as_ref().unwrap().to_string(), "[::1]:8025");
        assert_eq!((config.relay.host.as_str(), config.relay.port), ("mx.example.org", 587));
        assert_eq!(config.relay.password_file.as_deref(), Some(Path::new("/etc/posthaste/relay.password")));
        assert_eq!((config.relay.tls, config.relay.verify), (Tls::StartTls, Some(false)));
        assert_eq!((config.relay.max_connections, config.relay.max_recipients), (5, 100));
        let servers: Vec<_> = config.dns.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["127.0.0.1:5353", "[::1]:53"]);
        assert_eq!(config.limits.message_size.bytes(), 1 << 20);
        assert_eq!(config.log.level, Level::Debug);
        assert_eq!(config.origin.lines.get("relay.tls"), Some(&18));
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        for text in ["", "\n# nothing\n", "\u{feff}[site]\n"] {
            let config = Config::parse(text, Path::new("")).unwrap();
            assert_eq!(config, Config::default(), "{text:?}");
        }
        assert_eq!(Config::default().relay.host.as_str(), "127.0.0.1");
    }

    /// One bad line each: its number, its key, the rule and the fix stand in the message.
    #[test]
    fn each_mistake_names_line_key_rule_and_fix() {
        for (text, parts) in [
            ("[relay]\ntsl = 1", "p.toml:2: relay.tsl: there is no such key; did you mean tls?"),
            ("[rely]\nport = 1", "p.toml:1: [rely]: there is no such section; did you mean [relay]?"),
            (
                "[contact]\nname = \"A\"",
                "p.toml:1: contact: there may be many of these, each in double brackets",
            ),
            ("[[contact]]\nmial = []", "p.toml:2: contact.mial: there is no such key; did you mean mail?"),
            ("[[contact]]\nstep = 4", "p.toml:2: contact.step: 4 is not 0, 1, 2 or 3"),
            ("[[contact]]\nmail = [\"a@b.org\", 3]", "p.toml:2: contact.mail: 3: 3 is not an e-mail address"),
            (
                "[xyzzy]",
                "p.toml:1: [xyzzy]: there is no such section; the sections are site, paths, database",
            ),
            ("[lmtp]\nport = 24", "p.toml:2: lmtp.port: there is no such key; port belongs in [relay]"),
            (
                "[log]\nxyzzy = 24",
                "p.toml:2: log.xyzzy: there is no such key; the keys of [log] are format, level",
            ),
            (
                "owner = \"a@b.org\"",
                "p.toml:1: owner: this key stands in no section; owner belongs in [site]",
            ),
            ("xyzzy = 1", "p.toml:1: xyzzy: this key stands in no section; begin a section above it"),
            ("site = 1", "p.toml:1: site: this is a section, not a key; write [site] on a line of its own"),
            ("[[relay]]\nport = 1", "p.toml:1: relay: this is a section, not a key; write [relay]"),
            (
                "[site]\nowner = \"anne\"",
                "p.toml:2: site.owner: \"anne\" is not an address: it has no @; `posthaste",
            ),
            (
                "[site]\nowner = 7",
                "site.owner: 7 is not an e-mail address in quotes; `posthaste config explain site.owner`",
            ),
            ("[relay]\nport = \"25\"", "p.toml:2: relay.port: \"25\" is not a port, 1 to 65535"),
            ("[relay]\nport = 65536", "relay.port: 65536 is not a port, 1 to 65535"),
            ("[relay]\nport = 0", "relay.port: 0 is not a port"),
            ("[relay]\nport = -1", "relay.port: -1 is not a port"),
            ("[relay]\nport = 2.5", "relay.port: 2.5 is not a port"),
            ("[relay]\ntls = \"ssl\"", "relay.tls: \"ssl\" is not \"none\", \"starttls\" or \"smtps\""),
            ("[relay]\ntls = true", "relay.tls: true is not \"none\", \"starttls\" or \"smtps\""),
            ("[relay]\nverify = \"yes\"", "relay.verify: \"yes\" is not true or false"),
            ("[relay]\nmax_connections = 0", "relay.max_connections: 0 is not a whole number, 1 to 1000000"),
            ("[relay]\nhost = \"mx:25\"", "relay.host: \"mx:25\" has a port in it"),
            ("[relay]\nhost = { name = \"x\" }", "relay.host: a table is not a host name or an IP address"),
            ("[relay]\nuser = \"\"", "relay.user: it is empty"),
            (
                "[lmtp]\nlisten = \"localhost:24\"",
                "lmtp.listen: \"localhost:24\" is a name, and a listener needs a number",
            ),
            ("[lmtp]\nlisten = \":24\"", "lmtp.listen: \":24\" is not \"ip:port\" or \"unix:/path\""),
            (
                "[dns]\nservers = [\"127.0.0.1:53\",\n \"dns.example\"]",
                "dns.servers: \"dns.example\" is not \"ip:port\"",
            ),
            ("[dns]\nservers = \"127.0.0.1\"", "dns.servers: \"127.0.0.1\" is not a list of \"ip:port\""),
            ("[limits]\nmessage_size = \"25 megs\"", "\"25 megs\" is not a size such as \"25MiB\""),
            ("[limits]\nidle_time = 300", "limits.idle_time: 300 is not a time such as \"30s\""),
            ("[paths]\nstate = 1979-05-27", "paths.state: 1979-05-27 is not a path in quotes"),
            ("[database]\nurl = \"oracle:x\"", "database.url: \"oracle\" is no database we know"),
            ("[relay]\nport = 1\nport = 2", "p.toml:3: this is not TOML: duplicate key"),
            ("[relay]\nport 25", "p.toml:2: this is not TOML: "),
            ("[relay\nport = 25", "p.toml:1: this is not TOML: "),
            ("[relay]\nhost = \"mx", "p.toml:2: this is not TOML: "),
        ] {
            let problems = problems(text);
            assert_eq!(problems.len(), 1, "{text:?}: {problems:#?}");
            assert!(problems[0].contains(parts), "{text:?}: {:?} has no {parts:?}", problems[0]);
            assert!(problems[0].contains("; "), "{text:?} has no fix: {problems:?}");
        }
    }

    #[test]
    fn all_mistakes_come_at_once_in_the_order_of_their_lines() {
        let text = "[relay]\nport = 0\ntsl = 1\n[site]\nownr = \"a\"\n[nope]\n[log]\nlevel = 3\nformat = \n[dns]\nserver = 1\n";
        let lines: Vec<_> = problems(text).iter().map(|p| p.split(':').nth(1).unwrap().to_owned()).collect();
        assert_eq!(lines, ["2", "3", "5", "6", "8", "9", "11"], "{:#?}", problems(text));
    }

    #[test]
    fn secrets_are_not_repeated() {
        for text in ["[rest]\npassword = [\"sesame\"]", "[database]\nurl = \"pg://a:sesame@h/d\""] {
            let problems = problems(text);
            assert_eq!(problems.len(), 1);
            assert!(!problems[0].contains("sesame"), "{problems:?}");
        }
        let config = Config::parse("[rest]\npassword = \"sesame\"", Path::new("")).unwrap();
        assert!(!format!("{config:?}").contains("sesame"));
    }

    /// Whatever the bytes, reading ends without a panic and says something of every file it refuses.
    #[test]
    fn cut_and_mangled_files_never_panic() {
        let text = super::super::explain::reference().replace("\n#", "\n");
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)).step_by(53) {
            let (before, after) = text.split_at(cut);
            for mangled in [
                before.to_owned(),
                after.to_owned(),
                format!("{before}\"{after}"),
                format!("{before}[{after}"),
            ] {
                assert!(
                    !matches!(Config::parse(&mangled, Path::new("")), Err(problems) if problems.is_empty())
                );
            }
        }
    }
}
