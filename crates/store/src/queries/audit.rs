use data_encoding::HEXLOWER;
use posthaste_model::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::held::next_number;
use super::words::{cut, insert, json, unjson};
use crate::error::Fault;
use crate::tables::{Audit as A, Counter as C};
use crate::{Store, StoreError};

/// The series that numbers what people did.
const SERIES: &str = "audit";
/// Rows read at once while they are checked.
const PAGE: u64 = 1_000;

/// Something a person did, to be written down. Passwords and tokens have no place in it.
#[derive(Clone, PartialEq, Debug)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who, and by which way: `anne@example.com by mail`, `root on the command line`.
    pub who: String,
    /// What was done: `accept`, `set`, `subscribe` …
    pub action: String,
    /// The list-id; empty if it concerns no list.
    pub list: String,
    /// What it was done to: an address, a setting, a held post.
    pub object: String,
    /// What was there before; null if nothing was.
    pub was: Value,
    /// What is there now; null if nothing is.
    pub became: Value,
}

/// The same as it was written down.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AuditRecord {
    /// Its number: 1 is the first ever on this site.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What was done.
    pub action: String,
    /// The list-id; may be empty.
    pub list: String,
    /// What it was done to.
    pub object: String,
    /// What was there before.
    pub was: Value,
    /// What was there after.
    pub became: Value,
}

/// Which records are wanted; all if nothing is said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditWanted {
    /// Of this list-id.
    pub list: Option<String>,
    /// Whose `who` begins so.
    pub who: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// Done to this.
    pub object: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// With a number below this one: the page after a page.
    pub before: Option<i64>,
}

impl Store {
    /// Writes down what somebody did; its number.
    pub async fn audit(&self, entry: &AuditEntry) -> Result<i64, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let number = append(&db, entry).await?;
            db.commit(number).await
        })
        .await
    }

    /// A page of what people did, the newest first.
    pub async fn audit_page(&self, wanted: &AuditWanted, limit: u64) -> Result<Vec<AuditRecord>, StoreError> {
        let mut query = select();
        query.order_by(A::Number, Order::Desc).limit(limit);
        if let Some(list) = &wanted.list {
            query.and_where(Expr::col(A::List).eq(list));
        }
        if let Some(who) = &wanted.who {
            let exact: String =
                who.chars().flat_map(|c| if "%_\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
            query.and_where(
                Expr::col(A::Who).like(sea_orm::sea_query::LikeExpr::new(format!("{exact}%")).escape('\\')),
            );
        }
        if let Some(action) = &wanted.action {
            query.and_where(Expr::col(A::Action).eq(action));
        }
        if let Some(object) = &wanted.object {
            query.and_where(Expr::col(A::Object).eq(object));
        }
        if let Some(since) = wanted.since {
            query.and_where(Expr::col(A::At).gte(since.as_micros()));
        }
        if let Some(before) = wanted.before {
            query.and_where(Expr::col(A::Number).lt(before));
        }
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            Ok(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().map(|(r, _)| r).collect())
        })
        .await
    }

    /// Checks that nobody has changed, removed or slipped in a record since it was written. `Ok(Err(number))` names the
    /// first that is not as it was; `Ok(Ok(count))` says how many there are. What was removed from the beginning, by
    /// age, is no fault.
    pub async fn verify_audit(&self) -> Result<Result<u64, i64>, StoreError> {
        let (mut last, mut count): (Option<(i64, String)>, u64) = (None, 0);
        loop {
            let after = last.as_ref().map_or(0, |(number, _)| *number);
            let query = select()
                .and_where(Expr::col(A::Number).gt(after))
                .order_by(A::Number, Order::Asc)
                .limit(PAGE)
                .take();
            let page: Vec<(AuditRecord, String)> =
                self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await?;
            if page.is_empty() {
                break;
            }
            for (record, hash) in page {
                let right = match &last {
                    Some((before, of_before)) => {
                        record.number == before + 1 && hash == chained(of_before, &record)?
                    }
                    None if record.number == 1 => hash == chained("", &record)?,
                    // What came before it is gone, so it is believed.
                    None => true,
                };
                if !right {
                    return Ok(Err(record.number));
                }
                count += 1;
                last = Some((record.number, hash));
            }
        }
        let next =
            Query::select().column(C::Next).from(C::Table).and_where(Expr::col(C::Name).eq(SERIES)).take();
        let next: Option<i64> = self
            .reading(async |db| {
                Ok(db.query_one(&next).await?.map(|row| row.try_get_by_index(0)).transpose()?)
            })
            .await?;
        let wanted = last.map_or(1, |(number, _)| number + 1);
        Ok(if next.unwrap_or(1) == wanted { Ok(count) } else { Err(wanted) })
    }

    /// Forgets what was written down before this moment; says how many.
    pub async fn forget_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        let last = Query::select()
            .expr(Expr::col(A::Number).max())
            .from(A::Table)
            .and_where(Expr::col(A::At).lt(before.as_micros()))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let Some(row) = db.query_one(&last).await? else { return Ok(0) };
            let Some(last) = row.try_get_by_index::<Option<i64>>(0)? else { return Ok(0) };
            let delete =
                Query::delete().from_table(A::Table).and_where(Expr::col(A::Number).lte(last)).take();
            let gone = db.execute(&delete).await?.rows_affected();
            db.commit(gone).await
        })
        .await
    }
}

