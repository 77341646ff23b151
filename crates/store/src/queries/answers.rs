use std::time::Duration;

use posthaste_model::{Address, EntryId, Timestamp};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use uuid::Uuid;

use super::words::insert;
use crate::error::Fault;
use crate::tables::Answer as A;
use crate::{Store, StoreError};

impl Store {
    /// Asks whether `address` may have an automatic answer of this `kind` from a list now, and if so remembers it: the one
    /// before must be `pause` or more ago. Whoever asks again for the same entry (`cause`) is told the same.
    pub async fn claim_answer(
        &self,
        list: Uuid,
        address: &Address,
        kind: &str,
        cause: EntryId,
        now: Timestamp,
        pause: Duration,
    ) -> Result<bool, StoreError> {
        let ours = Expr::col(A::List)
            .eq(list)
            .and(Expr::col(A::Address).eq(address.key()))
            .and(Expr::col(A::Kind).eq(kind));
        let pause = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
        let before = now.as_micros().saturating_sub(pause);
        self.writing(|| async {
            let db = self.begin().await?;
            let columns = [A::List, A::Address, A::Kind, A::Cause, A::SentAt];
            let row =
                [list.into(), address.key().into(), kind.into(), cause.uuid().into(), now.as_micros().into()];
            let mut first = insert(A::Table, columns, [row]);
            let once =
                OnConflict::columns([A::List, A::Address, A::Kind]).do_nothing_on([A::Kind]).to_owned();
            let no_list = StoreError::NoSuchList(list.to_string());
            db.execute(first.on_conflict(once)).await.map_err(|e| Fault::reference_means(e, no_list))?;
            let again = Query::update()
                .table(A::Table)
                .value(A::Cause, cause.uuid())
                .value(A::SentAt, now.as_micros())
                .and_where(ours.clone())
                .and_where(Expr::col(A::SentAt).lte(before))
                .take();
            db.execute(&again).await?;
            let holder = Query::select().column(A::Cause).from(A::Table).and_where(ours.clone()).take();
            let holder = db.query_one(&holder).await?;
            let holder = holder.map(|row| row.try_get_by_index::<Uuid>(0)).transpose()?;
            db.commit(holder == Some(cause.uuid())).await
        })
        .await
    }
}
