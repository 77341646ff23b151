//! `posthaste dkim …`: the keys that sign.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use posthaste_auth::{Dns, Keyring, SigningKey, StoredKey, generate_rsa};

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::serve::keys_folder;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Make a key; it signs once its record is in the DNS and `enable` was said
    Generate {
        /// The domain of the lists, as in lists.example.org
        domain: String,
        /// Its name in the DNS [default: made from the date]
        #[arg(long, value_name = "WORD")]
        selector: Option<String>,
        /// Take this private key (PEM) instead of making one
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Print the DNS records of the keys, and whether the DNS has them
    Dns {
        /// Only this domain's
        domain: Option<String>,
        /// Do not ask the DNS
        #[arg(long)]
        offline: bool,
    },
    /// Let a key sign from now on; its record must be in the DNS
    Enable {
        /// Its domain
        domain: String,
        /// Its name in the DNS
        selector: String,
        /// Even if the DNS does not have it
        #[arg(long)]
        force: bool,
    },
    /// Let a key sign no more; leave its record in the DNS for a week, for mail that is under way
    Disable {
        /// Its domain
        domain: String,
        /// Its name in the DNS
        selector: String,
    },
}

pub(crate) fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let folder = keys_folder(config);
    match verb {
        Verb::Generate { domain, selector, from } => {
            generate(&folder, &domain, selector, from.as_deref(), out)
        }
        Verb::Dns { domain, offline } => super::block_on(records(config, &folder, domain, offline, out)),
        Verb::Enable { domain, selector, force } => {
            super::block_on(enable(config, &folder, &domain, &selector, force, out))
        }
        Verb::Disable { domain, selector } => {
            let key = find(&folder, &domain, &selector)?;
            if key.active {
                std::fs::rename(&key.file, key.file.with_extension("waiting"))
                    .with_context(|| format!("cannot rename {}", key.file.display()))?;
            }
            let text = format!(
                "{} signs no more once the server has read its configuration: {RELOAD}",
                key.dns_name()
            );
            out.done(&text, &serde_json::json!({ "disabled": key.dns_name() }))?;
            Ok(Exit::Done)
        }
    }
}

/// How a running server is told.
const RELOAD: &str = "systemctl reload posthaste (or SIGHUP)";

fn generate(
    folder: &Path,
    domain: &str,
    selector: Option<String>,
    from: Option<&Path>,
    out: &Out,
) -> anyhow::Result<Exit> {
    let domain = domain.to_lowercase();
    posthaste_model::check_domain(&domain).map_err(BadInput::from_error)?;
    let selector = selector.unwrap_or_else(|| {
        let date: String = super::now().to_string().chars().filter(char::is_ascii_digit).take(8).collect();
        format!("ph{date}")
    });
    posthaste_model::check_domain(&format!("{selector}.{domain}"))
        .map_err(|e| BadInput::new(format!("--selector {selector:?}: {e}")))?;
    let place = folder.join(&domain);
    let file = place.join(format!("{selector}.waiting"));
    if file.exists() || file.with_extension("pem").exists() {
        let what = format!("{domain} has a key {selector} already; name another with --selector");
        return Err(BadInput::new(what).into());
    }
    let pem = match from {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
        }
        None => generate_rsa()?,
    };
    let key = SigningKey::from_pem(pem.as_bytes()).map_err(|e| BadInput::new(format!("the key: {e}")))?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&place)
        .with_context(|| format!("cannot make {}", place.display()))?;
    let mut written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    written.write_all(pem.as_bytes())?;
    written.sync_all()?;
    give_away(folder, &place, &file);
    let key = StoredKey { domain, selector, active: false, key, file };
    let record = key.key.dns_record();
    let told = format!(
        "{} written; it does not sign yet. Put this record into the DNS:\n\n{}\n\nthen: posthaste dkim enable {} {}",
        key.file.display(),
        zone_line(&key.dns_name(), &record),
        key.domain,
        key.selector
    );
    out.done(&told, &serde_json::json!({ "file": key.file, "name": key.dns_name(), "record": record }))?;
    Ok(Exit::Done)
}

