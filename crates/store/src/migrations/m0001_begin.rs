//! The first tables.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyAction, Index, IntoIden, TableCreateStatement};

use super::Step;
use super::columns::{
    bytes, flag, int, long, moment, nullable, points, preferences, table, text, uuid, word,
};
use crate::tables::{
    Address, Ban, Counter, Domain, HeaderMatch, HeldMessage, HeldPiece, MailingList, Member, Pending,
    Template, User,
};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    let mut steps = Vec::new();
    lists(engine, &mut steps);
    people(engine, &mut steps);
    moderation(engine, &mut steps);
    texts(engine, &mut steps);
    steps
}

fn lists(engine: DbBackend, steps: &mut Vec<Step>) {
    steps.push(make(
        table(engine, Counter::Table).col(word(Counter::Name).primary_key()).col(long(Counter::Next)).take(),
    ));
    steps.push(make(
        table(engine, Domain::Table)
            .col(uuid(Domain::Id).primary_key())
            .col(word(Domain::MailHost).unique_key())
            .col(text(engine, Domain::Description))
            .col(nullable(word(Domain::AliasDomain)))
            .take(),
    ));
    steps.push(make(
        table(engine, MailingList::Table)
            .col(uuid(MailingList::Id).primary_key())
            .col(word(MailingList::ListId).unique_key())
            .col(word(MailingList::Local))
            .col(word(MailingList::Host))
            .col(text(engine, MailingList::Settings))
            .col(flag(MailingList::Advertised))
            .col(text(engine, MailingList::DisplayName))
            .col(text(engine, MailingList::Description))
            .col(long(MailingList::MaxMessageSize))
            .col(long(MailingList::PostId))
            .col(long(MailingList::Volume))
            .col(long(MailingList::NextDigestNumber))
            .col(moment(MailingList::CreatedAt))
            .col(nullable(moment(MailingList::LastPostAt)))
            .col(nullable(moment(MailingList::DigestLastSentAt)))
            .col(nullable(long(MailingList::UsenetWatermark)))
            .foreign_key(&mut points(
                (MailingList::Table, MailingList::Host),
                (Domain::Table, Domain::MailHost),
                ForeignKeyAction::Restrict,
            ))
            .take(),
    ));
    steps.push(unique(MailingList::Table, &[MailingList::Host, MailingList::Local], "mailing_list_name"));
}

fn people(engine: DbBackend, steps: &mut Vec<Step>) {
    let mut users = table(engine, User::Table)
        .col(uuid(User::Id).primary_key())
        .col(text(engine, User::DisplayName))
        .col(nullable(word(User::PasswordHash)))
        .col(flag(User::IsServerOwner))
        .col(nullable(uuid(User::PreferredAddress)))
        .col(moment(User::CreatedAt))
        .take();
    preferences(&mut users);
    steps.push(make(users));
    let mut address = table(engine, Address::Table)
        .col(uuid(Address::Id).primary_key())
        .col(word(Address::Key).unique_key())
        .col(word(Address::Spelling))
        .col(text(engine, Address::DisplayName))
        .col(nullable(uuid(Address::User)))
        .col(nullable(moment(Address::VerifiedAt)))
        .col(moment(Address::RegisteredAt))
        .foreign_key(&mut points(
            (Address::Table, Address::User),
            (User::Table, User::Id),
            ForeignKeyAction::SetNull,
        ))
        .take();
    preferences(&mut address);
    steps.push(make(address));
    steps.push(index(Address::Table, &[Address::User], "address_user"));
    let mut member = table(engine, Member::Table)
        .col(uuid(Member::Id).primary_key())
        .col(uuid(Member::List))
        .col(uuid(Member::Address))
        .col(word(Member::Role))
        .col(text(engine, Member::DisplayName))
        .col(nullable(word(Member::ModerationAction)))
        .col(moment(Member::CreatedAt))
        .foreign_key(&mut points(
            (Member::Table, Member::List),
            (MailingList::Table, MailingList::Id),
            ForeignKeyAction::Cascade,
        ))
        .foreign_key(&mut points(
            (Member::Table, Member::Address),
            (Address::Table, Address::Id),
            ForeignKeyAction::Cascade,
        ))
        .take();
    preferences(&mut member);
    steps.push(make(member));
    steps.push(unique(Member::Table, &[Member::List, Member::Address, Member::Role], "member_once"));
    steps.push(index(Member::Table, &[Member::List, Member::Role, Member::Id], "member_pages"));
    steps.push(index(Member::Table, &[Member::Address], "member_address"));
}

