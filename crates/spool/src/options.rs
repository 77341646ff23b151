use std::time::Duration;

use crate::entry::Recorded;

/// What may be chosen about a spool. The defaults suit every site we know.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The longest message intake takes, octets (25 MiB). Only the reserve is computed from it.
    pub max_message: u64,
    /// Free space below which intake must stop, octets. `None`: the largest of 256 MiB, 1.5 × `max_message`, and 5 % of
    /// the file system but not more than 4 GiB, so that a large shared disk with room to spare is not called full.
    pub reserve: Option<u64>,
    /// The longest anything sleeps, whatever a file or a jumping clock says: 4,000 s and a quarter for jitter (P19).
    pub max_delay: Duration,
    /// How many files are written at once (64): the journal of the file system groups them.
    pub parallel: usize,
    /// How heavy an entry with these events is: the recipients who wait for it. 0 unless told.
    pub weigh: fn(&[Recorded]) -> u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_message: 25 << 20,
            reserve: None,
            max_delay: Duration::from_secs(5000),
            parallel: 64,
            weigh: |_| 0,
        }
    }
}
