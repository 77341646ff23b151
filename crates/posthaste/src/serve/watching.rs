//! What the watch is shown of this server.

use std::sync::{Arc, Mutex, PoisonError};

use posthaste_watch::{Needed, Settings};

use super::reload;
use crate::config::Config;

/// The configuration in force; a reload replaces it.
pub(super) type Shared = Arc<Mutex<Arc<Config>>>;
/// Why the last reload was refused, if it was.
pub(super) type Refused = Arc<Mutex<Option<String>>>;

/// Tells what the configuration in force, and the last try to change it, say. `database`: what people call it.
pub(super) fn settings(
    config: &Shared,
    refused: &Refused,
    database: &str,
) -> Box<dyn Fn() -> Settings + Send + Sync> {
    let (config, refused, database) = (config.clone(), refused.clone(), database.to_owned());
    Box::new(move || {
        let config = config.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Settings {
            hostname: reload::hostname(&config),
            config_file: config.origin.file.display().to_string(),
            config_error: refused.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            dependencies: needed(&config, &database),
        }
    })
}

/// What this server needs of others.
fn needed(config: &Config, database: &str) -> Vec<Needed> {
    let owners = &config.depends;
    let needed = |name: &str, address: String, owner: &Option<String>| Needed {
        name: name.to_owned(),
        address,
        owner: owner.clone(),
    };
    let relay = format!("{}:{}", config.relay.host.as_str(), config.relay.port);
    let mut all = vec![
        needed("database", database.to_owned(), &owners.database_owner),
        needed("relay", relay, &owners.relay_owner),
    ];
    // A relay given by its number needs no name server.
    if config.relay.host.as_str().parse::<std::net::IpAddr>().is_err() {
        let servers: Vec<_> = config.dns.servers.iter().map(ToString::to_string).collect();
        let address = if servers.is_empty() { "the system's".to_owned() } else { servers.join(", ") };
        all.push(needed("dns", address, &owners.dns_owner));
    }
    all
}
