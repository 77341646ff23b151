//! What the rooms are told of the configuration, at the start and at each SIGHUP.

use std::sync::{Arc, PoisonError};

use posthaste_lists::facts::{ContentFacts, HeaderCheck, SiteRules};
use posthaste_lists::moderation::ModeratorLinks;
use posthaste_lists::subscription::{MembershipSite, Secret};
use posthaste_lists::{BounceSite, CommandSite, OneClick, Seal, Site};
use posthaste_smtp::client::{Login, Relay, Tls};
use posthaste_smtp::server::{self, Limits, Protocol};

use posthaste_watch::{
    ENABLE, Keys, MODERATE_BY_LINK, MODERATE_BY_MAIL, ONE_CLICK, moderate_tag, moderate_token,
    one_click_token, one_click_verify,
};

use super::Server;
use crate::cli::output::BadInput;
use crate::config::{self, Config, Severity, reloadable_diff};

/// The name this host gives itself.
pub(crate) fn hostname(config: &Config) -> String {
    if let Some(helo) = &config.relay.helo {
        return helo.as_str().to_owned();
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.contains('.') { name } else { format!("{name}.localdomain") }
}

pub(crate) fn site(config: &Config) -> Site {
    Site {
        owner: config.site.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
        hostname: hostname(config),
        default_language: config.site.default_language.as_str().to_owned(),
        // No page answers there yet, so no mail may promise one.
        base_url: None,
        membership: membership(config),
        content: ContentFacts {
            report: config.content.filter_report,
            preserve: config.content.preserve_filtered,
            limit_filtered: config.content.limit_after_filter,
        },
        one_click: page(config, "leave/", ONE_CLICK),
        audit_keep: (!config.audit.keep.is_zero()).then_some(config.audit.keep),
        commands: CommandSite { lines: config.commands.lines, answers: config.commands.answers as u64 },
        bounces: bounces(config),
        moderating: moderating(config),
        rules: Arc::new(rules(config)),
        auth: super::authenticity::authenticity(config),
    }
}

/// What the configuration says on rules.
pub(crate) fn rules(config: &Config) -> SiteRules {
    let from = &config.rules;
    let check = |(position, (header, pattern))| HeaderCheck {
        name: format!("header-match-config-{}", position + 1),
        of: "site",
        header,
        pattern,
        action: from.header_action.into(),
    };
    SiteRules {
        header_checks: from.header_checks.checks().enumerate().map(check).collect(),
        header_action: from.header_action.into(),
        hold_digests: from.hold_digests,
        digest_lines: from.digest_lines,
        command_lines: from.command_lines,
        verp_interval: from.verp_interval.unwrap_or_default() as u64,
    }
}

/// Where members leave with one click, or do what else is theirs to do: only pages that are served, and by https (RFC 8058
/// §3.1), may be named in mail.
fn page(config: &Config, path: &str, purpose: &str) -> Option<OneClick> {
    let base = config.web.base_url.as_ref().filter(|_| config.web.listen.is_some())?;
    let base = base.as_str().strip_prefix("https://").map(|rest| format!("https://{rest}{path}"))?;
    let key = match Keys::open(&config.paths.state) {
        Ok(keys) => keys.key(purpose),
        Err(error) => {
            tracing::error!(%error, "mail goes out without addresses to leave by one click");
            return None;
        }
    };
    let (prefix, checks) = (base.clone(), key.clone());
    let made = OneClick::new(move |list, member| format!("{base}{}", one_click_token(&key, list, member)));
    Some(made.read_by(move |url| one_click_verify(&checks, url.strip_prefix(&prefix)?)))
}

/// What failures of members are known by.
fn bounces(config: &Config) -> BounceSite {
    let seal = match Keys::open(&config.paths.state) {
        Ok(keys) => {
            let key = keys.key("bounces");
            Some(Seal::new(move |parts| key.tag(parts)))
        }
        Err(error) => {
            tracing::error!(%error, "senders of copies are not signed, and no probes are sent");
            None
        }
    };
    BounceSite {
        seal,
        sign_senders: config.bounces.sign_senders,
        always_probe: config.bounces.always_probe,
        enable: page(config, "enable/", ENABLE),
    }
}

/// What stands in moderators' notices: where an answer decides, and links if pages are served.
fn moderating(config: &Config) -> Option<ModeratorLinks> {
    let keys = match Keys::open(&config.paths.state) {
        Ok(keys) => keys,
        Err(error) => {
            tracing::error!(%error, "moderators cannot decide by mail or by link");
            return None;
        }
    };
    let by_mail = keys.key(MODERATE_BY_MAIL);
    let links = ModeratorLinks::new(move |list, number, who| moderate_tag(&by_mail, list, number, who));
    let Some(base) = config.web.base_url.as_ref().filter(|_| config.web.listen.is_some()) else {
        return Some(links);
    };
    let (base, by_link) = (base.as_str().trim_end_matches('/').to_owned(), keys.key(MODERATE_BY_LINK));
    Some(links.with_page(move |list, number, who| {
        format!("{base}/m/{}", moderate_token(&by_link, list, number, who))
    }))
}

/// What it takes to ask people whether they want to join or leave.
fn membership(config: &Config) -> MembershipSite {
    let key = Keys::open(&config.paths.state).map(|keys| keys.key("membership requests"));
    let secret = match key {
        Ok(key) => Some(Secret::new(move |parts| key.tag(parts))),
        Err(error) => {
            tracing::error!(%error, "a request that is worked on twice gets two tokens");
            None
        }
    };
    let served = config.web.base_url.as_ref().filter(|_| config.web.listen.is_some());
    MembershipSite { secret, pages: served.map(|url| url.as_str().trim_end_matches('/').to_owned()) }
}

pub(crate) fn relay(config: &Config) -> anyhow::Result<Relay> {
    let from = &config.relay;
    let password = config.relay_password().map_err(|problem| BadInput::problems(&[problem]))?;
    let login = match (&from.user, password) {
        (Some(user), Some(password)) => Some(Login { user: user.clone(), password }),
        _ => None,
    };
    let mut relay = Relay::new(from.host.as_str(), from.port, hostname(config));
    relay.tls = tls(from.tls);
    relay.verify = from.verify.unwrap_or(!from.host.is_loopback());
    relay.ca_file.clone_from(&from.ca_file);
    relay.login = login;
    relay.max_connections = from.max_connections;
    relay.dns_servers.clone_from(&config.dns.servers);
    Ok(relay)
}

/// The words of the configuration for it.
pub(crate) fn tls(from: config::Tls) -> Tls {
    match from {
        config::Tls::None => Tls::None,
        config::Tls::StartTls => Tls::StartTls,
        config::Tls::Smtps => Tls::Smtps,
    }
}

pub(crate) fn spool_options(config: &Config) -> posthaste_spool::Options {
    posthaste_spool::Options {
        reserve: config.spool.reserve.map(config::Size::bytes),
        max_message: config.limits.message_size.bytes(),
        weigh: posthaste_lists::delivery::waiting_recipients,
        ..posthaste_spool::Options::default()
    }
}

pub(crate) fn door(config: &Config, protocol: Protocol) -> server::Options {
    server::Options {
        protocol,
        hostname: hostname(config),
        limits: Limits {
            message_size: usize::try_from(config.limits.message_size.bytes()).unwrap_or(usize::MAX),
            recipients: config.limits.recipients,
            connections: config.limits.connections,
            idle: config.limits.idle_time,
            session: config.limits.session_time,
            ..Limits::default()
        },
    }
}

impl Server {
    /// Reads the file again. A bad one changes nothing; why stands in the log and in `posthaste status`.
    pub(crate) fn reload(&self) {
        let outcome = self.try_reload();
        match &outcome {
            Ok(restart) if restart.is_empty() => tracing::info!("configuration read again"),
            Ok(restart) => {
                tracing::warn!(
                    keys = restart.join(" "),
                    "configuration read again; these keys need a restart"
                );
            }
            Err(error) => {
                tracing::error!("the new configuration is refused, the old one stays in force: {error}");
            }
        }
        *self.config_error.lock().unwrap_or_else(PoisonError::into_inner) = outcome.err();
    }

    fn try_reload(&self) -> Result<Vec<String>, String> {
        let lines = |problems: &[config::Problem]| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let new = Config::load(self.file()).map_err(|p| lines(&p))?;
        let errors: Vec<_> = new.check().into_iter().filter(|p| p.severity == Severity::Error).collect();
        if !errors.is_empty() {
            return Err(lines(&errors));
        }
        let relay = relay(&new).map_err(|e| e.to_string())?;
        let alerts = super::alerting::setup(&new, &self.clock).map_err(|e| e.to_string())?;
        let mut restart = reloadable_diff(&self.config(), &new);
        if new.relay.max_connections > self.workers {
            restart.push(format!("relay.max_connections (above {} only)", self.workers));
        }
        self.pool.reconfigure(relay);
        self.alerts.reconfigure(alerts);
        self.outgoing.set_max_recipients(new.relay.max_recipients);
        // Pages that are only served after a restart are not named in mail before it.
        let mut served = new.clone();
        if !self.pages.are_served() {
            served.web.listen = None;
        }
        self.site.set(site(&served));
        self.rest.reload(&new);
        self.log.set(new.log.level);
        self.forget_maps();
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(restart)
    }
}
