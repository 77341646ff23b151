use std::collections::HashMap;
use std::time::Duration;

use posthaste_model::Timestamp;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SimpleExpr};
use uuid::Uuid;

use super::words::{cut, insert};
use crate::error::odd;
use crate::tables::Mark as M;
use crate::{Store, StoreError};

/// Clocks of two machines do not differ so much, unless one is wrong.
const TOMORROW: Duration = Duration::from_hours(24);

/// A mark that somebody set on something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Who.
    pub who: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Sets the mark `name` on `scope`, unless one stands there from `stale` or later that is not the same person's (nobody,
    /// an empty `who`, is not the same as nobody). One from more than a day after `mark` was set by a clock that was wrong,
    /// and stands in nobody's way. `None` if it is set now, else the mark that stands. Of several who
    /// ask at once, one gets it.
    pub async fn mark(
        &self,
        name: &str,
        scope: Uuid,
        mark: &Mark,
        stale: Timestamp,
    ) -> Result<Option<Mark>, StoreError> {
        let who = cut(&mark.who);
        self.writing(|| async {
            let db = self.begin().await?;
            let row = [name.into(), scope.into(), who.as_str().into(), mark.at.as_micros().into()];
            let mut first = insert(M::Table, [M::Name, M::Scope, M::Who, M::At], [row]);
            let known = OnConflict::columns([M::Name, M::Scope]).do_nothing_on([M::Name]).to_owned();
            db.execute(first.on_conflict(known)).await?;
            let stands =
                Query::select().columns([M::Who, M::At]).from(M::Table).and_where(this(name, scope)).take();
            let Some(stands) = db.query_one(&stands).await? else {
                return Err(odd("a mark went while it was set").into());
            };
            let stands = Mark {
                who: stands.try_get_by_index(0)?,
                at: Timestamp::from_micros(stands.try_get_by_index(1)?),
            };
            let set = stands.who == who && stands.at == mark.at;
            let theirs = stands.who == who && !who.is_empty();
            let wrong = stands.at > mark.at.plus(TOMORROW);
            if !set && !theirs && !wrong && stands.at >= stale {
                return Ok(Some(stands));
            }
            let update = Query::update()
                .table(M::Table)
                .value(M::Who, who.as_str())
                .value(M::At, mark.at.as_micros())
                .and_where(this(name, scope))
                .take();
            db.execute(&update).await?;
            db.commit(None).await
        })
        .await
    }

    /// Takes a mark away; says whether it was there.
    pub async fn unmark(&self, name: &str, scope: Uuid) -> Result<bool, StoreError> {
        let delete = Query::delete().from_table(M::Table).and_where(this(name, scope)).take();
        self.writing(|| async {
            let db = self.begin().await?;
            let done = db.execute(&delete).await?.rows_affected() > 0;
            db.commit(done).await
        })
        .await
    }

    /// Takes away every mark of this name from before this moment.
    pub async fn forget_marks(&self, name: &str, before: Timestamp) -> Result<u64, StoreError> {
        let delete = Query::delete()
            .from_table(M::Table)
            .and_where(Expr::col(M::Name).eq(name))
            .and_where(Expr::col(M::At).lt(before.as_micros()))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let done = db.execute(&delete).await?.rows_affected();
            db.commit(done).await
        })
        .await
    }

    /// All marks of this name.
    pub async fn marks(&self, name: &str) -> Result<HashMap<Uuid, Mark>, StoreError> {
        let query = Query::select()
            .columns([M::Scope, M::Who, M::At])
            .from(M::Table)
            .and_where(Expr::col(M::Name).eq(name))
            .take();
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter()
                .map(|row| {
                    let at = Timestamp::from_micros(row.try_get_by_index(2)?);
                    Ok((row.try_get_by_index(0)?, Mark { who: row.try_get_by_index(1)?, at }))
                })
                .collect()
        })
        .await
    }
}

fn this(name: &str, scope: Uuid) -> SimpleExpr {
    Expr::col(M::Name).eq(name).and(Expr::col(M::Scope).eq(scope))
}
