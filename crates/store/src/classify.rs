//! What an error of a driver means to us, by the codes the three engines document.

use sea_orm::sqlx::{Error as SqlxError, error::DatabaseError};
use sea_orm::{DbErr, RuntimeErr, SqlxMySqlError, SqlxPostgresError, SqlxSqliteError};

/// What to do about an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// The database is away, overloaded or broken: pause.
    Away,
    /// Deadlock or lost race: the same transaction may succeed at once.
    Again,
    /// A unique key exists already.
    Unique,
    /// A row is pointed to, or would point to nowhere.
    ForeignKey,
    /// A table or column is missing: migrations have not run.
    NoTable,
    /// Anything else.
    Bug,
}

/// Judges an error.
pub(crate) fn classify(error: &DbErr) -> Class {
    match error {
        DbErr::ConnectionAcquire(_) => Class::Away,
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => driver(e),
        _ => Class::Bug,
    }
}

fn driver(error: &SqlxError) -> Class {
    match error {
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed => Class::Away,
        SqlxError::Database(e) => engine(e.as_ref()),
        _ => Class::Bug,
    }
}

fn engine(error: &dyn DatabaseError) -> Class {
    if let Some(e) = error.try_downcast_ref::<SqlxPostgresError>() {
        postgres(e.code())
    } else if let Some(e) = error.try_downcast_ref::<SqlxMySqlError>() {
        mariadb(e.number())
    } else if error.try_downcast_ref::<SqlxSqliteError>().is_some() {
        let code = error.code().and_then(|c| c.parse().ok()).unwrap_or(0);
        sqlite(code, error.message())
    } else {
        Class::Bug
    }
}

/// PostgreSQL, "Appendix A. PostgreSQL Error Codes".
fn postgres(state: &str) -> Class {
    match state {
        "23505" => Class::Unique,
        "23503" | "23001" => Class::ForeignKey,
        "40001" | "40P01" | "55P03" => Class::Again,
        "42P01" | "42703" | "3F000" => Class::NoTable,
        // no such database; read-only (a standby); data or index corrupted
        "3D000" | "25006" | "XX001" | "XX002" => Class::Away,
        // connection; authorization; resources (connections, disk, memory); operator intervention; system error
        _ if ["08", "28", "53", "57", "58"].iter().any(|class| state.starts_with(class)) => Class::Away,
        _ => Class::Bug,
    }
}

/// MariaDB, "Error Codes".
fn mariadb(number: u16) -> Class {
    match number {
        1062 | 1586 => Class::Unique,
        1216 | 1217 | 1451 | 1452 => Class::ForeignKey,
        1020 | 1205 | 1213 => Class::Again,
        1054 | 1146 => Class::NoTable,
        // disk full, memory, crashed tables, files
        1016 | 1017 | 1021 | 1023..=1030 | 1034 | 1035 | 1037 | 1038 | 1041 | 1114 | 1194 | 1195 | 1206
        // too many connections, hosts and handshakes, access denied, no such database
        | 1040 | 1042..=1045 | 1049 | 1129 | 1130 | 1203 | 1226 | 1698
        // shutting down, lost connections
        | 1053 | 1077..=1080 | 1152 | 1158..=1161 | 1184 | 1317 | 1927 | 1969
        // read-only
        | 1290 | 1792 | 1836 | 3024 => Class::Away,
        _ => Class::Bug,
    }
}

/// `SQLite`, "Result and Error Codes": the low byte is the primary code.
fn sqlite(code: u32, message: &str) -> Class {
    match (code, code & 0xff) {
        (1555 | 2067, _) => Class::Unique,
        (787 | 1811, _) => Class::ForeignKey,
        // perm, busy, locked, nomem, readonly, interrupt, ioerr, corrupt, full, cantopen, protocol, auth, notadb
        (_, 3 | 5..=11 | 13..=15 | 23 | 26) => Class::Away,
        (_, 1) if message.contains("no such table") || message.contains("no such column") => Class::NoTable,
        (_, 1) if message.contains("has no column named") => Class::NoTable,
        _ => Class::Bug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (state, class) in [
            ("23505", Class::Unique),
            ("23503", Class::ForeignKey),
            ("40P01", Class::Again),
            ("42P01", Class::NoTable),
            ("08006", Class::Away),
            ("57P01", Class::Away),
            ("57P03", Class::Away),
            ("53300", Class::Away),
            ("53100", Class::Away),
            ("28P01", Class::Away),
            ("3D000", Class::Away),
            ("25006", Class::Away),
            ("42601", Class::Bug),
            ("23502", Class::Bug),
        ] {
            assert_eq!(postgres(state), class, "{state}");
        }
        for (number, class) in [
            (1062, Class::Unique),
            (1452, Class::ForeignKey),
            (1213, Class::Again),
            (1205, Class::Again),
            (1146, Class::NoTable),
            (1040, Class::Away),
            (1053, Class::Away),
            (1045, Class::Away),
            (1021, Class::Away),
            (1927, Class::Away),
            (1064, Class::Bug),
            (1048, Class::Bug),
        ] {
            assert_eq!(mariadb(number), class, "{number}");
        }
        for (code, message, class) in [
            (2067, "UNIQUE constraint failed: domain.mail_host", Class::Unique),
            (1555, "UNIQUE constraint failed: domain.id", Class::Unique),
            (787, "FOREIGN KEY constraint failed", Class::ForeignKey),
            (5, "database is locked", Class::Away),
            (517, "database is locked", Class::Away),
            (13, "database or disk is full", Class::Away),
            (14, "unable to open database file", Class::Away),
            (1032, "attempt to write a readonly database", Class::Away),
            (26, "file is not a database", Class::Away),
            (1, "no such table: domain", Class::NoTable),
            (1, "near \"x\": syntax error", Class::Bug),
            (1299, "NOT NULL constraint failed", Class::Bug),
        ] {
            assert_eq!(sqlite(code, message), class, "{code} {message}");
        }
    }

    #[test]
    fn drivers_without_a_code() {
        let io = SqlxError::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(driver(&io), Class::Away);
        assert_eq!(driver(&SqlxError::PoolTimedOut), Class::Away);
        assert_eq!(driver(&SqlxError::RowNotFound), Class::Bug);
    }
}