/// Writes a record as part of what it tells of: both are there, or neither is.
pub(super) async fn append(db: &DatabaseTransaction, entry: &AuditEntry) -> Result<i64, Fault> {
    // Whoever else writes one waits here, so that the record before ours is there for good.
    let number = next_number(db, SERIES).await?;
    let before =
        Query::select().column(A::Hash).from(A::Table).and_where(Expr::col(A::Number).eq(number - 1)).take();
    let before = match db.query_one(&before).await? {
        Some(row) => row.try_get_by_index::<String>(0)?,
        None => String::new(),
    };
    let record = AuditRecord {
        number,
        at: entry.at,
        who: cut(&entry.who),
        action: cut(&entry.action),
        list: cut(&entry.list),
        object: cut(&entry.object),
        was: entry.was.clone(),
        became: entry.became.clone(),
    };
    let row = [
        number.into(),
        record.at.as_micros().into(),
        record.who.as_str().into(),
        record.action.as_str().into(),
        record.list.as_str().into(),
        record.object.as_str().into(),
        json(&record.was)?.into(),
        json(&record.became)?.into(),
        chained(&before, &record)?.into(),
    ];
    db.execute(&insert(A::Table, COLUMNS, [row])).await?;
    Ok(number)
}

const COLUMNS: [A; 9] = [A::Number, A::At, A::Who, A::Action, A::List, A::Object, A::Was, A::Became, A::Hash];

fn select() -> SelectStatement {
    Query::select().columns(COLUMNS).from(A::Table).take()
}

fn read(row: &QueryResult) -> Result<(AuditRecord, String), Fault> {
    let record = AuditRecord {
        number: row.try_get_by_index(0)?,
        at: Timestamp::from_micros(row.try_get_by_index(1)?),
        who: row.try_get_by_index(2)?,
        action: row.try_get_by_index(3)?,
        list: row.try_get_by_index(4)?,
        object: row.try_get_by_index(5)?,
        was: unjson(&row.try_get_by_index::<String>(6)?)?,
        became: unjson(&row.try_get_by_index::<String>(7)?)?,
    };
    Ok((record, row.try_get_by_index(8)?))
}

/// The hash of a record: over the one before it and everything it says.
fn chained(before: &str, record: &AuditRecord) -> Result<String, StoreError> {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(json(record)?);
    Ok(HEXLOWER.encode(&hasher.finalize()))
}
