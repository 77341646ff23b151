//! Who was answered automatically, and when.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyAction, Index};

use super::Step;
use super::columns::{moment, points, table, uuid, word};
use crate::tables::{Answer, MailingList};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    let answers = table(engine, Answer::Table)
        .col(uuid(Answer::List))
        .col(word(Answer::Address))
        .col(word(Answer::Kind))
        .col(uuid(Answer::Cause))
        .col(moment(Answer::SentAt))
        .primary_key(Index::create().col(Answer::List).col(Answer::Address).col(Answer::Kind))
        .foreign_key(&mut points(
            (Answer::Table, Answer::List),
            (MailingList::Table, MailingList::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    vec![Step::Table(Box::new(answers))]
}
