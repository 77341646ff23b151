use std::time::Duration;

use posthaste_model::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::words::insert;
use crate::error::Fault;
use crate::tables::{Automatic as M, Block as B, Counter as C};
use crate::{Store, StoreError};

/// The row on which those who count wait for each other.
const TURN: &str = "automatic";

/// A mail that is to be sent without a person's doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spending {
    /// Which mail: asking again about the same one spends nothing more.
    pub id: Uuid,
    /// What for; each kind has its own account.
    pub kind: &'static str,
    /// To whom, folded. Up to 255 characters.
    pub target: String,
    /// On whose account; empty = on nobody's. Up to 255 characters.
    pub scope: String,
    /// When.
    pub at: Timestamp,
}

/// How many mails there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// To one target, within `target_span`.
    pub per_target: u64,
    /// See `per_target`.
    pub target_span: Duration,
    /// On one account, within `scope_span`.
    pub per_scope: u64,
    /// See `per_scope`.
    pub scope_span: Duration,
}

/// What came of asking for money.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spent {
    /// The mail may be sent; it counts from now on.
    Granted,
    /// The target had its share.
    TargetFull,
    /// Whoever asks for it had their share.
    ScopeFull,
}

impl Store {
    /// Counts a mail against the budget, unless that is used up. Those who ask at once are counted one after the other.
    pub async fn spend(&self, spending: &Spending, budget: &Budget) -> Result<Spent, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            turn(&db).await?;
            let known = count(&db, Expr::col(M::Id).eq(spending.id)).await? > 0;
            if known {
                return db.commit(Spent::Granted).await;
            }
            let of_kind = |column: M, value: &str, span: Duration| {
                Expr::col(column)
                    .eq(value)
                    .and(Expr::col(M::At).gt(spending.at.minus(span).as_micros()))
                    .and(Expr::col(M::Kind).eq(spending.kind))
            };
            let target = of_kind(M::Target, &spending.target, budget.target_span);
            if count(&db, target).await? >= budget.per_target {
                return db.commit(Spent::TargetFull).await;
            }
            if !spending.scope.is_empty() {
                let scope = of_kind(M::Scope, &spending.scope, budget.scope_span);
                if count(&db, scope).await? >= budget.per_scope {
                    return db.commit(Spent::ScopeFull).await;
                }
            }
            let row = [
                spending.id.into(),
                spending.kind.into(),
                spending.target.as_str().into(),
                spending.scope.as_str().into(),
                spending.at.as_micros().into(),
            ];
            db.execute(&insert(M::Table, [M::Id, M::Kind, M::Target, M::Scope, M::At], [row])).await?;
            db.commit(Spent::Granted).await
        })
        .await
    }

    /// From now on nothing unasked is written to this target. Blocked already: nothing happens.
    pub async fn block(&self, target: &str, at: Timestamp) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let mut insert = insert(B::Table, [B::Target, B::At], [[target.into(), at.as_micros().into()]]);
            insert.on_conflict(OnConflict::column(B::Target).do_nothing_on([B::Target]).to_owned());
            db.execute(&insert).await?;
            db.commit(()).await
        })
        .await
    }

    /// The target may be written to again; says whether it was blocked.
    pub async fn unblock(&self, target: &str) -> Result<bool, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let delete =
                Query::delete().from_table(B::Table).and_where(Expr::col(B::Target).eq(target)).take();
            let done = db.execute(&delete).await?.rows_affected() > 0;
            db.commit(done).await
        })
        .await
    }

    /// True if the target wants to be left alone.
    pub async fn is_blocked(&self, target: &str) -> Result<bool, StoreError> {
        let query = Query::select()
            .column(B::Target)
            .from(B::Table)
            .and_where(Expr::col(B::Target).eq(target))
            .take();
        self.reading(async |db| Ok(db.query_one(&query).await?.is_some())).await
    }
}

/// Waits until nobody else counts.
async fn turn(db: &DatabaseTransaction) -> Result<(), Fault> {
    let mut row = insert(C::Table, [C::Name, C::Next], [[TURN.into(), 0_i64.into()]]);
    row.on_conflict(OnConflict::column(C::Name).do_nothing_on([C::Name]).to_owned());
    db.execute(&row).await?;
    let update = Query::update()
        .table(C::Table)
        .value(C::Next, Expr::col(C::Next).add(1_i64))
        .and_where(Expr::col(C::Name).eq(TURN))
        .take();
    db.execute(&update).await?;
    Ok(())
}

async fn count(db: &DatabaseTransaction, which: SimpleExpr) -> Result<u64, Fault> {
    let query = Query::select().expr(Expr::col(M::Id).count()).from(M::Table).and_where(which).take();
    match db.query_one(&query).await? {
        Some(row) => Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs()),
        None => Ok(0),
    }
}
