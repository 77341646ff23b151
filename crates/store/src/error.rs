use posthaste_model::{Address, ListName, Role};
use sea_orm::DbErr;
use thiserror::Error;

use crate::classify::{Class, classify};

/// Why the database did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// It cannot be used now: down, unreachable, overloaded, out of space, refusing us, or without its tables. Nothing is
    /// wrong with what was asked: wait and ask again.
    #[error("the database cannot be used now: {0}")]
    Unavailable(String),
    /// A newer program has changed the tables; working on would damage what it stored.
    #[error(
        "the database belongs to a newer Posthaste (its schema is {found}, this program knows {known}): install that version"
    )]
    NewerSchema {
        /// The schema in the database.
        found: u32,
        /// The newest this program knows.
        known: u32,
    },
    /// The tables are not there yet, or are those of an older program.
    #[error("the database has schema {found}, this program needs {known}: run `posthaste db migrate`")]
    OlderSchema {
        /// The schema in the database; 0 if it is empty.
        found: u32,
        /// The one this program needs.
        known: u32,
    },
    /// The URL of the database is not one.
    #[error("{0}")]
    Url(String),
    /// There is such a domain already.
    #[error("the domain {0} exists already")]
    DomainExists(String),
    /// There is no such domain.
    #[error("there is no domain {0}: add it with `posthaste domain add {0}`")]
    NoSuchDomain(String),
    /// Lists live in it.
    #[error("the domain {domain} still has lists ({lists}): remove them first")]
    DomainInUse {
        /// The domain.
        domain: String,
        /// How many lists.
        lists: u64,
    },
    /// The domain's name breaks a rule.
    #[error("{0}")]
    BadDomain(String),
    /// There is such a list already, or one whose list-id is the same.
    #[error("the list {0} exists already")]
    ListExists(ListName),
    /// There is no such list.
    #[error("there is no list {0}")]
    NoSuchList(String),
    /// The address does not have this role on the list.
    #[error("{address} is no {} of the list", role.name())]
    NoSuchMember {
        /// The address.
        address: Address,
        /// The role.
        role: Role,
    },
    /// The regular expression is not one.
    #[error("{pattern:?} is not a regular expression: {why}")]
    BadPattern {
        /// The pattern, with its `^`.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A ban that is neither an address nor a pattern.
    #[error("{0:?} cannot be banned: write an address, @domain, or ^regular-expression")]
    BadBan(String),
    /// No header field can have this name.
    #[error("{0:?} is no name of a header field: printable characters without colon and blanks are needed")]
    BadHeader(String),
    /// There is such a header match already.
    #[error("the header match {header}: {pattern} exists already")]
    HeaderMatchExists {
        /// The field's name.
        header: String,
        /// The pattern.
        pattern: String,
    },
    /// There is no header match at this place.
    #[error("there is no header match at position {0}")]
    NoSuchHeaderMatch(u32),
    /// Something we did not foresee: a bug of ours, or rows another program wrote.
    #[error("the database answered what was not expected: {0}")]
    Other(String),
}

impl StoreError {
    /// True if the database is away or not fit to be asked: whoever waits for it waits, and nobody is to blame.
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::NewerSchema { .. } | Self::OlderSchema { .. })
    }
}

/// What can go wrong inside one attempt: a finished error, or a raw one still to be judged (and perhaps tried again).
#[derive(Debug)]
pub(crate) enum Fault {
    Final(StoreError),
    Raw(DbErr),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        Self::Raw(error)
    }
}

impl Fault {
    /// True if the same attempt may well succeed at once: a deadlock, a lost race.
    pub(crate) fn again(&self) -> bool {
        matches!(self, Self::Raw(e) if classify(e) == Class::Again)
    }

    /// The error to hand out; `database` says which one it was.
    pub(crate) fn into_error(self, database: &str) -> StoreError {
        match self {
            Self::Final(error) => error,
            Self::Raw(e) => match classify(&e) {
                Class::Away | Class::Again => StoreError::Unavailable(format!("{database}: {e}")),
                Class::NoTable => StoreError::Unavailable(format!(
                    "{database}: a table is missing, run `posthaste db migrate` ({e})"
                )),
                Class::Unique | Class::ForeignKey | Class::Bug => {
                    StoreError::Other(format!("{database}: {e}"))
                }
            },
        }
    }

    /// `error` if the database refused because a unique key exists, else the fault as it is.
    pub(crate) fn unique_means(e: DbErr, error: StoreError) -> Self {
        Self::meaning(e, Class::Unique, error)
    }

    /// `error` if the database refused because a row points to this one, or this one to nowhere.
    pub(crate) fn reference_means(e: DbErr, error: StoreError) -> Self {
        Self::meaning(e, Class::ForeignKey, error)
    }

    fn meaning(e: DbErr, class: Class, error: StoreError) -> Self {
        if classify(&e) == class { Self::Final(error) } else { Self::Raw(e) }
    }
}

/// A row that holds what we never write.
pub(crate) fn odd(what: impl std::fmt::Display) -> StoreError {
    StoreError::Other(what.to_string())
}
