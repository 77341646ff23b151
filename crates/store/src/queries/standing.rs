//! How members stand because mail to them failed.

use posthaste_model::{DeliveryStatus, Member, Role, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use serde::Serialize;
use uuid::Uuid;

use super::bounces::BounceVerdict;
use super::members;
use super::pendings::digest;
use super::words::{insert, word};
use crate::error::Fault;
use crate::tables::{BounceEvent as E, BounceStanding as S, Member as M, Preference as P};
use crate::{ROWS, Store, StoreError};

/// How a member stands.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Standing {
    /// Days in a row that count.
    pub score: u64,
    /// None of them can be forged.
    pub proven: bool,
    /// The last failure.
    pub last_bounce: Option<Timestamp>,
    /// What was said then.
    pub reason: String,
    /// Since when delivery is switched off for it.
    pub disabled_at: Option<Timestamp>,
    /// Warnings since then.
    pub warnings: u64,
    /// The last of them.
    pub last_warning: Option<Timestamp>,
    /// When the last probe was sent.
    pub probed_at: Option<Timestamp>,
}

/// What became of a failure, and what changes with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BounceEnd<'a> {
    /// The failure.
    pub event: Uuid,
    /// What is written beside it.
    pub verdict: BounceVerdict,
    /// The member and how they stand from now on.
    pub standing: Option<(Uuid, &'a Standing)>,
    /// Delivery is switched off.
    pub disable: bool,
    /// The token of the probe that is sent.
    pub probe: Option<&'a str>,
}

impl Store {
    /// How a member stands.
    pub async fn standing(&self, member: Uuid) -> Result<Standing, StoreError> {
        let query =
            columns(&mut Query::select()).from(S::Table).and_where(Expr::col(S::Member).eq(member)).take();
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => read(&row),
            None => Ok(Standing::default()),
        })
        .await
    }

    /// Ends a failure, with all that follows for the member, in one step. Done again, it changes nothing more.
    pub async fn end_bounce(&self, end: BounceEnd<'_>) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let mark = Query::update()
                .table(E::Table)
                .value(E::Verdict, word(&end.verdict))
                .and_where(Expr::col(E::Id).eq(end.event))
                .and_where(Expr::col(E::Verdict).eq(BounceVerdict::Waiting.name()))
                .take();
            if db.execute(&mark).await?.rows_affected() == 0 {
                return Ok(());
            }
            if let Some((member, standing)) = end.standing
                && is_there(&db, member).await?
            {
                put(&db, member, standing, end.probe).await?;
                if end.disable {
                    set_status(&db, member, Some(DeliveryStatus::ByBounces)).await?;
                }
            }
            db.commit(()).await
        })
        .await
    }

    /// Writes how a member stands. Nothing happens if the member is gone.
    pub async fn set_standing(&self, member: Uuid, standing: &Standing) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            if is_there(&db, member).await? {
                put(&db, member, standing, None).await?;
            }
            db.commit(()).await
        })
        .await
    }

    /// Forgets a member's failures, and switches delivery on again if it was switched off for them; says whether it was.
    pub async fn forgive(&self, member: Uuid) -> Result<bool, StoreError> {
        let forget = Query::delete().from_table(S::Table).and_where(Expr::col(S::Member).eq(member)).take();
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(&forget).await?;
            let mut on = Query::update();
            on.table(M::Table)
                .value(P::DeliveryStatus, Option::<String>::None)
                .and_where(Expr::col(M::Id).eq(member))
                .and_where(Expr::col(P::DeliveryStatus).eq(word(&DeliveryStatus::ByBounces)));
            let was_off = db.execute(&on).await?.rows_affected() > 0;
            db.commit(was_off).await
        })
        .await
    }

    /// List and membership of the probe with this token.
    pub async fn probed(&self, token: &str) -> Result<Option<(Uuid, Uuid, Timestamp)>, StoreError> {
        let query = Query::select()
            .column((M::Table, M::List))
            .column((M::Table, M::Id))
            .column((S::Table, S::ProbedAt))
            .from(S::Table)
            .inner_join(M::Table, Expr::col((M::Table, M::Id)).equals((S::Table, S::Member)))
            .and_where(Expr::col((S::Table, S::ProbeHash)).eq(digest(token)))
            .take();
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => {
                let at: Option<i64> = row.try_get_by_index(2)?;
                let at = Timestamp::from_micros(at.unwrap_or_default());
                Ok(Some((row.try_get_by_index(0)?, row.try_get_by_index(1)?, at)))
            }
            None => Ok(None),
        })
        .await
    }

    /// A page of those whose delivery is switched off for bounces, over all lists, in the order of their keys.
    pub async fn off_for_bounces(
        &self,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Member, Standing)>, StoreError> {
        let mut query = members::everywhere();
        columns(&mut query)
            .inner_join(S::Table, Expr::col((S::Table, S::Member)).equals((M::Table, M::Id)))
            .and_where(Expr::col((S::Table, S::DisabledAt)).is_not_null())
            .order_by((M::Table, M::Id), Order::Asc)
            .limit(limit);
        if let Some(after) = after {
            query.and_where(Expr::col((M::Table, M::Id)).gt(after));
        }
        self.pairs(&query).await
    }

    /// A page of those of a list who have a score or are switched off.
    pub async fn standings(
        &self,
        list: Uuid,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Member, Standing)>, StoreError> {
        let mut query = members::everywhere();
        columns(&mut query)
            .inner_join(S::Table, Expr::col((S::Table, S::Member)).equals((M::Table, M::Id)))
            .and_where(Expr::col((M::Table, M::List)).eq(list))
            .order_by((M::Table, M::Id), Order::Asc)
            .limit(limit);
        if let Some(after) = after {
            query.and_where(Expr::col((M::Table, M::Id)).gt(after));
        }
        self.pairs(&query).await
    }

    /// Gives a standing to those who were switched off for bounces by somebody else; says how many.
    pub async fn adopt_off_for_bounces(&self, now: Timestamp) -> Result<u64, StoreError> {
        let query = Query::select()
            .column((M::Table, M::Id))
            .from(M::Table)
            .left_join(S::Table, Expr::col((S::Table, S::Member)).equals((M::Table, M::Id)))
            .and_where(Expr::col((M::Table, M::Role)).eq(Role::Member.name()))
            .and_where(Expr::col((M::Table, P::DeliveryStatus)).eq(word(&DeliveryStatus::ByBounces)))
            .and_where(Expr::col((S::Table, S::DisabledAt)).is_null())
            .limit(ROWS as u64)
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let rows = db.query_all(&query).await?;
            for row in &rows {
                let standing = Standing { disabled_at: Some(now), ..Standing::default() };
                put(&db, row.try_get_by_index(0)?, &standing, None).await?;
            }
            db.commit(rows.len() as u64).await
        })
        .await
    }

    async fn pairs(&self, query: &SelectStatement) -> Result<Vec<(Member, Standing)>, StoreError> {
        self.reading(async |db| {
            let rows = db.query_all(query).await?;
            rows.iter().map(|row| Ok((members::read(row)?, read(row)?))).collect()
        })
        .await
    }
}

