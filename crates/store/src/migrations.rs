//! Forward-only migrations: a list of functions, each giving the statements of one step for an engine.
//!
//! A migration that has been released is never changed; the next one expands, a later one contracts.

mod columns;
mod m0001_begin;
mod m0002_wording;
mod m0003_moderation;
mod m0004_digests;
mod m0005_subscription;
mod m0006_posting;
mod m0007_answers;
mod m0008_bounces;
mod m0009_rest;
mod m0010_archive;
mod m0011_people;

use sea_orm::sea_query::{IndexCreateStatement, TableCreateStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, SqlxMySqlError};

use crate::tables::Schema;

/// Every migration, in order; the schema's version is how many have run.
pub(crate) const MIGRATIONS: &[fn(DbBackend) -> Vec<Step>] = &[
    m0001_begin::steps,
    m0002_wording::steps,
    m0003_moderation::steps,
    m0004_digests::steps,
    m0005_subscription::steps,
    m0006_posting::steps,
    m0007_answers::steps,
    m0008_bounces::steps,
    m0009_rest::steps,
    m0010_archive::steps,
    m0011_people::steps,
];

/// One statement of a migration. Doing it again must do no harm: MariaDB commits each by itself, and a program that dies
/// half-way leaves the first ones done.
pub(crate) enum Step {
    /// A table, if it is not there.
    Table(Box<TableCreateStatement>),
    /// An index, if it is not there.
    Index(Box<IndexCreateStatement>),
}

impl Step {
    pub(crate) async fn run(&self, db: &DatabaseTransaction) -> Result<(), DbErr> {
        let done = match self {
            Self::Table(table) => db.execute(&**table).await,
            Self::Index(index) => db.execute(&**index).await,
        };
        match done {
            Err(e) if index_exists(&e) => Ok(()),
            done => done.map(|_| ()),
        }
    }
}

/// The table that says which migrations have run.
pub(crate) fn version_table(engine: DbBackend) -> TableCreateStatement {
    columns::table(engine, Schema::Table)
        .col(columns::int(Schema::Id).primary_key())
        .col(columns::int(Schema::Version))
        .take()
}

/// MariaDB's statement builder knows no IF NOT EXISTS for an index; its error 1061 says the same.
fn index_exists(error: &DbErr) -> bool {
    let DbErr::Exec(sea_orm::RuntimeErr::SqlxError(e)) = error else { return false };
    e.as_database_error()
        .and_then(|e| e.try_downcast_ref::<SqlxMySqlError>())
        .is_some_and(|e| e.number() == 1061)
}
