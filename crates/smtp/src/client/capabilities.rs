use crate::Reply;

/// What the relay offers in its answer to EHLO (RFC 5321 §4.1.1.1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Capabilities {
    /// RFC 2920.
    pub(crate) pipelining: bool,
    /// RFC 6152.
    pub(crate) eightbit: bool,
    /// RFC 6531.
    pub(crate) smtputf8: bool,
    /// RFC 1870: offered at all.
    pub(crate) size: bool,
    /// The largest message taken, octets; `None` if not said.
    pub(crate) max_size: Option<usize>,
    /// Postfix's own: it writes each recipient into the sender of their copy.
    pub(crate) xverp: bool,
    /// RFC 3207.
    pub(crate) starttls: bool,
    /// RFC 4954: the mechanisms, in capitals.
    pub(crate) auth: Vec<String>,
}

impl Capabilities {
    /// Reads the reply; the first line is the relay's name and a greeting.
    pub(crate) fn read(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines().skip(1) {
            let mut words = line.split_ascii_whitespace().map(str::to_ascii_uppercase);
            let Some(keyword) = words.next() else { continue };
            match keyword.as_str() {
                "PIPELINING" => found.pipelining = true,
                "8BITMIME" => found.eightbit = true,
                "SMTPUTF8" => found.smtputf8 = true,
                "XVERP" => found.xverp = true,
                "STARTTLS" => found.starttls = true,
                "SIZE" => {
                    found.size = true;
                    // RFC 1870 §4: 0 means no limit.
                    found.max_size = words.next().and_then(|word| word.parse().ok()).filter(|&size| size > 0);
                }
                "AUTH" => found.auth.extend(words),
                // What servers older than RFC 2554 say, and others repeat for their clients.
                other => {
                    if let Some(first) = other.strip_prefix("AUTH=") {
                        found.auth.push(first.to_owned());
                        found.auth.extend(words);
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_postfix_says() {
        let reply = Reply::bare(
            250,
            "mail.example\nPIPELINING\nSIZE 10240000\nVRFY\nSTARTTLS\nAUTH PLAIN login\nENHANCEDSTATUSCODES\n\
             XVERP\n8BITMIME\nDSN\nSMTPUTF8\nCHUNKING",
        );
        let expected = Capabilities {
            pipelining: true,
            eightbit: true,
            smtputf8: true,
            size: true,
            max_size: Some(10_240_000),
            xverp: true,
            starttls: true,
            auth: vec!["PLAIN".into(), "LOGIN".into()],
        };
        assert_eq!(Capabilities::read(&reply), expected);
    }

    #[test]
    fn the_name_of_the_relay_is_no_capability() {
        assert_eq!(Capabilities::read(&Reply::bare(250, "PIPELINING")), Capabilities::default());
    }

    #[test]
    fn sizes_without_a_limit() {
        for line in ["SIZE", "SIZE 0", "SIZE many"] {
            let read = Capabilities::read(&Reply::bare(250, format!("x\n{line}")));
            assert!(read.size && read.max_size.is_none(), "{line}");
        }
    }

    #[test]
    fn the_old_way_to_offer_auth() {
        assert_eq!(Capabilities::read(&Reply::bare(250, "x\nAUTH=LOGIN PLAIN")).auth, ["LOGIN", "PLAIN"]);
    }
}
