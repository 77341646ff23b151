use super::key::section;
use super::listen::Listen;

section! {
    /// The same door for mail servers that speak no LMTP.
    Smtp in "smtp" {
        /// `ip:port` or `unix:/path`. Unset: no SMTP listener. It takes mail for the lists only; it is no relay.
        restart listen: Option<Listen> = None, example "\"127.0.0.1:8025\"";
    }
}
