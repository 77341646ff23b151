//! SPF, DKIM, ARC and DMARC, as the configuration wants them.

use std::path::PathBuf;
use std::sync::Arc;

use posthaste_auth::{Checker, Dns, Keyring};
use posthaste_lists::Authenticity;

use super::hostname;
use crate::config::Config;

/// The folder of the keys that sign.
pub(crate) fn keys_folder(config: &Config) -> PathBuf {
    config.dkim.keys.clone().unwrap_or_else(|| config.paths.state.join("dkim"))
}

/// The keys that sign; what cannot be read is left out.
pub(crate) fn keyring(config: &Config) -> Keyring {
    Keyring::open(&keys_folder(config)).0
}

/// What lists are told. Trouble is logged: mail goes out unsigned rather than not at all.
pub(crate) fn authenticity(config: &Config) -> Authenticity {
    let (keyring, problems) = Keyring::open(&keys_folder(config));
    for problem in problems {
        tracing::error!("a DKIM key cannot be used; its mail goes unsigned: {problem}");
    }
    let from = &config.authentication;
    let name = from.authserv_id.clone().unwrap_or_else(|| hostname(config));
    let checker = match Dns::new(&config.dns.servers, from.deadline) {
        Ok(dns) => Some(Arc::new(Checker::new(dns, &name, &from.trusted_authserv_ids.0))),
        Err(error) => {
            tracing::warn!(%error, "no name servers; posts are not checked, and authors of unknown policy are protected");
            None
        }
    };
    let seal = config.dkim.seal && !keyring.is_empty();
    Authenticity {
        checker,
        check: from.check || seal,
        keyring: Arc::new(keyring),
        sign: config.dkim.sign,
        seal,
        remove_dkim_headers: from.remove_dkim_headers,
    }
}
