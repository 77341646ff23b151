#![doc = include_str!("../README.md")]

mod address;
mod beat;
mod clock;
mod domain;
mod entry;
mod envelope;
mod histogram;
mod list;
mod member;
mod nearest;
mod pattern;
mod request;
mod settings;
mod timestamp;
mod topic;

pub use address::{Address, AddressError, Mailbox};
pub use beat::{Beat, Plant, Planted, Pulse};
pub use clock::Clock;
pub use domain::{Domain, DomainError, check_domain};
pub use entry::{EntryId, Stage};
pub use envelope::{Envelope, ForwardPath, PathError, ReversePath};
pub use histogram::{BOUNDS_MS, Histogram, HistogramValue};
pub use list::{ListId, ListName, ListNameError, ListSeed, MailingList, SubAddress};
pub use member::{DeliveryMode, DeliveryStatus, Member, Preferences, Role};
pub use nearest::nearest;
pub use pattern::{LONGEST_PATTERN, Pattern};
pub use request::{MembershipRequest, RequestAction, RequestDetails, TokenOwner};
pub use settings::{
    Action, ArchivePolicy, ArchiveRenderingMode, DEFAULT_FOOTER, DigestFrequency, DmarcMitigateAction,
    FilterAction, ListSettings, NewsgroupModeration, Personalization, ReplyToMunging, ResponseAction,
    RosterVisibility, SettingError, SettingGroup, SettingGuide, SettingKind, SettingOrigin, Style,
    SubscriptionPolicy, UnrecognizedBounceDisposition, settings_guide,
};
pub use timestamp::Timestamp;
pub use topic::Topic;
