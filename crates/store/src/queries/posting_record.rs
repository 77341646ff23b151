use posthaste_model::EntryId;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use uuid::Uuid;

use super::words::insert;
use crate::error::Fault;
use crate::tables::{Member as M, PostingRecord as R};
use crate::{Store, StoreError};

/// Who has so many accepted posts is known; more are not counted.
const ENOUGH: u64 = 100;

impl Store {
    /// Counts an accepted post of a member who has `had` so far. The same entry once more counts nothing, a member who has
    /// left counts nothing, and who has a hundred needs no counting.
    pub async fn count_accepted(&self, member: Uuid, had: u64, entry: EntryId) -> Result<(), StoreError> {
        if had >= ENOUGH {
            return Ok(());
        }
        self.writing(|| async {
            let db = self.begin().await?;
            let there =
                Query::select().column(M::Id).from(M::Table).and_where(Expr::col(M::Id).eq(member)).take();
            let last = Query::select()
                .column(R::LastEntry)
                .from(R::Table)
                .and_where(Expr::col(R::Member).eq(member))
                .take();
            let last = db.query_one(&last).await?.map(|row| row.try_get_by_index::<Uuid>(0)).transpose()?;
            if last == Some(entry.uuid()) || db.query_one(&there).await?.is_none() {
                return Ok(());
            }
            let row = [member.into(), 1_i64.into(), entry.uuid().into()];
            let mut count = insert(R::Table, [R::Member, R::Accepted, R::LastEntry], [row]);
            count.on_conflict(
                OnConflict::column(R::Member)
                    .value(R::Accepted, Expr::col((R::Table, R::Accepted)).add(1_i64))
                    .value(R::LastEntry, entry.uuid())
                    .to_owned(),
            );
            match db.execute(&count).await.map_err(|e| {
                // Left between the question and the answer.
                Fault::reference_means(e, StoreError::NoSuchList(String::new()))
            }) {
                Err(Fault::Final(_)) => Ok(()),
                Err(fault) => Err(fault),
                Ok(_) => db.commit(()).await,
            }
        })
        .await
    }
}
