use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::key::section;
use super::value::{Value, quoted, wrong};
use super::{Config, Problem, Severity};

section! {
    /// The database with lists, members and held messages. Mail is accepted, and what is planned is delivered, while
    /// it is away.
    Database in "database" {
        /// `sqlite:PATH`, `postgres://user@host:port/name` or `mysql://user@host:port/name` (also for MariaDB).
        /// Unset: SQLite, in `posthaste.db` of the state folder.
        restart url: Option<DatabaseUrl> = None, example "\"postgres://posthaste@127.0.0.1:5432/posthaste\"";
        /// A file whose first line is the password of the user in `url`, so that it need not stand here. Unset: what the
        /// URL says.
        restart password_file: Option<PathBuf> = None, example "\"/etc/posthaste/database.password\"";
    }
}

/// Which database program a URL means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A file of ours.
    Sqlite,
    /// `PostgreSQL`.
    Postgres,
    /// MariaDB or `MySQL`.
    Mysql,
}

/// A database URL of a known engine. May hold a password: never print it, print [`DatabaseUrl::redacted`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl {
    /// What it speaks to.
    pub(crate) engine: Engine,
    url: String,
}

impl DatabaseUrl {
    /// The SQLite file at `path`, made if it does not exist.
    pub(crate) fn sqlite(path: &Path) -> Self {
        Self { engine: Engine::Sqlite, url: format!("sqlite:{}", path.display()) }
    }

    /// The URL to connect to, password and all.
    pub(crate) fn as_str(&self) -> &str {
        &self.url
    }

    /// The URL with its password replaced by `***`.
    pub(crate) fn redacted(&self) -> String {
        match self.parts() {
            Some((scheme, user, Some(_), rest)) => format!("{scheme}://{user}:***@{rest}"),
            _ => self.url.clone(),
        }
    }

    /// Host and port of the server, as far as the URL says; else those the engine is known for.
    pub(crate) fn place(&self) -> (String, u16) {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let default = if self.engine == Engine::Postgres { 5432 } else { 3306 };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(default)),
            _ => (place, default),
        };
        let host = host.trim_matches(['[', ']']);
        (if host.is_empty() { "localhost".to_owned() } else { host.to_owned() }, port)
    }

    /// The file, if it is SQLite's.
    pub(super) fn sqlite_path(&self) -> Option<&Path> {
        self.url.strip_prefix("sqlite:").map(Path::new)
    }

    /// True if the URL itself holds a password.
    pub(crate) fn has_password(&self) -> bool {
        matches!(self.parts(), Some((_, _, Some(_), _)))
    }

    /// The same with `password` for its user; `None` if it names no user.
    fn with_password(&self, password: &str) -> Option<Self> {
        let (scheme, user, _, rest) = self.parts()?;
        let url = format!("{scheme}://{user}:{}@{rest}", percent(password));
        Some(Self { engine: self.engine, url })
    }

    /// Scheme, user, password and the rest, if it names a user (RFC 3986 §3.2.1).
    fn parts(&self) -> Option<(&str, &str, Option<&str>, &str)> {
        let (scheme, rest) = self.url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (login, _) = authority.rsplit_once('@')?;
        let rest = rest.get(login.len() + 1..)?;
        Some(match login.split_once(':') {
            Some((user, password)) => (scheme, user, Some(password), rest),
            None => (scheme, login, None, rest),
        })
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Value for DatabaseUrl {
    fn kind() -> String {
        "a URL beginning with \"sqlite:\", \"postgres://\" or \"mysql://\"".to_owned()
    }

    /// Says nothing of the text it was given, as that may hold a password.
    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| wrong::<Self>(value))?;
        let (scheme, rest) = text.split_once(':').ok_or_else(|| format!("this is not {}", Self::kind()))?;
        match scheme {
            "sqlite" => sqlite(rest, base),
            "postgres" | "postgresql" => server(Engine::Postgres, "postgres", rest),
            "mysql" | "mariadb" => server(Engine::Mysql, "mysql", rest),
            _ => Err(format!("{scheme:?} is no database we know: this must be {}", Self::kind())),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.url))
    }
}

impl Config {
    /// The URL to open: the default if none is set, with the password from its file.
    pub(crate) fn database_url(&self) -> Result<DatabaseUrl, Problem> {
        let Some(url) = &self.database.url else {
            return Ok(DatabaseUrl::sqlite(&self.paths.state.join("posthaste.db")));
        };
        let Some(path) = &self.database.password_file else {
            return Ok(url.clone());
        };
        let key = "database.password_file";
        let password =
            first_line(path).map_err(|(what, fix)| self.problem(Severity::Error, key, what, fix))?;
        url.with_password(&password).ok_or_else(|| {
            let fix = "write the user into it: postgres://user@host/name";
            self.problem(Severity::Error, key, "there is a password, but database.url names no user", fix)
        })
    }

    /// The password for the relay of alerts, if one is set.
    pub(crate) fn alerts_password(&self) -> Result<Option<String>, Problem> {
        self.secret("alerts.relay_password_file", self.alerts.relay_password_file.as_deref())
    }

    /// Where the heartbeat goes: what stands in the file, else in the key.
    pub(crate) fn heartbeat_url(&self) -> Result<Option<String>, Problem> {
        let key = "alerts.heartbeat_url_file";
        match self.secret(key, self.alerts.heartbeat_url_file.as_deref())? {
            Some(url) if super::alerts::Url::parse(&url).is_none() => {
                let what = "its first line is not a URL beginning with \"https://\"";
                Err(self.problem(Severity::Error, key, what, "write the URL into it"))
            }
            Some(url) => Ok(Some(url)),
            None => Ok(self.alerts.heartbeat_url.as_ref().map(|url| url.as_str().to_owned())),
        }
    }

