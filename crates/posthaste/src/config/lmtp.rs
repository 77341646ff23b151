use super::key::section;
use super::listen::Listen;

section! {
    /// Where the mail server hands posts to us (RFC 2033).
    Lmtp in "lmtp" {
        /// `ip:port`, or `unix:/path` for a socket in the file system. LMTP asks nobody who they are, so let only the
        /// mail server reach it.
        restart listen: Listen = Listen::loopback(8024);
    }
}
