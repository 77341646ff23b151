//! Failures of members, and how members stand because of them.

use sea_orm::DbBackend;
use sea_orm::sea_query::ForeignKeyAction;

use super::Step;
use super::columns::{bytes, flag, long, moment, nullable, points, table, text, uuid, word};
use super::m0001_begin::{index, make};
use crate::tables::{BounceEvent as E, BounceStanding as S, MailingList as L, Member as M};

pub(super) fn steps(engine: DbBackend) -> Vec<Step> {
    vec![
        make(
            table(engine, S::Table)
                .col(uuid(S::Member).primary_key())
                .col(long(S::Score))
                .col(flag(S::Proven))
                .col(nullable(moment(S::LastBounce)))
                .col(text(engine, S::Reason))
                .col(nullable(moment(S::DisabledAt)))
                .col(long(S::Warnings))
                .col(nullable(moment(S::LastWarning)))
                .col(nullable(word(S::ProbeHash)))
                .col(nullable(moment(S::ProbedAt)))
                .foreign_key(&mut points((S::Table, S::Member), (M::Table, M::Id), ForeignKeyAction::Cascade))
                .take(),
        ),
        index(S::Table, &[S::DisabledAt, S::Member], "bounce_standing_off"),
        index(S::Table, &[S::ProbeHash], "bounce_standing_probe"),
        make(
            table(engine, E::Table)
                .col(uuid(E::Id).primary_key())
                .col(uuid(E::List))
                .col(word(E::Address))
                .col(word(E::Domain))
                .col(moment(E::At))
                .col(long(E::Day))
                .col(word(E::Blame))
                .col(flag(E::Proven))
                .col(flag(E::Probe))
                .col(word(E::Status))
                .col(text(engine, E::Diagnostic))
                .col(word(E::Post))
                .col(word(E::Verdict))
                .col(nullable(bytes(engine, E::Report)))
                .foreign_key(&mut points((E::Table, E::List), (L::Table, L::Id), ForeignKeyAction::Cascade))
                .take(),
        ),
        index(E::Table, &[E::Verdict, E::At], "bounce_event_due"),
        index(E::Table, &[E::Domain, E::At], "bounce_event_domain"),
        index(E::Table, &[E::Post], "bounce_event_post"),
        index(E::Table, &[E::List, E::Address, E::At], "bounce_event_member"),
        index(E::Table, &[E::At], "bounce_event_age"),
    ]
}
