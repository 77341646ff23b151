use std::time::Duration;

use super::key::section;
use super::size::Size;

section! {
    /// What one peer, or all of them, may ask of the LMTP and SMTP listeners.
    Limits in "limits" {
        /// The largest message taken, announced by SIZE (RFC 1870). A list may allow less.
        restart message_size: Size = Size::mib(25);
        /// The most recipients in one incoming transaction.
        restart recipients: usize = 1000;
        /// The most connections at once, each listener for itself. Those above hear 421.
        restart connections: usize = 500;
        /// How long a peer may be silent (RFC 5321 §4.5.3.2.7 asks for 5 minutes).
        restart idle_time: Duration = Duration::from_mins(5);
        /// How long one session may last.
        restart session_time: Duration = Duration::from_hours(1);
    }
}
