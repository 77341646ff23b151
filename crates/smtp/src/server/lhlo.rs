use super::Protocol;
use super::session::{Hello, Session};
use crate::Reply;

impl Session {
    /// RFC 2033 §4.1.
    pub(super) fn lhlo(&mut self) {
        if self.options.protocol == Protocol::Lmtp {
            self.greet();
        } else {
            self.scold(&Reply::new(500, (5, 5, 1), "This is SMTP, say EHLO"));
        }
    }

    /// RFC 5321 §4.1.1.1. LMTP may not say yes to it (RFC 2033 §4.1), or peers would wait for one reply only.
    pub(super) fn ehlo(&mut self) {
        if self.options.protocol == Protocol::Smtp {
            self.greet();
        } else {
            self.scold(&Reply::new(500, (5, 5, 1), "This is LMTP, say LHLO"));
        }
    }

    pub(super) fn helo(&mut self) {
        if self.options.protocol == Protocol::Smtp {
            self.open = None;
            self.hello = Some(Hello::Plain);
            self.say(&Reply::bare(250, self.options.hostname.clone()));
        } else {
            self.scold(&Reply::new(500, (5, 5, 1), "This is LMTP, say LHLO"));
        }
    }

    fn greet(&mut self) {
        self.open = None;
        self.hello = Some(Hello::Extended);
        let (name, size) = (&self.options.hostname, self.options.limits.message_size);
        let offer =
            format!("{name}\nPIPELINING\nSIZE {size}\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES\nCHUNKING");
        self.say(&Reply::bare(250, offer));
    }
}
