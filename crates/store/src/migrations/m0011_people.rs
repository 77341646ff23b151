//! Memberships that follow a person, and the orders in which people are shown.

use sea_orm::DbBackend;
use sea_orm::sea_query::ForeignKeyAction;

use super::Step;
use super::columns::{points, table, uuid};
use super::m0001_begin::{index, make};
use crate::tables::{Address as A, Member as M, MemberByUser as B, MembershipRequest as R, User as U};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    vec![
        make(
            table(engine, B::Table)
                .col(uuid(B::Member).primary_key())
                .col(uuid(B::User))
                .foreign_key(&mut points((B::Table, B::Member), (M::Table, M::Id), ForeignKeyAction::Cascade))
                .foreign_key(&mut points((B::Table, B::User), (U::Table, U::Id), ForeignKeyAction::Cascade))
                .take(),
        ),
        index(B::Table, &[B::User], "member_by_user_user"),
        index(A::Table, &[A::Spelling], "address_spelling"),
        index(U::Table, &[U::CreatedAt, U::Id], "users_created"),
        index(R::Table, &[R::List, R::AskedAt], "membership_request_order"),
    ]
}
