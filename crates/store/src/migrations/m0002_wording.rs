//! Texts by language. They take the place of the table `template`, which nothing could fill yet.

use sea_orm::DbBackend;
use sea_orm::sea_query::{Index, IntoIden};

use super::Step;
use super::columns::{nullable, table, text, uuid, word};
use crate::tables::Wording as W;

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    let table = table(engine, W::Table)
        .col(uuid(W::Id).primary_key())
        .col(word(W::Name))
        .col(word(W::Context))
        .col(language())
        .col(nullable(text(engine, W::Uri)))
        .col(nullable(text(engine, W::Body)))
        .col(text(engine, W::Username))
        .col(text(engine, W::Password))
        .take();
    let once = Index::create()
        .if_not_exists()
        .name("wording_once")
        .table(W::Table.into_iden())
        .col(W::Context)
        .col(W::Name)
        .col(W::Language)
        .unique()
        .take();
    vec![Step::Table(Box::new(table)), Step::Index(Box::new(once))]
}

/// Short: all columns of a key together have a limit on MariaDB.
fn language() -> sea_orm::sea_query::ColumnDef {
    sea_orm::sea_query::ColumnDef::new(W::Language).string_len(16).not_null().take()
}
