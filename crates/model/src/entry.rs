use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of one entry of the spool: a UUIDv7, so names sort by the time of their making.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(Uuid);

impl EntryId {
    /// Wraps a UUID.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The id of the entry that is born from this one for `purpose` (a notice, a report): always the same for the same
    /// pair, so that a step done again after a crash bears no twin.
    pub fn child(self, purpose: &str) -> Self {
        Self(Uuid::new_v5(&self.0, purpose.as_bytes()))
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EntryId {
    type Err = uuid::Error;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(s).map(Self)
    }
}

/// What an entry of the spool waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Received; rules and pipeline come next.
    Incoming,
    /// Mail to `-request`, `-join`, `-leave`, `-confirm`.
    Command,
    /// Mail to `-bounces`, and our own reports of permanent failure.
    Bounce,
    /// Planned; waits for the relay.
    Out,
    /// Waits for the archive.
    Archive,
    /// Waits for the digest.
    Digest,
    /// A notice of ours to be written.
    Notice,
    /// Waits for the news gateway.
    News,
}

impl Stage {
    /// Every stage, in the order a post meets them.
    pub const ALL: [Self; 8] = [
        Self::Incoming,
        Self::Command,
        Self::Bounce,
        Self::Out,
        Self::Archive,
        Self::Digest,
        Self::Notice,
        Self::News,
    ];

    /// Its name in files, commands and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Command => "command",
            Self::Bounce => "bounce",
            Self::Out => "out",
            Self::Archive => "archive",
            Self::Digest => "digest",
            Self::Notice => "notice",
            Self::News => "news",
        }
    }

    /// Its place in [`Stage::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The stage at this place in [`Stage::ALL`].
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|stage| stage.name() == s).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|s| s.name()).collect();
            format!("unknown stage {s:?}; the stages are {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_stable_and_distinct() {
        let id = EntryId::new(Uuid::from_u128(7));
        assert_eq!(id.child("hold"), id.child("hold"));
        assert_ne!(id.child("hold"), id.child("reject"));
        assert_eq!(id.to_string().parse::<EntryId>().unwrap(), id);
    }

    #[test]
    fn stages_have_names_and_places() {
        for (i, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage.index(), i);
            assert_eq!(Stage::from_index(i), Some(stage));
            assert_eq!(stage.name().parse::<Stage>().unwrap(), stage);
        }
        assert!("sideways".parse::<Stage>().unwrap_err().contains("incoming, command"));
    }
}
