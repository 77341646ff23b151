//! Posts that wait for a digest, the digests made of them, and finding out quickly whether anybody reads digests.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyAction, Index, IntoIden};

use super::Step;
use super::columns::{bytes, int, long, moment, nullable, points, table, uuid, word};
use crate::tables::{
    Address, DigestIssue, DigestPiece, DigestPost, LastDigest, MailingList, Member, Preference, User,
};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    let post = table(engine, DigestPost::Table)
        .col(uuid(DigestPost::Id).primary_key())
        .col(uuid(DigestPost::List))
        .col(nullable(uuid(DigestPost::Issue)))
        .col(moment(DigestPost::CollectedAt))
        .col(long(DigestPost::Size))
        .foreign_key(&mut points(
            (DigestPost::Table, DigestPost::List),
            (MailingList::Table, MailingList::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    let piece = table(engine, DigestPiece::Table)
        .col(uuid(DigestPiece::Post))
        .col(int(DigestPiece::Place))
        .col(bytes(engine, DigestPiece::Bytes))
        .primary_key(Index::create().col(DigestPiece::Post).col(DigestPiece::Place))
        .foreign_key(&mut points(
            (DigestPiece::Table, DigestPiece::Post),
            (DigestPost::Table, DigestPost::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    let issue = table(engine, DigestIssue::Table)
        .col(uuid(DigestIssue::Id).primary_key())
        .col(uuid(DigestIssue::List))
        .col(long(DigestIssue::Volume))
        .col(long(DigestIssue::Number))
        .col(moment(DigestIssue::ClosedAt))
        .col(nullable(moment(DigestIssue::SentAt)))
        .foreign_key(&mut points(
            (DigestIssue::Table, DigestIssue::List),
            (MailingList::Table, MailingList::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    let last = table(engine, LastDigest::Table)
        .col(uuid(LastDigest::List))
        .col(word(LastDigest::Key))
        .col(word(LastDigest::Spelling))
        .col(word(LastDigest::Mode))
        .primary_key(Index::create().col(LastDigest::List).col(LastDigest::Key))
        .foreign_key(&mut points(
            (LastDigest::Table, LastDigest::List),
            (MailingList::Table, MailingList::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    let mode = Preference::DeliveryMode.into_iden();
    vec![
        Step::Table(Box::new(post)),
        Step::Table(Box::new(piece)),
        Step::Table(Box::new(issue)),
        Step::Table(Box::new(last)),
        index(
            DigestPost::Table,
            [DigestPost::Issue.into_iden(), DigestPost::List.into_iden()],
            "digest_post_issue",
        ),
        index(DigestIssue::Table, [DigestIssue::SentAt.into_iden()], "digest_issue_sent"),
        index(Member::Table, [Member::List.into_iden(), mode.clone()], "member_mode"),
        index(Address::Table, [mode.clone()], "address_mode"),
        index(User::Table, [mode], "users_mode"),
    ]
}

fn index<const N: usize>(
    table: impl IntoIden,
    columns: [sea_orm::sea_query::DynIden; N],
    name: &str,
) -> Step {
    let mut index = Index::create();
    index.if_not_exists().name(name).table(table.into_iden());
    for column in columns {
        index.col(column);
    }
    Step::Index(Box::new(index))
}
