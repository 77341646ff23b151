use std::path::{Path, PathBuf};
use std::time::Duration;

use posthaste_model::Address;
use toml::de::DeValue;

use super::database::first_line;
use super::key::section;
use super::relay::{Host, Tls};
use super::value::{Value, choice, quoted, wrong};
use super::{Config, Problem, Severity};

section! {
    /// Who is told when list mail is in trouble, past our own queue. People stand in `[[contact]]` below; without any,
    /// `site.owner` is told by mail.
    Alerts in "alerts" {
        /// The address alerts come from. Unset: `posthaste-alerts` at the name of this machine.
        live from: Option<Address> = None, example "\"alerts@example.org\"";
        /// The mail server that takes alerts, if it is another than that of `[relay]`: one that does not break with it.
        /// Unset: that of `[relay]`, over connections of its own.
        live relay_host: Option<Host> = None, example "\"mx2.example.org\"";
        /// Its port.
        live relay_port: u16 = 25;
        /// How the connection to it is protected: as `relay.tls`.
        live relay_tls: Tls = Tls::None;
        /// Log in there as this user. Unset: no login.
        live relay_user: Option<String> = None, example "\"posthaste\"";
        /// A file whose first line is that user's password. Unset: no login.
        live relay_password_file: Option<PathBuf> = None, example "\"/etc/posthaste/alerts.password\"";
        /// Who runs this service, as it stands in messages. Unset: `site.owner`.
        live owner: Option<String> = None, example "\"Collaboration Services\"";
        /// A URL that is asked for as long as the canary comes back (without a canary: as long as mail flows), so that a
        /// service outside notices when it is not any more. Unset: nobody outside does.
        live heartbeat_url: Option<Url> = None, example "\"https://hc.example.net/ping/3f0c\"";
        /// A file whose first line is that URL, for it is a secret. Unset: there is no such file.
        live heartbeat_url_file: Option<PathBuf> = None, example "\"/etc/posthaste/heartbeat.url\"";
        /// How often it is asked for.
        live heartbeat_interval: Duration = Duration::from_mins(1);
        /// A page that nobody acknowledges goes to contacts of step 2 after this.
        live second_after: Duration = Duration::from_mins(10);
        /// To everyone, and to the owner of what is suspected, after this.
        live everyone_after: Duration = Duration::from_mins(30);
        /// The public status page says so after this.
        live public_after: Duration = Duration::from_hours(1);
        /// Then everyone is told again, this often.
        live repeat: Duration = Duration::from_hours(1);
        /// An acknowledgement is good for so long.
        live ack_expires: Duration = Duration::from_hours(4);
        /// The domain whose mail comes to us, for answers that acknowledge. Unset: an answer by mail does nothing.
        live reply_domain: Option<Host> = None, example "\"lists.example.org\"";
        /// On which day every way to everybody is tried, at ten o'clock UTC; `never` leaves that to you.
        live self_test: Day = Day::Monday;
    }
}

choice! {
    /// A day of the week.
    Day {
        /// Sunday.
        Sunday = "sunday",
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Not at all.
        Never = "never",
    }
}

impl Day {
    /// 0 for Sunday; `None` for never.
    pub(crate) fn number(self) -> Option<u8> {
        (self != Self::Never).then_some(self as u8)
    }
}

/// An http or https URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url(String);

impl Url {
    /// As written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads it, as it stands in a file of its own.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"<>\\".contains(c));
        (clean && !host.is_empty()).then(|| Self(text.to_owned()))
    }
}

impl Value for Url {
    fn kind() -> String {
        "a URL beginning with \"https://\"".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        value.as_str().and_then(Self::parse).ok_or_else(|| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

impl Config {
    /// What is wrong with `[alerts]` and the contacts beyond their text.
    pub(super) fn check_alerts(&self, problems: &mut Vec<Problem>) {
        let at = |severity, key: &str, what: String, fix: &str| self.problem(severity, key, what, fix);
        let alerts = &self.alerts;
        for (key, file) in [
            ("alerts.relay_password_file", &alerts.relay_password_file),
            ("alerts.heartbeat_url_file", &alerts.heartbeat_url_file),
        ] {
            if let Some(Err((what, fix))) = file.as_deref().map(first_line) {
                problems.push(at(Severity::Error, key, what, &fix));
            }
        }
        let mut names = Vec::new();
        for contact in &self.contacts {
            let name = contact.name.as_deref().unwrap_or_default();
            if name.is_empty() {
                let what = "a contact has no name".to_owned();
                problems.push(at(Severity::Error, "contact.name", what, "write name = \"Anne\" into it"));
            } else if names.contains(&name.to_lowercase()) {
                let what = format!("two contacts are called {name}");
                problems.push(at(Severity::Error, "contact.name", what, "give each a name of its own"));
            }
            names.push(name.to_lowercase());
            problems.extend(contact.problems().into_iter().map(|(key, what, fix)| {
                at(Severity::Error, &format!("contact.{key}"), format!("{name}: {what}"), &fix)
            }));
        }
        self.advise_alerts(problems);
    }

    /// What would leave people untold.
    fn advise_alerts(&self, problems: &mut Vec<Problem>) {
        let mut warn = |key: &str, what: &str, fix: &str| {
            problems.push(self.problem(Severity::Warning, key, what, fix));
        };
        if self.origin.file.as_os_str().is_empty() || self.contacts.is_empty() {
            // Nothing was asked for; `posthaste alerts ls` tells what there is.
            return;
        }
        if self.canary.address.is_none() {
            warn(
                "canary.address",
                "without a canary nobody knows that mail goes round until posts have waited for five minutes",
                "set address in [canary]",
            );
        }
        let hooks = self.contacts.iter().any(|c| c.webhook.is_some() || c.webhook_file.is_some());
        if self.alerts.relay_host.is_none() && !hooks {
            warn(
                "alerts.relay_host",
                "alerts go by the same mail server as list mail, and break with it",
                "set another relay_host, or give a contact a webhook",
            );
        }
        if self.alerts.heartbeat_url.is_none() && self.alerts.heartbeat_url_file.is_none() {
            warn(
                "alerts.heartbeat_url",
                "nobody outside this machine notices when it is gone as a whole",
                "set heartbeat_url to a dead-man's switch (docs/operate/alerts.md)",
            );
        }
    }
}
