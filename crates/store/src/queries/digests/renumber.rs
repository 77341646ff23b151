use posthaste_model::Timestamp;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;

use super::issues::Numbers;
use crate::tables::MailingList as L;
use crate::{Store, StoreError};

impl Store {
    /// Gives the next digest of a list the numbers that `numbering` makes of where the list stands; says which they are.
    pub async fn renumber_digests(
        &self,
        list: Uuid,
        numbering: impl Fn(Numbers) -> (i64, i64),
    ) -> Result<(i64, i64), StoreError> {
        let stands = Query::select()
            .columns([L::Volume, L::NextDigestNumber, L::DigestLastSentAt])
            .from(L::Table)
            .and_where(Expr::col(L::Id).eq(list))
            .take();
        // Changes nothing but locks the row: of two who count on, each counts on from the other.
        let lock = Query::update()
            .table(L::Table)
            .value(L::Volume, Expr::col(L::Volume))
            .and_where(Expr::col(L::Id).eq(list))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(&lock).await?;
            let Some(row) = db.query_one(&stands).await? else {
                return Err(StoreError::NoSuchList(list.to_string()).into());
            };
            let (volume, number) = numbering(Numbers {
                volume: row.try_get_by_index(0)?,
                number: row.try_get_by_index(1)?,
                last: row.try_get_by_index::<Option<i64>>(2)?.map(Timestamp::from_micros),
            });
            let update = Query::update()
                .table(L::Table)
                .value(L::Volume, volume)
                .value(L::NextDigestNumber, number)
                .and_where(Expr::col(L::Id).eq(list))
                .take();
            db.execute(&update).await?;
            db.commit((volume, number)).await
        })
        .await
    }
}
