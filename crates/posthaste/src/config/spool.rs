use super::Config;
use super::key::section;
use super::size::Size;

section! {
    /// The durable queue.
    Spool in "spool" {
        /// Free space to keep on the disk: below it new mail is asked to come later (452), while waiting mail still
        /// goes out. Unset: 5 % of the disk, and never less than 256 MiB or one and a half of the largest message.
        restart reserve: Option<Size> = None, example "\"1GiB\"";
    }
}

impl Config {
    /// The least reserve that leaves room for one message more, in bytes.
    pub(crate) fn least_reserve(&self) -> u64 {
        let message = self.limits.message_size.bytes();
        message.saturating_add(message / 2)
    }
}
