//! What the REST interface keeps: tokens, and owners and pages of domains.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyAction, Index};

use super::Step;
use super::columns::{moment, nullable, points, table, text, uuid, word};
use super::m0001_begin::make;
use crate::tables::{ApiToken as T, Domain as D, DomainOwner as O, DomainPage as P, User as U};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    vec![
        make(
            table(engine, T::Table)
                .col(uuid(T::Id).primary_key())
                .col(word(T::Name).unique_key())
                .col(word(T::Hash).unique_key())
                .col(word(T::Reach))
                .col(word(T::Target))
                .col(word(T::Kinds))
                .col(moment(T::CreatedAt))
                .col(nullable(moment(T::ExpiresAt)))
                .col(nullable(moment(T::RevokedAt)))
                .col(nullable(moment(T::LastUsedAt)))
                .take(),
        ),
        make(
            table(engine, O::Table)
                .col(uuid(O::Domain))
                .col(uuid(O::User))
                .primary_key(Index::create().col(O::Domain).col(O::User))
                .foreign_key(&mut points((O::Table, O::Domain), (D::Table, D::Id), ForeignKeyAction::Cascade))
                .foreign_key(&mut points((O::Table, O::User), (U::Table, U::Id), ForeignKeyAction::Cascade))
                .take(),
        ),
        make(
            table(engine, P::Table)
                .col(uuid(P::Domain).primary_key())
                .col(text(engine, P::BaseUrl))
                .foreign_key(&mut points((P::Table, P::Domain), (D::Table, D::Id), ForeignKeyAction::Cascade))
                .take(),
        ),
    ]
}
