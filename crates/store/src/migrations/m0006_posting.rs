//! What rules and delivery remember: posts accepted of each member, topics chosen, posts to several lists.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyAction, Index, IntoIden};

use super::Step;
use super::columns::{long, moment, points, table, uuid, word};
use crate::tables::{Crosspost, MailingList, Member, MemberTopic, PostingRecord};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    let records = table(engine, PostingRecord::Table)
        .col(uuid(PostingRecord::Member).primary_key())
        .col(long(PostingRecord::Accepted))
        .col(uuid(PostingRecord::LastEntry))
        .foreign_key(&mut points(
            (PostingRecord::Table, PostingRecord::Member),
            (Member::Table, Member::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    let topics = table(engine, MemberTopic::Table)
        .col(uuid(MemberTopic::Member))
        .col(word(MemberTopic::Topic))
        .primary_key(Index::create().col(MemberTopic::Member).col(MemberTopic::Topic))
        .foreign_key(&mut points(
            (MemberTopic::Table, MemberTopic::Member),
            (Member::Table, Member::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    let crossposts = table(engine, Crosspost::Table)
        .col(uuid(Crosspost::Id).primary_key())
        .col(uuid(Crosspost::Message))
        .col(uuid(Crosspost::List))
        .col(long(Crosspost::Place))
        .col(moment(Crosspost::PlannedAt))
        .foreign_key(&mut points(
            (Crosspost::Table, Crosspost::List),
            (MailingList::Table, MailingList::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    let mut once = Index::create();
    once.if_not_exists()
        .name("crosspost_once")
        .table(Crosspost::Table.into_iden())
        .col(Crosspost::Message)
        .col(Crosspost::List)
        .unique();
    vec![
        Step::Table(Box::new(records)),
        Step::Table(Box::new(topics)),
        Step::Table(Box::new(crossposts)),
        Step::Index(Box::new(once)),
    ]
}
