//! What moderators decide, who has what in hand, and what people did.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyAction, Index, IntoIden};

use super::Step;
use super::columns::{flag, long, moment, nullable, points, table, text, uuid, word};
use crate::tables::{Audit, Decision, HeldMessage, Mark};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    vec![
        Step::Table(Box::new(
            table(engine, Decision::Table)
                .col(uuid(Decision::Id).primary_key())
                .col(uuid(Decision::Held))
                .col(word(Decision::Action))
                .col(word(Decision::Who))
                .col(nullable(text(engine, Decision::Reason)))
                .col(text(engine, Decision::Forward))
                .col(flag(Decision::Preserve))
                .col(moment(Decision::DecidedAt))
                .col(nullable(moment(Decision::DoneAt)))
                .foreign_key(&mut points(
                    (Decision::Table, Decision::Held),
                    (HeldMessage::Table, HeldMessage::Id),
                    ForeignKeyAction::Cascade,
                ))
                .take(),
        )),
        index(Decision::Table, &[Decision::Held], "decision_held"),
        Step::Table(Box::new(
            table(engine, Mark::Table)
                .col(word(Mark::Name))
                .col(uuid(Mark::Scope))
                .col(word(Mark::Who))
                .col(moment(Mark::At))
                .primary_key(Index::create().col(Mark::Name).col(Mark::Scope))
                .take(),
        )),
        Step::Table(Box::new(
            table(engine, Audit::Table)
                .col(long(Audit::Number).primary_key())
                .col(moment(Audit::At))
                .col(word(Audit::Who))
                .col(word(Audit::Action))
                .col(word(Audit::List))
                .col(word(Audit::Object))
                .col(text(engine, Audit::Was))
                .col(text(engine, Audit::Became))
                .col(word(Audit::Hash))
                .take(),
        )),
        index(Audit::Table, &[Audit::List, Audit::Number], "audit_list"),
        index(Audit::Table, &[Audit::Object], "audit_object"),
    ]
}

fn index<T: IntoIden + Copy + 'static>(table: T, columns: &[T], name: &str) -> Step {
    let mut index = Index::create();
    index.if_not_exists().name(name).table(table.into_iden());
    for column in columns {
        index.col(*column);
    }
    Step::Index(Box::new(index))
}
