//! The seven preference columns of members, addresses and users.

use posthaste_model::{DeliveryMode, DeliveryStatus, Preferences};
use sea_orm::QueryResult;
use sea_orm::sea_query::{Alias, Expr, IntoIden, SelectStatement, Value};

use super::words::{unword_opt, word};
use crate::error::Fault;
use crate::tables::Preference;

const COLUMNS: [Preference; 7] = [
    Preference::AcknowledgePosts,
    Preference::DeliveryMode,
    Preference::DeliveryStatus,
    Preference::HideAddress,
    Preference::PreferredLanguage,
    Preference::ReceiveListCopy,
    Preference::ReceiveOwnPostings,
];

/// Adds the columns of `table` to a query, under names that [`read`] finds by the same `prefix`.
pub(crate) fn select(query: &mut SelectStatement, table: impl IntoIden + Copy, prefix: char) {
    for (i, column) in COLUMNS.into_iter().enumerate() {
        query.expr_as(Expr::col((table, column)), Alias::new(format!("{prefix}{i}")));
    }
}

/// Reads what [`select`] asked for.
pub(crate) fn read(row: &QueryResult, prefix: char) -> Result<Preferences, Fault> {
    let name = |i: u8| format!("{prefix}{i}");
    Ok(Preferences {
        acknowledge_posts: row.try_get_by(name(0).as_str())?,
        delivery_mode: unword_opt(row.try_get_by(name(1).as_str())?)?,
        delivery_status: unword_opt(row.try_get_by(name(2).as_str())?)?,
        hide_address: row.try_get_by(name(3).as_str())?,
        preferred_language: row.try_get_by(name(4).as_str())?,
        receive_list_copy: row.try_get_by(name(5).as_str())?,
        receive_own_postings: row.try_get_by(name(6).as_str())?,
    })
}

/// The columns with their values.
pub(crate) fn values(p: &Preferences) -> [(Preference, Value); 7] {
    let values: [Value; 7] = [
        p.acknowledge_posts.into(),
        p.delivery_mode.as_ref().map(word::<DeliveryMode>).into(),
        p.delivery_status.as_ref().map(word::<DeliveryStatus>).into(),
        p.hide_address.into(),
        p.preferred_language.clone().into(),
        p.receive_list_copy.into(),
        p.receive_own_postings.into(),
    ];
    let mut columns = COLUMNS.into_iter();
    values.map(|value| (columns.next().unwrap_or(Preference::AcknowledgePosts), value))
}
