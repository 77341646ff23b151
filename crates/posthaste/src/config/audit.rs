use std::time::Duration;

use super::key::section;

section! {
    /// What is written down of who changed what: `posthaste audit ls`.
    Audit in "audit" {
        /// So long it is kept; 0s keeps it for ever.
        live keep: Duration = Duration::from_hours(400 * 24);
    }
}