fn moderation(engine: DbBackend, steps: &mut Vec<Step>) {
    steps.push(make(
        table(engine, Ban::Table)
            .col(uuid(Ban::Id).primary_key())
            .col(uuid(Ban::Scope))
            .col(nullable(uuid(Ban::List)))
            .col(word(Ban::Entry))
            .col(word(Ban::Key))
            .col(flag(Ban::Exact))
            .col(moment(Ban::CreatedAt))
            .foreign_key(&mut points(
                (Ban::Table, Ban::List),
                (MailingList::Table, MailingList::Id),
                ForeignKeyAction::Cascade,
            ))
            .take(),
    ));
    steps.push(unique(Ban::Table, &[Ban::Scope, Ban::Key], "ban_once"));
    steps.push(make(
        table(engine, HeaderMatch::Table)
            .col(uuid(HeaderMatch::Id).primary_key())
            .col(uuid(HeaderMatch::List))
            .col(int(HeaderMatch::Position))
            .col(word(HeaderMatch::Header))
            .col(text(engine, HeaderMatch::Pattern))
            .col(nullable(word(HeaderMatch::Action)))
            .col(nullable(word(HeaderMatch::Tag)))
            .foreign_key(&mut points(
                (HeaderMatch::Table, HeaderMatch::List),
                (MailingList::Table, MailingList::Id),
                ForeignKeyAction::Cascade,
            ))
            .take(),
    ));
    steps.push(index(HeaderMatch::Table, &[HeaderMatch::List, HeaderMatch::Position], "header_match_order"));
    steps.push(make(
        table(engine, HeldMessage::Table)
            .col(uuid(HeldMessage::Id).primary_key())
            .col(long(HeldMessage::Number).unique_key())
            .col(uuid(HeldMessage::List))
            .col(text(engine, HeldMessage::Sender))
            .col(text(engine, HeldMessage::Subject))
            .col(text(engine, HeldMessage::MessageId))
            .col(word(HeldMessage::MessageIdHash))
            .col(text(engine, HeldMessage::Reasons))
            .col(text(engine, HeldMessage::Envelope))
            .col(moment(HeldMessage::HeldAt))
            .col(long(HeldMessage::Size))
            .foreign_key(&mut points(
                (HeldMessage::Table, HeldMessage::List),
                (MailingList::Table, MailingList::Id),
                ForeignKeyAction::Cascade,
            ))
            .take(),
    ));
    steps.push(index(HeldMessage::Table, &[HeldMessage::List, HeldMessage::Number], "held_message_pages"));
    steps.push(make(
        table(engine, HeldPiece::Table)
            .col(uuid(HeldPiece::Held))
            .col(int(HeldPiece::Place))
            .col(bytes(engine, HeldPiece::Bytes))
            .primary_key(Index::create().col(HeldPiece::Held).col(HeldPiece::Place))
            .foreign_key(&mut points(
                (HeldPiece::Table, HeldPiece::Held),
                (HeldMessage::Table, HeldMessage::Id),
                ForeignKeyAction::Cascade,
            ))
            .take(),
    ));
}

fn texts(engine: DbBackend, steps: &mut Vec<Step>) {
    steps.push(make(
        table(engine, Template::Table)
            .col(uuid(Template::Id).primary_key())
            .col(word(Template::Name))
            .col(word(Template::Context))
            .col(nullable(text(engine, Template::Uri)))
            .col(nullable(text(engine, Template::Body)))
            .col(text(engine, Template::Username))
            .col(text(engine, Template::Password))
            .take(),
    ));
    steps.push(unique(Template::Table, &[Template::Context, Template::Name], "template_once"));
    steps.push(make(
        table(engine, Pending::Table)
            .col(uuid(Pending::Id).primary_key())
            .col(word(Pending::TokenHash).unique_key())
            .col(word(Pending::Kind))
            .col(text(engine, Pending::Payload))
            .col(moment(Pending::ExpiresAt))
            .take(),
    ));
    steps.push(index(Pending::Table, &[Pending::ExpiresAt], "pending_expiry"));
}

pub(super) fn make(table: TableCreateStatement) -> Step {
    Step::Table(Box::new(table))
}

pub(super) fn unique<T: IntoIden + Copy + 'static>(table: T, columns: &[T], name: &str) -> Step {
    build(table, columns, name, true)
}

pub(super) fn index<T: IntoIden + Copy + 'static>(table: T, columns: &[T], name: &str) -> Step {
    build(table, columns, name, false)
}

fn build<T: IntoIden + Copy + 'static>(table: T, columns: &[T], name: &str, unique: bool) -> Step {
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
