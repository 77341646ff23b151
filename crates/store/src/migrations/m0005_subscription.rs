//! Who asked to join, leave or change, what was done about it, and who was written to for it.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyAction, Index, IntoIden};

use super::Step;
use super::columns::{moment, points, table, text, uuid, word};
use crate::tables::{Automatic, Block, Deed, MailingList, MembershipRequest as R};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    vec![
        Step::Table(Box::new(
            table(engine, R::Table)
                .col(uuid(R::Id).primary_key())
                .col(uuid(R::List))
                .col(word(R::Action))
                .col(word(R::Key))
                .col(word(R::Spelling))
                .col(text(engine, R::DisplayName))
                .col(word(R::Owner))
                .col(word(R::TokenHash).unique_key())
                .col(text(engine, R::Details))
                .col(moment(R::AskedAt))
                .col(moment(R::ExpiresAt))
                .foreign_key(&mut points(
                    (R::Table, R::List),
                    (MailingList::Table, MailingList::Id),
                    ForeignKeyAction::Cascade,
                ))
                .take(),
        )),
        index(R::Table, &[R::List, R::Action, R::Key], "membership_request_once", true),
        index(R::Table, &[R::ExpiresAt], "membership_request_expiry", false),
        Step::Table(Box::new(
            table(engine, Deed::Table)
                .col(uuid(Deed::Id).primary_key())
                .col(text(engine, Deed::Told))
                .col(moment(Deed::At))
                .take(),
        )),
        index(Deed::Table, &[Deed::At], "deed_age", false),
        Step::Table(Box::new(
            table(engine, Automatic::Table)
                .col(uuid(Automatic::Id).primary_key())
                .col(word(Automatic::Kind))
                .col(word(Automatic::Target))
                .col(word(Automatic::Scope))
                .col(moment(Automatic::At))
                .take(),
        )),
        index(Automatic::Table, &[Automatic::Target, Automatic::At], "automatic_target", false),
        index(Automatic::Table, &[Automatic::Scope, Automatic::At], "automatic_scope", false),
        index(Automatic::Table, &[Automatic::At], "automatic_age", false),
        Step::Table(Box::new(
            table(engine, Block::Table).col(word(Block::Target).primary_key()).col(moment(Block::At)).take(),
        )),
    ]
}

fn index<T: IntoIden + Copy + 'static>(table: T, columns: &[T], name: &str, unique: bool) -> Step {
    let mut index = Index::create();
    index.if_not_exists().name(name).table(table.into_iden());
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    Step::Index(Box::new(index))
}
