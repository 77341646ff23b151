use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;

use crate::tables::MailingList as L;
use crate::{Store, StoreError};

impl Store {
    /// Notes the newest article that was taken from a list's newsgroup. It only grows, unless the group was begun anew:
    /// then `afresh` is true.
    pub async fn set_watermark(&self, list: Uuid, article: i64, afresh: bool) -> Result<(), StoreError> {
        let mut update = Query::update();
        update.table(L::Table).value(L::UsenetWatermark, article).and_where(Expr::col(L::Id).eq(list));
        if !afresh {
            update.and_where(
                Expr::col(L::UsenetWatermark).is_null().or(Expr::col(L::UsenetWatermark).lt(article)),
            );
        }
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(&update).await?;
            db.commit(()).await
        })
        .await
    }
}
