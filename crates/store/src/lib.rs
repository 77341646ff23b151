#![doc = include_str!("../README.md")]

mod classify;
mod error;
mod migrations;
mod queries;
mod release;
mod schema;
mod store;
mod tables;
mod target;

pub use error::StoreError;
pub use queries::addresses::{AddressRow, Linked};
pub use queries::archive::add::{ArchivePost, Filed};
pub use queries::archive::look::{
    ArchivedMessage, ArchivedThread, MonthCount, PublicArchive, Shelf, ThreadsWanted,
};
pub use queries::archive::stats::ArchiveStats;
pub use queries::audit::{AuditEntry, AuditRecord, AuditWanted};
pub use queries::automatic::{Budget, Spending, Spent};
pub use queries::bans::{Ban, Scope};
pub use queries::book::{BookLine, Readdressed};
pub use queries::bounces::{BounceEvent, BounceVerdict};
pub use queries::crossposts::EarlierList;
pub use queries::decisions::{Decided, Decision};
pub use queries::deeds::{Actor, Deed, Joining, MembershipOutcome};
pub use queries::digests::collect::{Backlog, Collected};
pub use queries::digests::issues::{Issue, IssueLimits, Numbers};
pub use queries::digests::readers::DigestReader;
pub use queries::directory::{DirectoryDomain, DirectoryList, DirectoryRows};
pub use queries::domain_owners::{DomainChange, DomainOwner};
pub use queries::enlisting::{Enlisted, Enlisting};
pub use queries::header_matches::HeaderMatch;
pub use queries::held::{HeldCount, HeldMessage, HeldSummary};
pub use queries::lists::ListSummary;
pub use queries::marks::Mark;
pub use queries::members::{Added, MemberChange, Synced};
pub use queries::merging::Taking;
pub use queries::overviews::ListsWanted;
pub use queries::pendings::Pending;
pub use queries::personal::Level;
pub use queries::posting::{Banned, Membership, PostingFacts};
pub use queries::recipients::RecipientRow;
pub use queries::request_pages::RequestsWanted;
pub use queries::roll::RollLine;
pub use queries::rosters::{RosterOrder, RosterRow, RosterWanted, Subscriber};
pub use queries::standing::{BounceEnd, Standing};
pub use queries::template_sets::TemplateEdit;
pub use queries::templates::{StoredTemplate, Template, TemplateBody};
pub use queries::tokens::ApiToken;
pub use queries::users::{NewUser, Preferring, User, UserChange, UserMade, UsersWanted};
pub use schema::Schema;
pub use store::{ROWS, Store};
