use std::time::Duration;

/// What one peer may ask of the server, and how long the server waits for what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Longest command line, octets with its CRLF. Default 2048: the 512 of RFC 5321 §4.5.3.1.4 and room for VERP
    /// addresses and MAIL parameters. More is answered with 500; 64 KiB without an end closes the connection.
    pub command_line: usize,
    /// Largest message, octets, announced as SIZE (RFC 1870). Default 25 MiB. More is read to its end, thrown away
    /// and answered with 552 5.3.4.
    pub message_size: usize,
    /// How much of a message is read beyond `message_size` before the connection is cut, octets. Default 100 MiB.
    pub overrun: usize,
    /// Longest line of a message, octets without its CRLF. Default 64 KiB, because mail with more than the 998 of
    /// RFC 5322 §2.1.1 is common. More is answered with 550 5.6.0.
    pub message_line: usize,
    /// Largest header block, octets up to the first empty line. Default 256 KiB. More is answered with 552 5.3.4.
    pub header: usize,
    /// Most recipients of one transaction. Default 1000, ten times what RFC 5321 §4.5.3.1.8 asks for. More are
    /// answered with 452 4.5.3, which lets the peer send the rest in another transaction.
    pub recipients: usize,
    /// Bad commands that are answered before the session is closed with 421. Default 20; an accepted message starts
    /// the count anew. A refused recipient is not a bad command.
    pub bad_commands: u32,
    /// Messages of all sessions together that may stand in memory, octets. Default 256 MiB, and never less than one
    /// message. More is answered with 452 4.3.1.
    pub memory: usize,
    /// Most connections at a time. Default 200; the surplus gets 421 4.7.0.
    pub connections: usize,
    /// How long a peer may be silent, and how long it may take to accept our replies. Default 5 minutes
    /// (RFC 5321 §4.5.3.2.7).
    pub idle: Duration,
    /// How long a session may last. Default 1 hour.
    pub session: Duration,
    /// How long the handler may think about one recipient. Default 30 seconds.
    pub rcpt: Duration,
    /// How long the handler may take to store one message. Default 5 minutes; peers wait 10 (RFC 5321 §4.5.3.2.6).
    pub data: Duration,
    /// After the order to stop, how long a session in the middle of a message may go on. Default 30 seconds.
    pub drain: Duration,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        command_line: 2048,
        message_size: 25 * 1024 * 1024,
        overrun: 100 * 1024 * 1024,
        message_line: 64 * 1024,
        header: 256 * 1024,
        recipients: 1000,
        bad_commands: 20,
        memory: 256 * 1024 * 1024,
        connections: 200,
        idle: Duration::from_mins(5),
        session: Duration::from_hours(1),
        rcpt: Duration::from_secs(30),
        data: Duration::from_mins(5),
        drain: Duration::from_secs(30),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
