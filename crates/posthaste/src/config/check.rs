use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Access, access};

use super::database::{Engine, first_line};
use super::{Config, Listen, Problem, Severity, Tls};

/// The least that RFC 5321 §4.5.3.1.7 lets a server take.
const LEAST_MESSAGE: u64 = 64 << 10;

impl Config {
    /// What is wrong beyond the text: keys that contradict each other, files and folders that are not as they should
    /// be. Errors stop `posthaste serve`; warnings do not. Changes nothing on the disk and asks no network.
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_site(&mut problems);
        self.check_state(&mut problems);
        self.check_database(&mut problems);
        self.check_listeners(&mut problems);
        self.check_relay(&mut problems);
        self.check_sizes(&mut problems);
        self.check_doors(&mut problems);
        self.check_alerts(&mut problems);
        self.check_dkim(&mut problems);
        self.check_outlets(&mut problems);
        problems
    }

    fn error(&self, key: &str, what: impl Into<String>, fix: impl Into<String>) -> Problem {
        self.problem(Severity::Error, key, what, fix)
    }

    fn warning(&self, key: &str, what: impl Into<String>, fix: impl Into<String>) -> Problem {
        self.problem(Severity::Warning, key, what, fix)
    }

    fn check_site(&self, problems: &mut Vec<Problem>) {
        if self.site.owner.is_none() {
            let fix = "write owner = \"you@example.org\" into [site]";
            problems.push(self.error("site.owner", "the person who answers for this server is not set", fix));
        }
    }

    fn check_state(&self, problems: &mut Vec<Problem>) {
        let (key, state) = ("paths.state", &self.paths.state);
        // The first folder that exists is the one that decides whether the others can be made.
        let Some(existing) = state.ancestors().find(|path| path.as_os_str().is_empty() || path.exists())
        else {
            return;
        };
        let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
        let place = existing.display();
        if !existing.is_dir() {
            let fix = "name another folder, or move that file away";
            problems.push(self.error(key, format!("{place} is a file, not a folder"), fix));
        } else if let Err(error) = access(existing, Access::WRITE_OK | Access::EXEC_OK) {
            let what = if existing == state {
                format!("{place} cannot be written to: {error}")
            } else {
                format!("{} does not exist and cannot be made in {place}: {error}", state.display())
            };
            let fix = if error == rustix::io::Errno::ROFS {
                format!("mount it writable: mount -o remount,rw {place}")
            } else {
                format!("install -d -m 750 -o posthaste {}", state.display())
            };
            problems.push(self.error(key, what, fix));
        }
    }

    fn check_database(&self, problems: &mut Vec<Problem>) {
        let key = "database.password_file";
        let Some(url) = &self.database.url else {
            if self.database.password_file.is_some() {
                problems.push(self.warning(
                    key,
                    "SQLite has no password",
                    "take the key away, or set database.url",
                ));
            }
            return;
        };
        if let Some(folder) = url.sqlite_path().and_then(Path::parent)
            && !folder.is_dir()
            && folder != self.paths.state
        {
            let what = format!("the folder {} of the file does not exist", folder.display());
            let fix = format!("install -d -m 750 -o posthaste {}", folder.display());
            problems.push(self.error("database.url", what, fix));
        }
        if self.origin.lines.contains_key("database.url") && url.has_password() {
            self.check_secret_here("database.url", "move the password into database.password_file", problems);
        }
        let Some(path) = &self.database.password_file else { return };
        if url.engine == Engine::Sqlite {
            problems.push(self.warning(key, "SQLite has no password", "take the key away"));
        } else if url.has_password() {
            let fix = "take the password out of the URL";
            problems.push(self.warning(
                key,
                "database.url has a password too; that of the file is used",
                fix,
            ));
        }
        self.check_password_file(key, path, problems);
        if url.engine != Engine::Sqlite && first_line(path).is_ok() {
            problems.extend(self.database_url().err());
        }
    }

    fn check_listeners(&self, problems: &mut Vec<Problem>) {
        let listeners: Vec<(&str, &Listen)> = [
            ("lmtp.listen", Some(&self.lmtp.listen)),
            ("smtp.listen", self.smtp.listen.as_ref()),
            ("rest.listen", self.rest.listen.as_ref()),
            ("web.listen", self.web.listen.as_ref()),
            ("metrics.listen", self.metrics.listen.as_ref()),
            ("mta.lookup", self.mta.lookup.as_ref()),
        ]
        .into_iter()
        .filter_map(|(key, listen)| Some((key, listen?)))
        .collect();
        for (index, (key, listen)) in listeners.iter().enumerate() {
            for (other, theirs) in listeners.iter().take(index).filter(|(_, theirs)| theirs.clashes(listen)) {
                let what = format!("{listen} and {other} = {theirs} cannot both be listened on");
                problems.push(self.error(key, what, "give one of them another port or path"));
            }
            if let Listen::Unix(path) = listen
                && let Some(folder) = path.parent().filter(|folder| !folder.is_dir())
            {
                let what = format!("the folder {} of the socket does not exist", folder.display());
                problems.push(self.error(key, what, format!("install -d -o posthaste {}", folder.display())));
            }
        }
        if self.lmtp.listen.is_public() {
            let what = format!(
                "{} can be reached by other machines, and LMTP asks nobody who they are",
                self.lmtp.listen
            );
            let fix = "listen on 127.0.0.1 or a unix: path, or let a firewall admit the mail server only";
            problems.push(self.warning("lmtp.listen", what, fix));
        }
    }

    fn check_relay(&self, problems: &mut Vec<Problem>) {
        let relay = &self.relay;
        let host = relay.host.as_str();
        match (&relay.user, &relay.password_file) {
            (Some(user), None) => {
                let fix = "name a file with the password in its first line: password_file = \"/etc/posthaste/relay.password\"";
                problems.push(self.error(
                    "relay.user",
                    format!("{user} logs in, but relay.password_file is not set"),
                    fix,
                ));
            }
            (None, Some(_)) => {
                let fix = "set relay.user, or take the key away";
                problems.push(self.warning(
                    "relay.password_file",
                    "nobody logs in with it: relay.user is not set",
                    fix,
                ));
            }
            _ => {}
        }
        if let Some(path) = &relay.password_file {
            self.check_password_file("relay.password_file", path, problems);
        }
        if relay.tls == Tls::None && !relay.host.is_loopback() {
            let read = if relay.user.is_some() { "mail and the password go" } else { "mail goes" };
            let what = format!("{read} to {host} unencrypted, and everyone on the way can read it");
            let fix =
                "set relay.tls = \"starttls\" (port 587 or 25) or \"smtps\" (port 465) if the relay can";
            problems.push(self.warning("relay.tls", what, fix));
        }
        if relay.tls != Tls::None && relay.verify == Some(false) && !relay.host.is_loopback() {
            let what = format!(
                "the certificate of {host} is not checked, so anyone on the way can pretend to be it"
            );
            problems.push(self.warning(
                "relay.verify",
                what,
                "set relay.ca_file to the authority that signed it",
            ));
        }
        if relay.tls != Tls::None && relay.verifies() && relay.host.as_str().parse::<IpAddr>().is_ok() {
            let what = format!("{host} is a number, and certificates are seldom made for numbers");
            problems.push(self.warning(
                "relay.host",
                what,
                "write the relay's name, as its certificate has it",
            ));
        }
        if let Some(path) = &relay.ca_file {
            if let Err(error) = std::fs::File::open(path) {
                let what = format!("{} cannot be read: {error}", path.display());
                problems.push(self.error("relay.ca_file", what, "name a PEM file, or take the key away"));
            } else if relay.tls == Tls::None {
                let fix = "set relay.tls, or take the key away";
                problems.push(self.warning(
                    "relay.ca_file",
                    "there is no certificate to check without TLS",
                    fix,
                ));
            }
        }
        for (tls, port, other) in [(Tls::Smtps, 25, 465), (Tls::Smtps, 587, 465), (Tls::StartTls, 465, 587)] {
            if relay.tls == tls && relay.port == port {
                let what = format!("{port} is not the usual port of {}", tls.as_str());
                problems.push(self.warning(
                    "relay.port",
                    what,
                    format!("it is {other}, unless the relay says otherwise"),
                ));
            }
        }
    }

    fn check_sizes(&self, problems: &mut Vec<Problem>) {
        let size = self.limits.message_size.bytes();
        if size < LEAST_MESSAGE {
            let what =
                format!("{size} bytes are too few: a mail server takes 64KiB at least (RFC 5321 §4.5.3.1.7)");
            problems.push(self.error("limits.message_size", what, "write message_size = \"25MiB\""));
        }
        let least = self.least_reserve();
        if let Some(reserve) = self.spool.reserve.filter(|reserve| reserve.bytes() < least) {
            let what = format!("{} bytes do not hold one and a half of limits.message_size", reserve.bytes());
            problems.push(self.error(
                "spool.reserve",
                what,
                format!("write {least} or more, or take the key away"),
            ));
        }
    }

    fn check_doors(&self, problems: &mut Vec<Problem>) {
        if let Some(listen) = self.rest.listen.as_ref().filter(|listen| listen.is_public())
            && !self.rest.without_tls
        {
            let what =
                format!("{listen} can be reached by other machines, and passwords go there unencrypted");
            let fix = "listen on 127.0.0.1 or a unix: path behind a proxy that speaks https, or set rest.without_tls = true";
            problems.push(self.error("rest.listen", what, fix));
        }
        if self.web.listen.as_ref().is_some_and(Listen::is_public) && self.web.base_url.is_none() {
            let what = "the pages answer under names of this machine only until they know their address";
            problems.push(self.warning("web.listen", what, "set web.base_url"));
        }
        if let Some(path) = &self.metrics.token_file {
            self.check_password_file("metrics.token_file", path, problems);
        }
        if self.rest.password.is_some() {
            self.check_secret_here("rest.password", "chmod 640 the configuration file", problems);
        }
        if let Some(url) = self.web.base_url.as_ref().filter(|url| url.is_in_the_clear()) {
            let what =
                format!("{} is not https, so passwords and archives can be read on the way", url.as_str());
            problems.push(self.warning("web.base_url", what, "write https://"));
        }
    }

    fn check_password_file(&self, key: &str, path: &Path, problems: &mut Vec<Problem>) {
        match first_line(path) {
            Err((what, fix)) => problems.push(self.error(key, what, fix)),
            Ok(_) if others_read(path) => {
                let what = format!("every user of this machine can read {}", path.display());
                problems.push(self.warning(key, what, format!("chmod 640 {}", path.display())));
            }
            Ok(_) => {}
        }
    }

    /// A secret in the configuration file itself is no secret if everyone can read that file.
    fn check_secret_here(&self, key: &str, fix: &str, problems: &mut Vec<Problem>) {
        if others_read(&self.origin.file) {
            let what = "it holds a password, and every user of this machine can read this file";
            problems.push(self.warning(key, what, fix));
        }
    }
}

