//! A whole page of recipients as one text, put together inside `SQLite`.
//!
//! The driver hands each row of `SQLite` from thread to thread and copies every value on the way, which costs several
//! times as much as finding the row. One text for five thousand rows is handed over once.

use sea_orm::QueryResult;
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use uuid::Uuid;

use super::recipients::RecipientRow;
use crate::error::Fault;

/// Between rows, and between values. Names that hold one of them make the text unreadable, and the page is then read
/// row by row.
const ROW: char = '\u{1e}';
const VALUE: char = '\u{1f}';

const PACK: &str = "group_concat(hex(member_id) || char(31) || spelling || char(31) \
    || (CASE WHEN member_name <> '' THEN member_name ELSE address_name END) || char(31) \
    || coalesce(own_postings, '') || char(31) || coalesce(list_copy, '') || char(31) \
    || coalesce(language, ''), char(30))";

/// Packs the rows of a query for a page of recipients.
pub(super) fn query(page: &SelectStatement) -> SelectStatement {
    Query::select()
        .expr(Expr::cust("count(*)"))
        .expr(Expr::cust(PACK))
        .from_subquery(page.clone(), "page")
        .take()
}

/// The rows; `None` if they have to be read one by one.
pub(super) fn read(row: Option<QueryResult>) -> Result<Option<Vec<RecipientRow>>, Fault> {
    let Some(row) = row else { return Ok(None) };
    let count: i64 = row.try_get_by_index(0)?;
    let text: Option<String> = row.try_get_by_index(1)?;
    Ok(unpack(usize::try_from(count).unwrap_or_default(), text.as_deref()))
}

fn unpack(count: usize, text: Option<&str>) -> Option<Vec<RecipientRow>> {
    let mut rows = Vec::with_capacity(count);
    if let Some(text) = text {
        for line in text.split(ROW) {
            rows.push(unpack_row(line)?);
        }
    }
    if rows.len() != count {
        return None;
    }
    // SQLite feeds its aggregates in the order of the rows, but does not promise to; pages go by the key.
    if !rows.is_sorted_by_key(|row| row.member) {
        rows.sort_by_key(|row| row.member);
    }
    Some(rows)
}

fn unpack_row(line: &str) -> Option<RecipientRow> {
    let mut values = line.split(VALUE);
    let flag = |value: &str| match value {
        "" | "1" => Some(true),
        "0" => Some(false),
        _ => None,
    };
    let row = RecipientRow {
        member: Uuid::try_parse_ascii(values.next()?.as_bytes()).ok()?,
        address: values.next()?.to_owned(),
        name: values.next()?.to_owned(),
        own_postings: flag(values.next()?)?,
        list_copy: flag(values.next()?)?,
        language: values.next().map(str::to_owned).map(|l| (!l.is_empty()).then_some(l))?,
    };
    values.next().is_none().then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00000000000000000000000000000001\u{1f}Anne@example.org\u{1f}Anne\u{1f}\u{1f}0\u{1f}de";
    const B: &str = "00000000000000000000000000000002\u{1f}b@example.org\u{1f}\u{1f}1\u{1f}1\u{1f}";

    #[test]
    fn rows_come_out_as_they_went_in() {
        let anne = RecipientRow {
            member: Uuid::from_u128(1),
            address: "Anne@example.org".into(),
            name: "Anne".into(),
            own_postings: true,
            list_copy: false,
            language: Some("de".into()),
        };
        assert_eq!(unpack_row(A), Some(anne.clone()));
        let rows = unpack(2, Some(&format!("{B}\u{1e}{A}"))).unwrap();
        assert_eq!(rows.first(), Some(&anne), "by key, whatever the order");
        assert_eq!(
            rows.get(1).map(|r| (r.own_postings, r.list_copy, r.language.clone())),
            Some((true, true, None))
        );
        assert_eq!(unpack(0, None), Some(vec![]));
    }

    #[test]
    fn what_is_not_clear_is_read_row_by_row() {
        for (count, text) in [
            (1, format!("{A}\u{1e}{B}")),
            (2, A.to_owned()),
            (1, format!("{A}\u{1f}")),
            (1, A.replace("Anne\u{1f}", "An\u{1f}ne\u{1f}")),
            (2, A.replace("Anne\u{1f}", "An\u{1e}ne\u{1f}")),
            (1, A.replace("0\u{1f}de", "2\u{1f}de")),
            (1, A.replace("0001", "000x")),
        ] {
            assert_eq!(unpack(count, Some(&text)), None, "{text:?}");
        }
    }
}