async fn is_there(db: &DatabaseTransaction, member: Uuid) -> Result<bool, Fault> {
    let query = Query::select().column(M::Id).from(M::Table).and_where(Expr::col(M::Id).eq(member)).take();
    Ok(db.query_one(&query).await?.is_some())
}

async fn set_status(
    db: &DatabaseTransaction,
    member: Uuid,
    status: Option<DeliveryStatus>,
) -> Result<(), Fault> {
    let update = Query::update()
        .table(M::Table)
        .value(P::DeliveryStatus, status.as_ref().map(word::<DeliveryStatus>))
        .and_where(Expr::col(M::Id).eq(member))
        .take();
    db.execute(&update).await?;
    Ok(())
}

async fn put(
    db: &DatabaseTransaction,
    member: Uuid,
    standing: &Standing,
    probe: Option<&str>,
) -> Result<(), Fault> {
    let moment = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let row = [
        member.into(),
        number(standing.score).into(),
        standing.proven.into(),
        moment(standing.last_bounce).into(),
        standing.reason.as_str().into(),
        moment(standing.disabled_at).into(),
        number(standing.warnings).into(),
        moment(standing.last_warning).into(),
        moment(standing.probed_at).into(),
        probe.map(digest).into(),
    ];
    let mut columns = vec![
        S::Member,
        S::Score,
        S::Proven,
        S::LastBounce,
        S::Reason,
        S::DisabledAt,
        S::Warnings,
        S::LastWarning,
        S::ProbedAt,
    ];
    let all: [S; 10] = [
        S::Member,
        S::Score,
        S::Proven,
        S::LastBounce,
        S::Reason,
        S::DisabledAt,
        S::Warnings,
        S::LastWarning,
        S::ProbedAt,
        S::ProbeHash,
    ];
    if probe.is_some() {
        columns.push(S::ProbeHash);
    }
    columns.remove(0);
    let mut insert = insert(S::Table, all, [row]);
    insert.on_conflict(OnConflict::column(S::Member).update_columns(columns).to_owned());
    db.execute(&insert).await?;
    Ok(())
}

/// The columns [`read`] finds, by names that no other table's columns have in the same query.
fn columns(query: &mut SelectStatement) -> &mut SelectStatement {
    for (column, name) in COLUMNS {
        query.expr_as(Expr::col((S::Table, column)), name);
    }
    query
}

const COLUMNS: [(S, &str); 8] = [
    (S::Score, "s_score"),
    (S::Proven, "s_proven"),
    (S::LastBounce, "s_last_bounce"),
    (S::Reason, "s_reason"),
    (S::DisabledAt, "s_disabled_at"),
    (S::Warnings, "s_warnings"),
    (S::LastWarning, "s_last_warning"),
    (S::ProbedAt, "s_probed_at"),
];

fn read(row: &QueryResult) -> Result<Standing, Fault> {
    let moment =
        |name: &str| Ok::<_, Fault>(row.try_get_by::<Option<i64>, _>(name)?.map(Timestamp::from_micros));
    let number = |name: &str| Ok::<_, Fault>(row.try_get_by::<i64, _>(name)?.unsigned_abs());
    Ok(Standing {
        score: number("s_score")?,
        proven: row.try_get_by("s_proven")?,
        last_bounce: moment("s_last_bounce")?,
        reason: row.try_get_by("s_reason")?,
        disabled_at: moment("s_disabled_at")?,
        warnings: number("s_warnings")?,
        last_warning: moment("s_last_warning")?,
        probed_at: moment("s_probed_at")?,
    })
}
