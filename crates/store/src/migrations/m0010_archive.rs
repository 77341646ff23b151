//! The archive: what it remembers of posts, threads, and parents that may still come.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyAction, IntoIden};

use super::Step;
use super::columns::{int, long, moment, nullable, points, table, text, uuid, word};
use super::m0001_begin::{index, make, unique};
use crate::tables::{
    ArchiveShelf as S, ArchiveWish as W, ArchivedMessage as M, ArchivedThread as T, MailingList as L,
};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    vec![
        make(
            table(engine, S::Table)
                .col(uuid(S::List).primary_key())
                .col(long(S::Revision))
                .col(long(S::Messages))
                .col(long(S::Threads))
                .foreign_key(&mut of_list(S::Table, S::List))
                .take(),
        ),
        make(
            table(engine, M::Table)
                .col(uuid(M::Id).primary_key())
                .col(uuid(M::List))
                .col(word(M::Hash))
                .col(text(engine, M::MessageId))
                .col(word(M::Body))
                .col(long(M::Size))
                .col(word(M::Thread))
                .col(nullable(word(M::Parent)))
                .col(text(engine, M::Author))
                .col(word(M::Address))
                .col(text(engine, M::Subject))
                .col(word(M::Topic))
                .col(text(engine, M::Beginning))
                .col(text(engine, M::Words))
                .col(int(M::Files))
                .col(moment(M::At))
                .col(int(M::Month))
                .col(moment(M::KeptAt))
                .foreign_key(&mut of_list(M::Table, M::List))
                .take(),
        ),
        unique(M::Table, &[M::List, M::Hash], "archived_message_once"),
        index(M::Table, &[M::List, M::Thread, M::At], "archived_message_thread"),
        index(M::Table, &[M::List, M::At, M::Id], "archived_message_time"),
        index(M::Table, &[M::List, M::Month], "archived_message_month"),
        index(M::Table, &[M::List, M::Topic, M::At], "archived_message_topic"),
        index(M::Table, &[M::Hash], "archived_message_hash"),
        make(
            table(engine, T::Table)
                .col(uuid(T::Id).primary_key())
                .col(uuid(T::List))
                .col(word(T::Hash))
                .col(text(engine, T::Subject))
                .col(text(engine, T::Author))
                .col(text(engine, T::Beginning))
                .col(moment(T::Started))
                .col(moment(T::Active))
                .col(long(T::Messages))
                .col(long(T::Revision))
                .foreign_key(&mut of_list(T::Table, T::List))
                .take(),
        ),
        unique(T::Table, &[T::List, T::Hash], "archived_thread_once"),
        index(T::Table, &[T::List, T::Active, T::Id], "archived_thread_active"),
        make(
            table(engine, W::Table)
                .col(uuid(W::Id).primary_key())
                .col(uuid(W::List))
                .col(word(W::Wants))
                .col(word(W::Child))
                .col(int(W::Place))
                .foreign_key(&mut of_list(W::Table, W::List))
                .take(),
        ),
        unique(W::Table, &[W::List, W::Wants, W::Child], "archive_wish_once"),
    ]
}

/// What goes with its list.
fn of_list<T: IntoIden + Copy>(table: T, column: T) -> sea_orm::sea_query::ForeignKeyCreateStatement {
    points((table, column), (L::Table, L::Id), ForeignKeyAction::Cascade)
}
