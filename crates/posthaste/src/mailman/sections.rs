//! The configuration under the names Mailman's has: those of its keys that mean something here.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::{Config, Listen};

/// Sections with their keys and values, sorted.
pub(super) fn sections(config: &Config, file: &Path) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut all = Sections::default();
    let state = &config.paths.state;
    let path = |path: &Path| path.display().to_string();
    all.add(
        "mailman",
        [
            ("site_owner", config.site.owner.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("default_language", config.site.default_language.as_str().to_owned()),
            ("noreply_address", "noreply".to_owned()),
            ("layout", "here".to_owned()),
            ("listname_chars", "[-_.0-9a-z]".to_owned()),
            ("pending_request_life", "3d".to_owned()),
            ("moderator_request_life", "180d".to_owned()),
            ("cache_life", "1h".to_owned()),
            ("email_commands_max_lines", config.rules.command_lines.to_string()),
            ("hold_digest", yes(config.rules.hold_digests)),
            ("masthead_threshold", config.rules.digest_lines.to_string()),
            ("filter_report", yes(config.content.filter_report)),
            ("filtered_messages_are_preservable", yes(config.content.preserve_filtered)),
            ("check_max_size_on_filtered_message", yes(config.content.limit_after_filter)),
        ],
    );
    let (lmtp_host, lmtp_port) = host_and_port(&config.lmtp.listen);
    all.add(
        "mta",
        [
            ("smtp_host", config.relay.host.as_str().to_owned()),
            ("smtp_port", config.relay.port.to_string()),
            ("smtp_user", config.relay.user.clone().unwrap_or_default()),
            ("smtp_secure_mode", config.relay.tls.as_str().to_owned()),
            ("lmtp_host", lmtp_host),
            ("lmtp_port", lmtp_port),
            ("max_recipients", config.relay.max_recipients.to_string()),
            ("max_autoresponses_per_day", "10".to_owned()),
            ("verp_confirmations", "yes".to_owned()),
            ("verp_personalized_deliveries", "yes".to_owned()),
            ("verp_probes", "yes".to_owned()),
            ("verp_delivery_interval", config.rules.verp_interval.unwrap_or_default().to_string()),
            ("remove_dkim_headers", "no".to_owned()),
        ],
    );
    all.add("antispam", [("jump_chain", config.rules.header_action.as_str().to_owned())]);
    let url = config.database_url().map(|url| url.as_str().to_owned()).unwrap_or_default();
    all.add("database", [("url", url)]);
    all.add("devmode", [("enabled", "no".to_owned()), ("testing", "no".to_owned())]);
    let (rest_host, rest_port) = config.rest.listen.as_ref().map(host_and_port).unwrap_or_default();
    all.add(
        "webservice",
        [
            ("hostname", rest_host),
            ("port", rest_port),
            ("use_https", "no".to_owned()),
            ("admin_user", config.rest.user.clone()),
            ("api_version", "3.1".to_owned()),
        ],
    );
    let templates = config.paths.templates.clone().unwrap_or_else(|| state.join("templates"));
    all.add(
        "paths.here",
        [
            ("var_dir", path(state)),
            ("queue_dir", path(&state.join("spool"))),
            ("template_dir", path(&templates)),
            ("pid_file", path(&crate::control::pid_file(state))),
            ("cfg_file", path(file)),
        ],
    );
    all.add("styles", [("default", "legacy-default".to_owned())]);
    let news = &config.news;
    all.add(
        "nntp",
        [
            ("host", news.host.as_ref().map(|host| host.as_str().to_owned()).unwrap_or_default()),
            ("port", news.port.to_string()),
            ("user", news.user.clone().unwrap_or_default()),
        ],
    );
    let from = &config.archivers;
    for (name, on) in [
        ("hyperkitty", from.hyperkitty_url.is_some()),
        ("mail_archive", from.mail_archive),
        ("mbox", from.mbox.is_some()),
        ("prototype", from.maildir.is_some()),
    ] {
        all.add(&format!("archiver.{name}"), [("enable", yes(on))]);
    }
    all.0
}

/// True if nobody should read the value of this key over somebody's shoulder.
pub(super) fn is_secret(key: &str) -> bool {
    key.contains("pass") || key.contains("secret")
}

/// A URL without the password in it; anything else as it is.
pub(super) fn without_password(text: &str) -> String {
    let hidden = text.split_once("://").and_then(|(scheme, rest)| {
        let (login, place) = rest.split_once('@')?;
        let (user, _) = login.split_once(':')?;
        (!login.contains('/')).then(|| format!("{scheme}://{user}:***@{place}"))
    });
    hidden.unwrap_or_else(|| text.to_owned())
}

/// Where a socket is, as Mailman tells it; a socket in the file system has no port.
pub(super) fn host_and_port(listen: &Listen) -> (String, String) {
    match listen {
        Listen::Tcp(address) => (address.ip().to_string(), address.port().to_string()),
        Listen::Unix(path) => (format!("unix:{}", path.display()), String::new()),
    }
}

fn yes(on: bool) -> String {
    if on { "yes" } else { "no" }.to_owned()
}

#[derive(Default)]
struct Sections(BTreeMap<String, BTreeMap<String, String>>);

impl Sections {
    fn add<const N: usize>(&mut self, section: &str, keys: [(&str, String); N]) {
        let keys = keys.into_iter().map(|(key, value)| (key.to_owned(), value));
        self.0.entry(section.to_owned()).or_default().extend(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_stay_hidden() {
        for (url, shown) in [
            ("postgres://me:secret@db.example/posthaste", "postgres://me:***@db.example/posthaste"),
            ("mysql://me@db.example/x", "mysql://me@db.example/x"),
            ("sqlite:/var/lib/posthaste.db", "sqlite:/var/lib/posthaste.db"),
            ("http://localhost:8001/a@b", "http://localhost:8001/a@b"),
        ] {
            assert_eq!(without_password(url), shown);
        }
        assert!(is_secret("admin_pass") && !is_secret("admin_user"));
    }

    #[test]
    fn sections_have_values() {
        let all = sections(&Config::default(), Path::new("/etc/posthaste.toml"));
        let get = |section: &str, key: &str| all.get(section).and_then(|keys| keys.get(key)).cloned();
        assert_eq!(get("mta", "lmtp_port").as_deref(), Some("8024"));
        assert_eq!(get("mta", "smtp_host").as_deref(), Some("127.0.0.1"));
        assert_eq!(get("paths.here", "var_dir").as_deref(), Some("/var/lib/posthaste"));
        assert_eq!(get("mailman", "nonsense"), None);
    }
}
