//! How our words are written in columns: the names serde gives them.

use posthaste_model::Address;
use sea_orm::sea_query::{InsertStatement, IntoIden, Query, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::error::odd;

/// The text of a one-word enum.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// The enum behind a text.
pub(crate) fn unword<T: DeserializeOwned>(text: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(odd)
}

/// The same for a column that may be NULL.
pub(crate) fn unword_opt<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>, StoreError> {
    text.map(unword).transpose()
}

/// A document.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(odd)
}

/// What a document says.
pub(crate) fn unjson<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(odd)
}

/// An address as it was stored.
pub(crate) fn address(spelling: &str) -> Result<Address, StoreError> {
    Address::parse(spelling).map_err(odd)
}

/// A text that fits a column of 255 characters.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(255).collect()
}

/// An INSERT whose rows are as long as its list of columns.
pub(crate) fn insert<C: IntoIden + 'static, const N: usize>(
    table: impl IntoIden,
    columns: [C; N],
    rows: impl IntoIterator<Item = [Value; N]>,
) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(table.into_iden()).columns(columns);
    for row in rows {
        insert.values_panic(row.map(sea_orm::sea_query::Expr::val));
    }
    insert
}
