use std::path::PathBuf;

use super::key::section;

section! {
    /// What we put on mail we send, with keys of our own: `posthaste dkim generate` makes them.
    Dkim in "dkim" {
        /// The folder of the keys, in it one for each domain. Unset: `dkim` in the state folder.
        live keys: Option<PathBuf> = None, example "\"/etc/posthaste/dkim\"";
        /// Sign everything sent for a domain that has a key, notices too (DKIM, RFC 6376).
        live sign: bool = true;
        /// Seal what lists pass on (ARC, RFC 8617), for domains that have an RSA key. Every post is then checked, whatever
        /// `authentication.check` says.
        live seal: bool = false;
    }
}
