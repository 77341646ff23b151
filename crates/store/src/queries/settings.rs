//! Settings changed in place.

use posthaste_model::ListSettings;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;

use super::header_matches::lock;
use super::lists::settings_columns;
use super::words::unjson;
use crate::tables::MailingList as L;
use crate::{Store, StoreError};

impl Store {
    /// Changes settings of a list and leaves the others as they are, whoever else changes some at the same time; gives the
    /// settings before and after. Where `change` refuses, nothing is changed, and its error is the inner one.
    pub async fn change_settings<E: Send>(
        &self,
        list: Uuid,
        change: impl Fn(&mut ListSettings) -> Result<(), E>,
    ) -> Result<Result<(ListSettings, ListSettings), E>, StoreError> {
        let read =
            Query::select().column(L::Settings).from(L::Table).and_where(Expr::col(L::Id).eq(list)).take();
        self.writing(|| async {
            let db = self.begin().await?;
            lock(&*db, list).await?;
            let Some(row) = db.query_one(&read).await? else {
                return Err(StoreError::NoSuchList(list.to_string()).into());
            };
            let before: ListSettings = unjson(&row.try_get_by_index::<String>(0)?)?;
            let mut after = before.clone();
            if let Err(refused) = change(&mut after) {
                return Ok(Err(refused));
            }
            let update = Query::update()
                .table(L::Table)
                .values(settings_columns(&after)?)
                .and_where(Expr::col(L::Id).eq(list))
                .take();
            db.execute(&update).await?;
            db.commit(Ok((before, after))).await
        })
        .await
    }
}
