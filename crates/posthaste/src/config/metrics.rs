use std::path::PathBuf;

use super::key::section;
use super::listen::Listen;

section! {
    /// Figures for Prometheus and other monitors: `/metrics`, `/health`, `/livez`, `/readyz` (docs/operate/metrics.md).
    Metrics in "metrics" {
        /// `ip:port` or `unix:/path` where everybody who reaches it may read them. Unset: at `[web] listen` only, where
        /// `/metrics` and `/health` ask for a login or a token.
        restart listen: Option<Listen> = None, example "\"127.0.0.1:9180\"";
        /// A file whose first line lets programs read `/metrics` and `/health` at `[web] listen`, as
        /// `Authorization: Bearer`. Unset: only operators who are logged in may.
        restart token_file: Option<PathBuf> = None, example "\"/etc/posthaste/metrics.token\"";
    }
}
