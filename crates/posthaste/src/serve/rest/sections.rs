//! The configuration as clients of Mailman ask for it: its sections and keys, filled with what they mean here.

use posthaste_rest::{Section, Settings};

use crate::config::{Config, Listen};

/// Sections that clients expect to be there and that mean nothing here.
const WITHOUT_KEYS: [&str; 21] = [
    "logging.archiver",
    "logging.bounce",
    "logging.config",
    "logging.database",
    "logging.debug",
    "logging.error",
    "logging.fromusenet",
    "logging.http",
    "logging.locks",
    "logging.mischief",
    "logging.plugins",
    "logging.root",
    "logging.runner",
    "logging.smtp",
    "logging.subscribe",
    "logging.task",
    "logging.vette",
    "paths.dev",
    "paths.fhs",
    "paths.local",
    "plugin.master",
];

const RUNNERS: [&str; 15] = [
    "archive", "bad", "bounces", "command", "digest", "in", "lmtp", "nntp", "out", "pipeline", "rest",
    "retry", "shunt", "task", "virgin",
];

/// Codes and names of languages that clients may choose.
const LANGUAGES: [(&str, &str); 39] = [
    ("ar", "Arabic"),
    ("ast", "Asturian"),
    ("bg", "Bulgarian"),
    ("ca", "Catalan"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English (USA)"),
    ("es", "Spanish (Spain)"),
    ("et", "Estonian"),
    ("eu", "Euskara"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("gl", "Galician"),
    ("he", "Hebrew"),
    ("hr", "Croatian"),
    ("hu", "Hungarian"),
    ("ia", "Interlingua"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("lt", "Lithuanian"),
    ("nl", "Dutch"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("pt_BR", "Portuguese (Brazil)"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sk", "Slovak"),
    ("sl", "Slovenian"),
    ("sr", "Serbian"),
    ("sv", "Swedish"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("vi", "Vietnamese"),
    ("zh_CN", "Chinese"),
    ("zh_TW", "Chinese (Taiwan)"),
];

/// Every section.
pub(super) fn all(config: &Config, settings: &Settings) -> Vec<Section> {
    let mut all: Vec<_> = WITHOUT_KEYS.iter().map(|name| section(name, vec![])).collect();
    for name in ["ARC", "antispam", "bounces", "digests", "dmarc", "nntp", "shell"] {
        all.push(section(name, vec![]));
    }
    for name in RUNNERS {
        let keys = vec![("instances", "1".to_owned()), ("start", "yes".to_owned())];
        all.push(section(&format!("runner.{name}"), keys));
    }
    for (code, name) in LANGUAGES {
        let keys = vec![
            ("charset", "utf-8".to_owned()),
            ("description", name.to_owned()),
            ("enabled", "yes".to_owned()),
        ];
        all.push(section(&format!("language.{code}"), keys));
    }
    all.push(section("archiver.master", vec![]));
    for name in ["mail_archive", "mhonarc", "prototype"] {
        let on = settings.archivers.iter().any(|archiver| archiver.replace('-', "_") == name);
        all.push(section(&format!("archiver.{name}"), vec![("enable", yes(on))]));
    }
    if settings.archivers.iter().any(|archiver| archiver == "hyperkitty") {
        all.push(section("archiver.hyperkitty", vec![("enable", yes(true))]));
    }
    let engine = config.database.url.as_ref().map_or("sqlite", |url| match url.engine {
        crate::config::Engine::Sqlite => "sqlite",
        crate::config::Engine::Postgres => "postgresql",
        crate::config::Engine::Mysql => "mysql",
    });
    all.push(section("database", vec![("class", engine.to_owned())]));
    all.push(section("paths.here", vec![("var_dir", config.paths.state.display().to_string())]));
    all.push(section("passwords", vec![("password_length", "8".to_owned())]));
    all.push(section("styles", vec![("default", "legacy-default".to_owned())]));
    all.push(devmode());
    all.push(mailman(config));
    all.push(mta(config));
    all.push(webservice(config, settings));
    all
}

fn devmode() -> Section {
    let keys = vec![("enabled", yes(false)), ("recipient", String::new()), ("testing", yes(false))];
    section("devmode", keys)
}

fn mailman(config: &Config) -> Section {
    let owner = config.site.owner.as_ref().map(ToString::to_string).unwrap_or_default();
    section(
        "mailman",
        vec![
            ("anonymous_list_keep_headers", "^list- mime-version content- subject to cc date".to_owned()),
            ("cache_life", "7d".to_owned()),
            ("check_max_size_on_filtered_message", yes(config.content.limit_after_filter)),
            ("default_language", config.site.default_language.as_str().to_owned()),
            ("email_commands_max_lines", config.rules.command_lines.to_string()),
            ("filter_report", yes(config.content.filter_report)),
            ("filtered_messages_are_preservable", yes(config.content.preserve_filtered)),
            ("hold_digest", yes(config.rules.hold_digests)),
            ("html_to_plain_text_command", String::new()),
            ("layout", "here".to_owned()),
            ("listname_chars", "[-_.0-9a-z]".to_owned()),
            ("masthead_threshold", "4".to_owned()),
            ("moderator_request_life", "180d".to_owned()),
            ("noreply_address", "noreply".to_owned()),
            ("pending_request_life", "3d".to_owned()),
            ("post_hook", String::new()),
            ("pre_hook", String::new()),
            ("run_tasks_every", "1h".to_owned()),
            ("sender_headers", "from from_ reply-to sender".to_owned()),
            ("site_owner", owner),
        ],
    )
}

fn mta(config: &Config) -> Section {
    let (host, port) = match &config.lmtp.listen {
        Listen::Tcp(address) => (address.ip().to_string(), address.port().to_string()),
        Listen::Unix(path) => (format!("unix:{}", path.display()), String::new()),
    };
    section(
        "mta",
        vec![
            ("smtp_host", config.relay.host.as_str().to_owned()),
            ("smtp_port", config.relay.port.to_string()),
            ("lmtp_host", host),
            ("lmtp_port", port),
            ("max_recipients", config.relay.max_recipients.to_string()),
            ("remove_dkim_headers", yes(config.authentication.remove_dkim_headers)),
        ],
    )
}

/// Without the password.
fn webservice(config: &Config, settings: &Settings) -> Section {
    let (scheme, rest) = settings.base.split_once("://").unwrap_or(("http", &settings.base));
    let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
    section(
        "webservice",
        vec![
            ("hostname", host.to_owned()),
            ("port", port.to_owned()),
            ("use_https", yes(scheme == "https")),
            ("admin_user", config.rest.user.clone()),
            ("api_version", "3.1".to_owned()),
        ],
    )
}

fn section(name: &str, keys: Vec<(&str, String)>) -> Section {
    let keys = keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Section { name: name.to_owned(), keys }
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}
