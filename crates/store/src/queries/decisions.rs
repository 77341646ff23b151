use posthaste_model::{Action, EntryId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};

use super::audit::{AuditEntry, append};
use super::words::{cut, insert, json, unjson, unword, word};
use crate::error::Fault;
use crate::tables::{Decision as D, HeldMessage as H};
use crate::{Store, StoreError};

/// What somebody decided about a held post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Its own id, made from the held post's: a decision that ends the waiting has that post's id itself, so that there
    /// is one.
    pub id: EntryId,
    /// The held post.
    pub held: EntryId,
    /// What is to become of it; [`Action::Defer`]: it waits on, and only `forward` is done.
    pub action: Action,
    /// Who decided, and by which way.
    pub who: String,
    /// What the author is told.
    pub reason: Option<String>,
    /// Who gets a copy.
    pub forward: Vec<String>,
    /// The post is kept for whoever wants to look at it.
    pub preserve: bool,
    /// When.
    pub at: Timestamp,
}

/// What came of deciding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decided {
    /// It is decided, and to be carried out.
    Now,
    /// Somebody was quicker, with this decision.
    Before(Decision),
    /// There is no such held post.
    NotThere,
}

impl Store {
    /// Writes down a decision together with who did it. Of several who decide at once, one does.
    pub async fn decide(&self, decision: &Decision, audit: &AuditEntry) -> Result<Decided, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            // The audit's counter comes first: whoever decides about anything waits here until we are done.
            append(&db, audit).await?;
            let there = Query::select()
                .column(H::Id)
                .from(H::Table)
                .and_where(Expr::col(H::Id).eq(decision.held.uuid()))
                .take();
            if db.query_one(&there).await?.is_none() {
                return Ok(Decided::NotThere);
            }
            if let Some(before) = last(&db, decision.held).await? {
                return Ok(Decided::Before(before));
            }
            if decision.action == Action::Defer && by_id(&db, decision.id).await? {
                return Ok(Decided::Now);
            }
            let row = [
                decision.id.uuid().into(),
                decision.held.uuid().into(),
                word(&decision.action).into(),
                cut(&decision.who).into(),
                decision.reason.clone().into(),
                json(&decision.forward)?.into(),
                decision.preserve.into(),
                decision.at.as_micros().into(),
            ];
            db.execute(&insert(D::Table, COLUMNS, [row])).await?;
            db.commit(Decided::Now).await
        })
        .await
    }

    /// A page of decisions that are not carried out yet, the oldest first; those behind `after`, the last of the page
    /// before.
    pub async fn open_decisions(
        &self,
        after: Option<&Decision>,
        limit: u64,
    ) -> Result<Vec<Decision>, StoreError> {
        let mut query = select();
        if let Some(after) = after {
            let (at, id) = (after.at.as_micros(), after.id.uuid());
            let same = Expr::col(D::DecidedAt).eq(at).and(Expr::col(D::Id).gt(id));
            query.and_where(Expr::col(D::DecidedAt).gt(at).or(same));
        }
        let query = query
            .and_where(Expr::col(D::DoneAt).is_null())
            .order_by(D::DecidedAt, Order::Asc)
            .order_by(D::Id, Order::Asc)
            .limit(limit)
            .take();
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// A decision that cannot be carried out any more, since what it was about is gone, goes too.
    pub async fn forget_decision(&self, id: EntryId) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(Query::delete().from_table(D::Table).and_where(Expr::col(D::Id).eq(id.uuid())))
                .await?;
            db.commit(()).await
        })
        .await
    }

    /// What was decided about a held post that is still there: not carried out yet, or preserved.
    pub async fn decision(&self, held: EntryId) -> Result<Option<Decision>, StoreError> {
        let query = ending(held);
        self.reading(async |db| Ok(db.query_one(&query).await?.as_ref().map(read).transpose()?)).await
    }

    /// A decision is carried out: the held post goes, unless it is preserved or waits on.
    pub async fn carried_out(&self, decision: &Decision, at: Timestamp) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            if decision.action == Action::Defer {
                db.execute(
                    Query::delete().from_table(D::Table).and_where(Expr::col(D::Id).eq(decision.id.uuid())),
                )
                .await?;
            } else if decision.preserve {
                let update = Query::update()
                    .table(D::Table)
                    .value(D::DoneAt, at.as_micros())
                    .and_where(Expr::col(D::Id).eq(decision.id.uuid()))
                    .and_where(Expr::col(D::DoneAt).is_null())
                    .take();
                db.execute(&update).await?;
            } else {
                db.execute(
                    Query::delete().from_table(H::Table).and_where(Expr::col(H::Id).eq(decision.held.uuid())),
                )
                .await?;
            }
            db.commit(()).await
        })
        .await
    }

    /// Posts that were decided about and are kept, with the decision, in the order of their numbers.
    pub async fn preserved(&self, limit: u64) -> Result<Vec<Decision>, StoreError> {
        let query = select()
            .and_where(Expr::col(D::DoneAt).is_not_null())
            .order_by(D::DecidedAt, Order::Asc)
            .limit(limit)
            .take();
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }
}

/// The decision that ended the waiting.
async fn last(db: &DatabaseTransaction, held: EntryId) -> Result<Option<Decision>, Fault> {
    db.query_one(&ending(held)).await?.as_ref().map(read).transpose()
}

async fn by_id(db: &DatabaseTransaction, id: EntryId) -> Result<bool, Fault> {
    let query = Query::select().column(D::Id).from(D::Table).and_where(Expr::col(D::Id).eq(id.uuid())).take();
    Ok(db.query_one(&query).await?.is_some())
}

fn ending(held: EntryId) -> SelectStatement {
    select()
        .and_where(Expr::col(D::Held).eq(held.uuid()))
        .and_where(Expr::col(D::Action).ne(word(&Action::Defer)))
        .take()
}

const COLUMNS: [D; 8] = [D::Id, D::Held, D::Action, D::Who, D::Reason, D::Forward, D::Preserve, D::DecidedAt];

fn select() -> SelectStatement {
    Query::select().columns(COLUMNS).from(D::Table).take()
}

fn read(row: &QueryResult) -> Result<Decision, Fault> {
    Ok(Decision {
        id: EntryId::new(row.try_get_by_index(0)?),
        held: EntryId::new(row.try_get_by_index(1)?),
        action: unword(row.try_get_by_index(2)?)?,
        who: row.try_get_by_index(3)?,
        reason: row.try_get_by_index(4)?,
        forward: unjson(&row.try_get_by_index::<String>(5)?)?,
        preserve: row.try_get_by_index(6)?,
        at: Timestamp::from_micros(row.try_get_by_index(7)?),
    })
}
