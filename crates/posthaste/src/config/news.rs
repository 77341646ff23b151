use std::path::PathBuf;
use std::time::Duration;

use super::key::section;
use super::relay::Host;

section! {
    /// The news server (NNTP, RFC 3977) with the newsgroups of lists that have one (`linked_newsgroup`, `gateway_to_mail`,
    /// `gateway_to_news`).
    News in "news" {
        /// Its name or address. Unset: there is none.
        restart host: Option<Host> = None, example "\"news.example.org\"";
        /// Its port.
        restart port: u16 = 119;
        /// Log in as this user (RFC 4643). Unset: no login.
        restart user: Option<String> = None, example "\"posthaste\"";
        /// A file whose first line is that user's password. Unset: no login.
        restart password_file: Option<PathBuf> = None, example "\"/etc/posthaste/news.password\"";
        /// From one look for new articles to the next.
        restart every: Duration = Duration::from_mins(5);
    }
}
