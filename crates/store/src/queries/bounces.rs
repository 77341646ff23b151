//! Failures as they are told to us, until each is judged; and how many there are around one.

use bytes::Bytes;
use posthaste_model::{Role, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::words::{insert, unword, word};
use crate::error::Fault;
use crate::tables::{Address as A, BounceEvent as E, Member as M};
use crate::{ROWS, Store, StoreError};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// What became of a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BounceVerdict {
    /// Not judged yet.
    Waiting,
    /// Counts.
    Counted,
    /// The day counts already.
    SameDay,
    /// Delivery is switched off already.
    Off,
    /// The address is no member.
    NoMember,
    /// The post is to blame: it was refused at many.
    Post,
    /// The member's provider is to blame: many failed there.
    Outage,
    /// Nobody could tell whose failure it is; the owners got it.
    Forwarded,
    /// The same, after they had got enough for a day.
    Dropped,
}

impl BounceVerdict {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Counted => "counted",
            Self::SameDay => "same-day",
            Self::Off => "off",
            Self::NoMember => "no-member",
            Self::Post => "post",
            Self::Outage => "outage",
            Self::Forwarded => "forwarded",
            Self::Dropped => "dropped",
        }
    }
}

/// One failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BounceEvent {
    /// Made from the entry that told it, so that telling it twice makes one.
    pub id: Uuid,
    /// The list's key.
    pub list: Uuid,
    /// The address, folded.
    pub address: String,
    /// When.
    pub at: Timestamp,
    /// Who is to blame, by what the reply says.
    pub blame: String,
    /// It cannot be forged.
    pub proven: bool,
    /// It answers a probe.
    pub probe: bool,
    /// The enhanced status (RFC 3463); may be empty.
    pub status: String,
    /// What the mail server said.
    pub diagnostic: String,
    /// Which post: the same text for the same post; may be empty.
    pub post: String,
    /// What became of it.
    pub verdict: BounceVerdict,
    /// The beginning of the report, for a while.
    pub report: Option<Bytes>,
}

impl Store {
    /// Keeps failures; those that are there already stay as they are.
    pub async fn add_bounces(&self, events: &[BounceEvent]) -> Result<(), StoreError> {
        for chunk in events.chunks(ROWS / 4) {
            self.writing(|| async {
                let db = self.begin().await?;
                add(&db, chunk).await?;
                db.commit(()).await
            })
            .await?;
        }
        Ok(())
    }

    /// The oldest failures that are to be judged: told no later than `until`.
    pub async fn bounces_due(&self, until: Timestamp, limit: u64) -> Result<Vec<BounceEvent>, StoreError> {
        let mut query = query();
        query
            .and_where(Expr::col(E::Verdict).eq(BounceVerdict::Waiting.name()))
            .and_where(Expr::col(E::At).lte(until.as_micros()))
            .order_by(E::At, Order::Asc)
            .order_by(E::Id, Order::Asc)
            .limit(limit);
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// The newest failures of an address on a list.
    pub async fn bounces_of(
        &self,
        list: Uuid,
        address: &str,
        limit: u64,
    ) -> Result<Vec<BounceEvent>, StoreError> {
        let mut query = query();
        query
            .and_where(Expr::col(E::List).eq(list))
            .and_where(Expr::col(E::Address).eq(address.to_lowercase()))
            .order_by(E::At, Order::Desc)
            .order_by(E::Id, Order::Desc)
            .limit(limit);
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// How many addresses of a list a post was refused at with this blame, and whether any was judged so.
    pub async fn bounces_of_post(
        &self,
        list: Uuid,
        post: &str,
        blame: &str,
    ) -> Result<(u64, bool), StoreError> {
        let of_post = |query: &mut SelectStatement| {
            query
                .from(E::Table)
                .and_where(Expr::col(E::List).eq(list))
                .and_where(Expr::col(E::Post).eq(post))
                .and_where(Expr::col(E::Blame).eq(blame))
                .take()
        };
        let all = of_post(Query::select().expr(Expr::col(E::Address).count_distinct()));
        let judged = of_post(Query::select().expr(Expr::col(E::Id).count()))
            .and_where(Expr::col(E::Verdict).eq(BounceVerdict::Post.name()))
            .take();
        self.reading(async |db| {
            Ok((count(db.query_one(&all).await?)?, count(db.query_one(&judged).await?)? > 0))
        })
        .await
    }

    /// How many addresses of a domain failed, on any list, between two moments.
    pub async fn failing_at(&self, domain: &str, from: Timestamp, to: Timestamp) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr(Expr::col(E::Address).count_distinct())
            .from(E::Table)
            .and_where(Expr::col(E::Domain).eq(domain))
            .and_where(Expr::col(E::At).between(from.as_micros(), to.as_micros()))
            .and_where(Expr::col(E::Blame).ne(""))
            .take();
        self.reading(async |db| count(db.query_one(&query).await?)).await
    }

    /// How many addresses of a domain are members of some list.
    pub async fn members_at(&self, domain: &str) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr(Expr::col((M::Table, M::Address)).count_distinct())
            .from(M::Table)
            .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)))
            .and_where(Expr::col((M::Table, M::Role)).eq(Role::Member.name()))
            .and_where(Expr::col((A::Table, A::Key)).like(format!("%@{}", domain.replace(['%', '_'], ""))))
            .take();
        self.reading(async |db| count(db.query_one(&query).await?)).await
    }

    /// On how many days since `from` failures at a domain were taken for an outage, but for the day of `now`.
    pub async fn outage_days(
        &self,
        domain: &str,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr(Expr::col(E::Day).count_distinct())
            .from(E::Table)
            .and_where(Expr::col(E::Domain).eq(domain))
            .and_where(Expr::col(E::At).gte(from.as_micros()))
            .and_where(Expr::col(E::Day).ne(day(now)))
            .and_where(Expr::col(E::Verdict).eq(BounceVerdict::Outage.name()))
            .take();
        self.reading(async |db| count(db.query_one(&query).await?)).await
    }

    /// How many of a list came to this end since a moment, but for the one with this id.
    pub async fn bounces_judged(
        &self,
        list: Uuid,
        verdict: BounceVerdict,
        since: Timestamp,
        but: Uuid,
    ) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr(Expr::col(E::Id).count())
            .from(E::Table)
            .and_where(Expr::col(E::Verdict).eq(verdict.name()))
            .and_where(Expr::col(E::At).gte(since.as_micros()))
            .and_where(Expr::col(E::List).eq(list))
            .and_where(Expr::col(E::Id).ne(but))
            .take();
        self.reading(async |db| count(db.query_one(&query).await?)).await
    }

    /// Drops failures told before `events`, and the reports of those told before `reports` that are judged.
    pub async fn forget_bounces(&self, events: Timestamp, reports: Timestamp) -> Result<u64, StoreError> {
        let old =
            Query::delete().from_table(E::Table).and_where(Expr::col(E::At).lt(events.as_micros())).take();
        let mut bare = Query::update();
        bare.table(E::Table)
            .value(E::Report, Option::<Vec<u8>>::None)
            .and_where(Expr::col(E::At).lt(reports.as_micros()))
            .and_where(Expr::col(E::Verdict).ne(BounceVerdict::Waiting.name()))
            .and_where(Expr::col(E::Report).is_not_null());
        self.writing(|| async {
            let db = self.begin().await?;
            let gone = db.execute(&old).await?.rows_affected();
            db.execute(&bare).await?;
            db.commit(gone).await
        })
        .await
    }
}

