use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::Config;
use super::key::{Change, Key, Section};

/// The value of a key, and what a change of it takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// As TOML; of a key that may hold a secret only what tells it from another.
    pub(crate) value: String,
    /// True if a change takes a restart.
    pub(crate) restart: bool,
}

/// Keys whose values are not shown.
const SECRET: [&str; 2] = ["database.url", "contact.webhook"];

/// The value of every key, those of contacts under `contact.NAME.key`.
pub(crate) fn settings(config: &Config) -> BTreeMap<String, Setting> {
    let once = config.sections().into_iter().flat_map(|section| named(section.keys(), None));
    let contacts = config.contacts.iter().enumerate().flat_map(|(number, contact)| {
        let name = contact.name.clone().unwrap_or_else(|| number.to_string());
        named(contact.keys(), Some(&name))
    });
    once.chain(contacts).collect()
}

/// What is in force in a server that began with `began` and read `config` last.
pub(crate) fn settings_in_force(began: &Config, config: &Config) -> BTreeMap<String, Setting> {
    let mut all = settings(config);
    for (key, setting) in settings(began).into_iter().filter(|(_, setting)| setting.restart) {
        all.insert(key, setting);
    }
    all
}

fn named(keys: Vec<Key>, contact: Option<&str>) -> Vec<(String, Setting)> {
    let one = |key: Key| {
        let full = key.full();
        let value = key.default.clone().unwrap_or_else(|| "unset".to_owned());
        let value =
            if SECRET.contains(&full.as_str()) && key.default.is_some() { hidden(&value) } else { value };
        let full = contact.map_or(full, |contact| format!("contact.{contact}.{}", key.name));
        (full, Setting { value, restart: key.change == Change::Restart })
    };
    keys.into_iter().map(one).collect()
}

fn hidden(value: &str) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("hidden ({:08x})", hasher.finish() as u32)
}

/// The keys (`section.key`) that differ between two configurations and take effect only after a restart. All others
/// that differ take effect at a reload.
pub(crate) fn reloadable_diff(old: &Config, new: &Config) -> Vec<String> {
    changed(old, new).filter(|(_, change)| *change == Change::Restart).map(|(key, _)| key).collect()
}

/// The keys that differ, in the order of the reference.
fn changed(old: &Config, new: &Config) -> impl Iterator<Item = (String, Change)> {
    let keys = |config: &Config| -> Vec<_> { config.sections().iter().flat_map(|s| s.keys()).collect() };
    keys(old)
        .into_iter()
        .zip(keys(new))
        .filter(|(old, new)| old.default != new.default)
        .map(|(_, new)| (new.full(), new.change))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn config(text: &str) -> Config {
        Config::parse(text, Path::new("posthaste.toml")).unwrap()
    }

    #[test]
    fn says_what_needs_a_restart() {
        let plain = config("");
        for (text, restart) in [
            ("", ""),
            ("[site]\nowner = \"a@example.org\"", ""),
            ("[relay]\nhost = \"mx.example.org\"\ntls = \"starttls\"\nmax_connections = 3", ""),
            ("[dns]\nservers = [\"127.0.0.1:53\"]", ""),
            ("[log]\nlevel = \"debug\"", ""),
            ("[limits]\nmessage_size = \"1MiB\"", "limits.message_size"),
            ("[log]\nformat = \"json\"", "log.format"),
            ("[paths]\nstate = \"/srv/posthaste\"", "paths.state"),
            ("[database]\nurl = \"sqlite:/x.db\"", "database.url"),
            (
                "[smtp]\nlisten = \"127.0.0.1:26\"\n[lmtp]\nlisten = \"unix:/run/p\"",
                "lmtp.listen smtp.listen",
            ),
            ("[spool]\nreserve = \"1GiB\"", "spool.reserve"),
            ("[relay]\nport = 26\n[rest]\nlisten = \"127.0.0.1:8001\"", "rest.listen"),
        ] {
            assert_eq!(reloadable_diff(&plain, &config(text)).join(" "), restart, "{text}");
            assert_eq!(reloadable_diff(&config(text), &plain).join(" "), restart, "back from {text}");
        }
    }

    #[test]
    fn what_is_in_force_is_what_was_read_last_but_for_what_takes_a_restart() {
        let began = config("[log]\nlevel = \"info\"\n[lmtp]\nlisten = \"unix:/run/a\"");
        let read = config("[log]\nlevel = \"debug\"\n[lmtp]\nlisten = \"unix:/run/b\"");
        let in_force = settings_in_force(&began, &read);
        assert_eq!(in_force["log.level"].value, "\"debug\"");
        assert_eq!(in_force["lmtp.listen"].value, "\"unix:/run/a\"");
        assert_ne!(in_force, settings(&read));
        assert_eq!(settings_in_force(&read, &read), settings(&read));
    }

    #[test]
    fn secrets_are_told_apart_and_not_shown() {
        let text = |secret: &str| {
            format!(
                "[database]\nurl = \"postgres://u:{secret}@db.example.org/p\"\n\
                     [[contact]]\nname = \"Anne\"\nwebhook = \"https://x.example/{secret}\""
            )
        };
        let (a, b) = (settings(&config(&text("sesame"))), settings(&config(&text("mustard"))));
        for key in ["database.url", "contact.Anne.webhook"] {
            assert_ne!(a[key], b[key]);
            assert!(!format!("{a:?}{b:?}").contains("sesame"), "{a:?}");
        }
        assert_eq!(a["contact.Anne.step"].value, "1");
    }

    #[test]
    fn where_a_key_stands_does_not_matter() {
        let a = config("[relay]\nport = 26");
        let b = config("\n\n# moved\n[relay]\nport = 26");
        assert_eq!(changed(&a, &b).count(), 0);
    }
}