fn others_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o004 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    /// A folder with a usable state folder and password files, and a configuration file that begins well.
    struct Site {
        folder: tempfile::TempDir,
    }

    impl Site {
        fn new() -> Self {
            let site = Self { folder: tempfile::tempdir().unwrap() };
            for (name, text, mode) in
                [("good", "sesame\n", 0o640), ("open", "sesame\n", 0o644), ("empty", "", 0o600)]
            {
                fs::write(site.path(name), text).unwrap();
                fs::set_permissions(site.path(name), fs::Permissions::from_mode(mode)).unwrap();
            }
            site
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn check(&self, text: &str) -> Vec<String> {
            let mut whole = text.to_owned();
            if !text.contains("[site]") {
                whole.push_str("\n[site]\nowner = \"postmaster@example.org\"\n");
            }
            if !text.contains("[paths]") {
                whole.push_str("\n[paths]\nstate = \"state\"\n");
            }
            let file = self.path("posthaste.toml");
            fs::write(&file, &whole).unwrap();
            let config = Config::load(&file).unwrap_or_else(|problems| panic!("{problems:#?}"));
            let prefix = format!("{}:", file.display());
            let strip = |problem: Problem| problem.to_string().replace(&prefix, "");
            config.check().into_iter().map(strip).collect()
        }
    }

    #[test]
    fn what_is_good_has_no_problems() {
        let site = Site::new();
        for text in [
            "",
            "[relay]\nuser = \"u\"\npassword_file = \"good\"",
            "[relay]\nhost = \"mx.example.org\"\nport = 587\ntls = \"starttls\"",
            "[database]\nurl = \"postgres://u@h/d\"\npassword_file = \"good\"",
            "[smtp]\nlisten = \"127.0.0.1:8025\"",
            "[web]\nbase_url = \"https://lists.example.org\"",
        ] {
            assert_eq!(site.check(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn each_contradiction_is_named_with_its_line_and_fix() {
        let site = Site::new();
        for (text, expected) in [
            ("[site]\n", "site.owner: the person who answers for this server is not set; write owner ="),
            (
                "[relay]\nuser = \"u\"",
                "2: relay.user: u logs in, but relay.password_file is not set; name a file",
            ),
            ("[relay]\npassword_file = \"good\"", "2: warning: relay.password_file: nobody logs in with it"),
            ("[relay]\nuser = \"u\"\npassword_file = \"none\"", "3: relay.password_file: "),
            (
                "[relay]\nuser = \"u\"\npassword_file = \"empty\"",
                "has no first line; write the password into it",
            ),
            (
                "[relay]\nuser = \"u\"\npassword_file = \"open\"",
                "3: warning: relay.password_file: every user of this machine",
            ),
            (
                "[relay]\nhost = \"mx.example.org\"",
                "warning: relay.tls: mail goes to mx.example.org unencrypted",
            ),
            (
                "[relay]\nhost = \"mx.example.org\"\ntls = \"smtps\"\nport = 465\nverify = false",
                "5: warning: relay.verify: ",
            ),
            (
                "[relay]\nhost = \"192.0.2.1\"\ntls = \"smtps\"\nport = 465",
                "2: warning: relay.host: 192.0.2.1 is a number",
            ),
            (
                "[relay]\nhost = \"mx.example.org\"\ntls = \"smtps\"\nport = 587",
                "4: warning: relay.port: 587 is not the usual",
            ),
            ("[relay]\ntls = \"starttls\"\nca_file = \"none\"", "3: relay.ca_file: "),
            (
                "[relay]\nca_file = \"good\"",
                "2: warning: relay.ca_file: there is no certificate to check without TLS",
            ),
            (
                "[smtp]\nlisten = \"127.0.0.1:8024\"",
                "2: smtp.listen: 127.0.0.1:8024 and lmtp.listen = 127.0.0.1:8024 cannot both",
            ),
            ("[smtp]\nlisten = \"0.0.0.0:8024\"", "2: smtp.listen: 0.0.0.0:8024 and lmtp.listen"),
            ("[smtp]\nlisten = \"unix:none/socket\"", "of the socket does not exist; install -d"),
            (
                "[lmtp]\nlisten = \"0.0.0.0:24\"",
                "2: warning: lmtp.listen: 0.0.0.0:24 can be reached by other machines",
            ),
            ("[limits]\nmessage_size = 1000", "2: limits.message_size: 1000 bytes are too few"),
            ("[spool]\nreserve = \"1MiB\"", "2: spool.reserve: 1048576 bytes do not hold one and a half"),
            (
                "[database]\npassword_file = \"good\"",
                "2: warning: database.password_file: SQLite has no password",
            ),
            (
                "[database]\nurl = \"sqlite:x\"\npassword_file = \"good\"",
                "3: warning: database.password_file: SQLite",
            ),
            (
                "[database]\nurl = \"mysql://h/d\"\npassword_file = \"good\"",
                "3: database.password_file: there is a password, but",
            ),
            (
                "[web]\nlisten = \"0.0.0.0:8000\"",
                "2: warning: web.listen: the pages answer under names of this machine only",
            ),
            (
                "[web]\nbase_url = \"http://example.org\"",
                "2: warning: web.base_url: http://example.org/ is not https",
            ),
            ("[database]\nurl = \"sqlite:none/x.db\"", "2: database.url: the folder "),
            ("[paths]\nstate = \"good\"", "2: paths.state: "),
        ] {
            let problems = site.check(text);
            assert_eq!(problems.len(), 1, "{text:?}: {problems:#?}");
            assert!(problems[0].contains(expected), "{text:?}: {:?} has no {expected:?}", problems[0]);
            assert!(problems[0].contains("; "), "{text:?} has no fix: {problems:?}");
        }
    }

    #[test]
    fn secrets_in_a_file_that_everyone_reads() {
        let site = Site::new();
        let text = "[database]\nurl = \"postgres://u:sesame@h/d\"";
        fs::write(site.path("posthaste.toml"), "").unwrap();
        for (mode, count) in [(0o644, 1), (0o640, 0)] {
            fs::set_permissions(site.path("posthaste.toml"), fs::Permissions::from_mode(mode)).unwrap();
            let problems = site.check(text);
            assert_eq!(problems.len(), count, "{problems:?}");
            assert!(
                problems
                    .iter()
                    .all(|problem| problem.contains("password_file") && !problem.contains("sesame"))
            );
        }
    }

    #[test]
    fn a_state_folder_that_cannot_be_made() {
        let site = Site::new();
        let problems = site.check("[paths]\nstate = \"good/below/a/file\"");
        assert!(problems[0].contains("good is a file, not a folder"), "{problems:?}");
        // /proc is read-only even to root.
        let problems = site.check("[paths]\nstate = \"/proc/sys/posthaste\"");
        assert!(problems[0].contains("does not exist and cannot be made in /proc/sys"), "{problems:?}");
        assert!(problems[0].contains("install -d"), "{problems:?}");
        assert!(!site.path("state").exists(), "a check makes nothing");
    }

    #[test]
    fn the_password_goes_into_the_url() {
        let site = Site::new();
        let text = "[paths]\nstate=\"/s\"\n[database]\nurl = \"postgres://u@h/d\"\npassword_file = \"good\"";
        let config = Config::parse(text, &site.path("posthaste.toml")).unwrap();
        assert_eq!(config.database_url().unwrap().as_str(), "postgres://u:sesame@h/d");
        let plain = Config::parse("[paths]\nstate=\"/s\"", Path::new("")).unwrap();
        assert_eq!(plain.database_url().unwrap().as_str(), "sqlite:/s/posthaste.db");
        assert_eq!(plain.relay_password(), Ok(None));
    }
}