async fn add(db: &DatabaseTransaction, events: &[BounceEvent]) -> Result<(), Fault> {
    let rows = events.iter().map(|e| {
        [
            e.id.into(),
            e.list.into(),
            e.address.to_lowercase().into(),
            e.address.rsplit_once('@').map(|(_, d)| d.to_lowercase()).unwrap_or_default().into(),
            e.at.as_micros().into(),
            day(e.at).into(),
            e.blame.as_str().into(),
            e.proven.into(),
            e.probe.into(),
            e.status.as_str().into(),
            e.diagnostic.as_str().into(),
            e.post.as_str().into(),
            word(&e.verdict).into(),
            e.report.as_ref().map(|r| r.to_vec()).into(),
        ]
    });
    if events.is_empty() {
        return Ok(());
    }
    let columns = [
        E::Id,
        E::List,
        E::Address,
        E::Domain,
        E::At,
        E::Day,
        E::Blame,
        E::Proven,
        E::Probe,
        E::Status,
        E::Diagnostic,
        E::Post,
        E::Verdict,
        E::Report,
    ];
    let mut insert = insert(E::Table, columns, rows);
    insert.on_conflict(OnConflict::column(E::Id).do_nothing_on([E::Id]).to_owned());
    db.execute(&insert).await?;
    Ok(())
}

fn query() -> SelectStatement {
    Query::select()
        .columns([
            E::Id,
            E::List,
            E::Address,
            E::At,
            E::Blame,
            E::Proven,
            E::Probe,
            E::Status,
            E::Diagnostic,
            E::Post,
            E::Verdict,
            E::Report,
        ])
        .from(E::Table)
        .take()
}

fn read(row: &QueryResult) -> Result<BounceEvent, Fault> {
    Ok(BounceEvent {
        id: row.try_get_by_index(0)?,
        list: row.try_get_by_index(1)?,
        address: row.try_get_by_index(2)?,
        at: Timestamp::from_micros(row.try_get_by_index(3)?),
        blame: row.try_get_by_index(4)?,
        proven: row.try_get_by_index(5)?,
        probe: row.try_get_by_index(6)?,
        status: row.try_get_by_index(7)?,
        diagnostic: row.try_get_by_index(8)?,
        post: row.try_get_by_index(9)?,
        verdict: unword(row.try_get_by_index(10)?)?,
        report: row.try_get_by_index::<Option<Vec<u8>>>(11)?.map(Bytes::from),
    })
}

fn count(row: Option<QueryResult>) -> Result<u64, Fault> {
    Ok(row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or_default().unsigned_abs())
}

fn day(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(DAY)
}