    fn secret(&self, key: &str, file: Option<&Path>) -> Result<Option<String>, Problem> {
        let Some(path) = file else { return Ok(None) };
        first_line(path).map(Some).map_err(|(what, fix)| self.problem(Severity::Error, key, what, fix))
    }

    /// The password for the relay, if one is set.
    pub(crate) fn relay_password(&self) -> Result<Option<String>, Problem> {
        let Some(path) = &self.relay.password_file else { return Ok(None) };
        let key = "relay.password_file";
        first_line(path).map(Some).map_err(|(what, fix)| self.problem(Severity::Error, key, what, fix))
    }
}

impl Config {
    /// What programs show to read the figures, if they may.
    pub(crate) fn metrics_token(&self) -> Result<Option<String>, Problem> {
        let Some(path) = &self.metrics.token_file else { return Ok(None) };
        let key = "metrics.token_file";
        first_line(path).map(Some).map_err(|(what, fix)| self.problem(Severity::Error, key, what, fix))
    }
}

/// The first line of a password file, or what is wrong with it and the fix.
pub(super) fn first_line(path: &Path) -> Result<String, (String, String)> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let what = format!("{} cannot be read: {error}", path.display());
        (
            what,
            "name a file with the password in its first line, readable to the user of the service".to_owned(),
        )
    })?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err((format!("{} has no first line", path.display()), "write the password into it".to_owned())),
    }
}

fn sqlite(rest: &str, base: &Path) -> Result<DatabaseUrl, String> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    match rest {
        "" => Err("no path follows \"sqlite:\"".to_owned()),
        ":memory:" => Err("a database in memory would be forgotten at the next stop: name a file".to_owned()),
        path => Ok(DatabaseUrl::sqlite(&base.join(path))),
    }
}

fn server(engine: Engine, scheme: &str, rest: &str) -> Result<DatabaseUrl, String> {
    let place =
        rest.strip_prefix("//").ok_or_else(|| format!("two slashes are missing after \"{scheme}:\""))?;
    let path = place.split(['?', '#']).next().unwrap_or_default().split_once('/').map(|(_, name)| name);
    if path.is_none_or(str::is_empty) {
        return Err(format!(
            "it names no database: it must end in /NAME, as in {scheme}://user@host/posthaste"
        ));
    }
    Ok(DatabaseUrl { engine, url: format!("{scheme}:{rest}") })
}

/// Percent-encodes everything that RFC 3986 §2.3 does not call unreserved.
fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<DatabaseUrl, String> {
        DatabaseUrl::read(&DeValue::String(text.into()), Path::new("/etc/posthaste"))
    }

    #[test]
    fn urls() {
        for (text, read) in [
            ("sqlite:/var/x.db", Ok("sqlite:/var/x.db")),
            ("sqlite:///var/x.db", Ok("sqlite:/var/x.db")),
            ("sqlite:x.db", Ok("sqlite:/etc/posthaste/x.db")),
            ("postgres://a@h/d", Ok("postgres://a@h/d")),
            ("postgresql://a@h/d?sslmode=require", Ok("postgres://a@h/d?sslmode=require")),
            ("mariadb://a@h:3306/d", Ok("mysql://a@h:3306/d")),
            ("mysql://a@h", Err("names no database")),
            ("mysql:h/d", Err("two slashes")),
            ("oracle://h/d", Err("\"oracle\" is no database")),
            ("sqlite:", Err("no path")),
            ("sqlite::memory:", Err("forgotten")),
            ("posthaste", Err("beginning with")),
        ] {
            match (url(text), read) {
                (Ok(got), Ok(want)) => assert_eq!(got.as_str(), want, "{text}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{text}: {got}"),
                (got, want) => panic!("{text}: {got:?}, not {want:?}"),
            }
        }
    }

    #[test]
    fn a_url_says_where_its_server_is() {
        for (text, host, port) in [
            ("postgres://a:b@db.example/x", "db.example", 5432),
            ("mysql://db.example:3307/x?a=b", "db.example", 3307),
            ("postgres://a@[::1]:99/x", "::1", 99),
            ("mysql://a@[::1]/x", "::1", 3306),
        ] {
            assert_eq!(url(text).unwrap().place(), (host.to_owned(), port), "{text}");
        }
    }

    #[test]
    fn passwords_are_encoded_and_never_shown() {
        let with = url("postgres://anne@db/lists").unwrap().with_password("p@ss/w:rd").unwrap();
        assert_eq!(with.as_str(), "postgres://anne:p%40ss%2Fw%3Ard@db/lists");
        assert_eq!(with.redacted(), "postgres://anne:***@db/lists");
        assert_eq!(format!("{with:?}"), "postgres://anne:***@db/lists");
        assert!(url("postgres://db/lists").unwrap().with_password("x").is_none());
        assert!(!url("postgres://db/lists?x=a:b@c").unwrap().has_password());
    }

    #[test]
    fn a_password_in_a_wrong_url_stays_out_of_the_message() {
        for text in ["oracle://anne:sesame@h/d", "postgres:anne:sesame@h", "mysql://anne:sesame@h"] {
            assert!(!url(text).unwrap_err().contains("sesame"), "{text}");
        }
    }
}
