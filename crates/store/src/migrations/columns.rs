//! The few kinds of columns we have, spelled for each engine.

use sea_orm::DbBackend;
use sea_orm::sea_query::{
    Alias, ColumnDef, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, IntoIden, Table,
    TableCreateStatement,
};

use crate::tables::Preference;

/// A table. On MariaDB text compares byte by byte: `a` is not `A`, and an accent matters.
pub(super) fn table(engine: DbBackend, name: impl IntoIden) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name.into_iden()).if_not_exists();
    if engine == DbBackend::MySql {
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// A key made by us.
pub(super) fn uuid(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

/// Up to 255 characters, so that it can be a key on every engine.
pub(super) fn word(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).string_len(255).not_null().take()
}

/// Text of any length; MariaDB's TEXT ends at 64 KiB.
pub(super) fn text(engine: DbBackend, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    if engine == DbBackend::MySql {
        column.custom(Alias::new("longtext"))
    } else {
        column.text()
    };
    column.not_null().take()
}

/// Up to a few MiB of bytes; MariaDB's BLOB ends at 64 KiB.
pub(super) fn bytes(engine: DbBackend, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    if engine == DbBackend::MySql {
        column.custom(Alias::new("longblob"))
    } else {
        column.blob()
    };
    column.not_null().take()
}

/// A number of 32 bits.
pub(super) fn int(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

/// A number of 64 bits.
pub(super) fn long(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// A moment: microseconds since 1970, UTC.
pub(super) fn moment(name: impl IntoIden) -> ColumnDef {
    long(name)
}

/// Yes or no.
pub(super) fn flag(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

/// The same column, where NULL is allowed.
pub(super) fn nullable(mut column: ColumnDef) -> ColumnDef {
    column.null().take()
}

/// The seven preference columns.
pub(super) fn preferences(table: &mut TableCreateStatement) {
    table
        .col(nullable(flag(Preference::AcknowledgePosts)))
        .col(nullable(word(Preference::DeliveryMode)))
        .col(nullable(word(Preference::DeliveryStatus)))
        .col(nullable(flag(Preference::HideAddress)))
        .col(nullable(word(Preference::PreferredLanguage)))
        .col(nullable(flag(Preference::ReceiveListCopy)))
        .col(nullable(flag(Preference::ReceiveOwnPostings)));
}

/// A column that points to another table's, and what happens here when the row there goes.
pub(super) fn points<T: IntoIden + Copy, U: IntoIden + Copy>(
    from: (T, T),
    to: (U, U),
    on_delete: ForeignKeyAction,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(from.0, from.1).to(to.0, to.1).on_delete(on_delete).take()
}