/// What root makes belongs to whom the folder above belongs to: the user that runs the server must read it.
fn give_away(folder: &Path, place: &Path, file: &Path) {
    let above = folder.parent().filter(|p| p.is_dir()).unwrap_or(folder);
    let Ok(owner) = std::fs::metadata(above) else { return };
    for path in [folder, place, file] {
        if std::fs::metadata(path).is_ok_and(|m| m.uid() != owner.uid()) {
            let _ = chown(path, Some(owner.uid()), Some(owner.gid()));
        }
    }
}

async fn records(
    config: &Config,
    folder: &Path,
    domain: Option<String>,
    offline: bool,
    out: &Out,
) -> anyhow::Result<Exit> {
    let (keyring, problems) = Keyring::open(folder);
    for problem in &problems {
        out.problem(problem)?;
    }
    let keys: Vec<_> = keyring
        .keys()
        .filter(|k| domain.as_ref().is_none_or(|d| d.eq_ignore_ascii_case(&k.domain)))
        .collect();
    if keys.is_empty() {
        let what = format!(
            "there are no keys in {}; make one with: posthaste dkim generate DOMAIN",
            folder.display()
        );
        return Err(BadInput::new(what).into());
    }
    let dns =
        if offline { None } else { Some(Dns::new(&config.dns.servers, config.authentication.deadline)?) };
    let (mut lines, mut json) = (vec![], vec![]);
    for key in keys {
        let published = match &dns {
            None => "not asked".to_owned(),
            Some(dns) => published(dns, key).await.map_or_else(|why| why, |()| "it is in the DNS".into()),
        };
        let state = if key.active { "signs" } else { "waits" };
        lines.push(format!("; {}: {state}; {published}", key.dns_name()));
        lines.push(zone_line(&key.dns_name(), &key.key.dns_record()));
        json.push(serde_json::json!({
            "name": key.dns_name(), "record": key.key.dns_record(), "signs": key.active, "dns": published,
        }));
    }
    out.value(&lines.join("\n"), &json)?;
    Ok(Exit::Done)
}

async fn enable(
    config: &Config,
    folder: &Path,
    domain: &str,
    selector: &str,
    force: bool,
    out: &Out,
) -> anyhow::Result<Exit> {
    let key = find(folder, domain, selector)?;
    if !force {
        let dns = Dns::new(&config.dns.servers, config.authentication.deadline)?;
        if let Err(why) = published(&dns, &key).await {
            let what = format!(
                "{}: {why}; mail signed with this key would look forged. See: posthaste dkim dns {domain}. Or: --force",
                key.dns_name()
            );
            return Err(BadInput::new(what).into());
        }
    }
    if !key.active {
        std::fs::rename(&key.file, key.file.with_extension("pem"))
            .with_context(|| format!("cannot rename {}", key.file.display()))?;
    }
    let text = format!("{} signs once the server has read its configuration: {RELOAD}", key.dns_name());
    out.done(&text, &serde_json::json!({ "enabled": key.dns_name() }))?;
    Ok(Exit::Done)
}

fn find(folder: &Path, domain: &str, selector: &str) -> anyhow::Result<StoredKey> {
    let (keyring, _) = Keyring::open(folder);
    keyring.into_keys().find(|k| k.domain.eq_ignore_ascii_case(domain) && k.selector == selector).ok_or_else(
        || BadInput::new(format!("{domain} has no key {selector}; see: posthaste dkim dns")).into(),
    )
}

/// Whether the DNS has the record of this key; else why not.
async fn published(dns: &Dns, key: &StoredKey) -> Result<(), String> {
    let texts = dns.txt(&key.dns_name()).await.map_err(|e| e.to_string())?;
    let public = |text: &str| -> Option<String> {
        let (_, rest) = text.split_once("p=")?;
        Some(rest.split(';').next()?.split_whitespace().collect())
    };
    let wanted = public(&key.key.dns_record());
    match texts.iter().map(|text| public(text)).collect::<Vec<_>>().as_slice() {
        [] => Err("it is not in the DNS".into()),
        found if found.contains(&wanted) => Ok(()),
        _ => Err("the DNS has another key there".into()),
    }
}

/// A line of a zone file; a string there holds 255 octets at most (RFC 1035 §3.3.14).
fn zone_line(name: &str, record: &str) -> String {
    let mut strings = vec![];
    let mut rest = record;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(250));
        strings.push(format!("\"{piece}\""));
        rest = after;
    }
    format!("{name}. IN TXT ( {} )", strings.join("\n    "))
}
