//! Which migrations have run, and running the rest.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};

use crate::classify::{Class, classify};
use crate::error::{Fault, odd};
use crate::migrations::{self, MIGRATIONS};
use crate::tables::Schema as S;
use crate::{Store, StoreError};

/// Changing large tables may take long.
const MIGRATION: Duration = Duration::from_mins(30);
/// Seconds that a second program waits for the one that migrates.
const LOCK_WAIT: u32 = 600;
/// The advisory lock of `PostgreSQL`: any number that nobody else uses.
const LOCK_NUMBER: i64 = 0x706f_7374_6861_7374;

/// The schema in the database and the newest this program knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schema {
    /// How many migrations have run; 0 if the database is empty.
    pub found: u32,
    /// How many this program has.
    pub known: u32,
}

impl Store {
    /// Which schema the database has.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        let found = self.reading(async |db| found(&db).await).await?;
        Ok(Schema { found, known: known() })
    }

    /// Refuses to go on with a schema that is newer or older than this program's.
    pub async fn check(&self) -> Result<(), StoreError> {
        judge(self.schema().await?)
    }

    /// Runs the migrations that have not run; says how many these were. Two programs may do this at the same time.
    pub async fn migrate(&self) -> Result<u32, StoreError> {
        let migrate = async {
            let db = self.begin().await?;
            lock(&db).await?;
            let done = run(&db).await;
            if db.get_database_backend() == DbBackend::MySql {
                db.execute_unprepared("DO RELEASE_LOCK(CONCAT('posthaste:', DATABASE()))").await?;
            }
            db.commit(done?).await
        };
        self.within(MIGRATION, migrate).await
    }
}

fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

fn judge(schema: Schema) -> Result<(), StoreError> {
    let Schema { found, known } = schema;
    match found.cmp(&known) {
        std::cmp::Ordering::Greater => Err(StoreError::NewerSchema { found, known }),
        std::cmp::Ordering::Less => Err(StoreError::OlderSchema { found, known }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

async fn found(db: &impl ConnectionTrait) -> Result<u32, Fault> {
    let query = Query::select().column(S::Version).from(S::Table).to_owned();
    match db.query_one(&query).await {
        Ok(None) => Ok(0),
        Ok(Some(row)) => {
            let version: i32 = row.try_get_by_index(0)?;
            Ok(u32::try_from(version).map_err(|_| odd(format!("schema version {version}")))?)
        }
        Err(e) if classify(&e) == Class::NoTable => Ok(0),
        Err(e) => Err(e.into()),
    }
}

/// Lets one program at a time pass. `SQLite`'s transaction is exclusive from its beginning; `PostgreSQL`'s lock ends with
/// the transaction; MariaDB's belongs to the connection, because there each change of a table commits by itself.
async fn lock(db: &DatabaseTransaction) -> Result<(), Fault> {
    match db.get_database_backend() {
        DbBackend::Postgres => {
            db.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK_NUMBER})")).await?;
        }
        DbBackend::MySql => {
            let sql = format!("SELECT GET_LOCK(CONCAT('posthaste:', DATABASE()), {LOCK_WAIT})");
            let statement = sea_orm::Statement::from_string(DbBackend::MySql, sql);
            let got: Option<i64> = match db.query_one_raw(statement).await? {
                Some(row) => row.try_get_by_index(0)?,
                None => None,
            };
            if got != Some(1) {
                return Err(StoreError::Unavailable(format!(
                    "another program has been changing the tables for {LOCK_WAIT} s"
                ))
                .into());
            }
        }
        _ => {}
    }
    Ok(())
}

async fn run(db: &DatabaseTransaction) -> Result<u32, Fault> {
    let engine = db.get_database_backend();
    db.execute(&migrations::version_table(engine)).await?;
    let at_first = found(db).await?;
    if at_first > known() {
        judge(Schema { found: at_first, known: known() })?;
    }
    if at_first == 0 {
        // A program that died half-way on MariaDB may have left the row.
        db.execute(Query::delete().from_table(S::Table)).await?;
        db.execute(
            Query::insert()
                .into_table(S::Table)
                .columns([S::Id, S::Version])
                .values_panic([1.into(), 0.into()]),
        )
        .await?;
    }
    for (version, migration) in (1_u32..).zip(MIGRATIONS).skip(at_first as usize) {
        for step in migration(engine) {
            step.run(db).await?;
        }
        let version = i32::try_from(version).unwrap_or(i32::MAX);
        db.execute(
            Query::update().table(S::Table).value(S::Version, version).and_where(Expr::col(S::Id).eq(1)),
        )
        .await?;
    }
    Ok(known() - at_first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_and_older_are_refused() {
        assert_eq!(judge(Schema { found: 3, known: 3 }), Ok(()));
        assert_eq!(judge(Schema { found: 4, known: 3 }), Err(StoreError::NewerSchema { found: 4, known: 3 }));
        assert_eq!(judge(Schema { found: 0, known: 3 }), Err(StoreError::OlderSchema { found: 0, known: 3 }));
    }
}
