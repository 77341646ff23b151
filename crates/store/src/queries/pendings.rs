use data_encoding::HEXLOWER;
use posthaste_model::Timestamp;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::words::{insert, json, unjson};
use crate::tables::Pending as P;
use crate::{Store, StoreError};

/// What waits for somebody to come back with a token.
#[derive(Clone, PartialEq, Debug)]
pub struct Pending {
    /// `subscription`, `held message` and the like.
    pub kind: String,
    /// What to do then.
    pub payload: serde_json::Value,
    /// Nothing is done after this moment.
    pub expires_at: Timestamp,
}

impl Store {
    /// Stores what a token stands for, in place of what it stood for. Only a digest of the token is kept, so that a copy
    /// of the database confirms nothing.
    pub async fn put_pending(&self, token: &str, pending: &Pending) -> Result<(), StoreError> {
        let hash = digest(token);
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(Query::delete().from_table(P::Table).and_where(Expr::col(P::TokenHash).eq(&hash)))
                .await?;
            let row = [
                Uuid::now_v7().into(),
                hash.as_str().into(),
                pending.kind.as_str().into(),
                json(&pending.payload)?.into(),
                pending.expires_at.as_micros().into(),
            ];
            let columns = [P::Id, P::TokenHash, P::Kind, P::Payload, P::ExpiresAt];
            db.execute(&insert(P::Table, columns, [row])).await?;
            db.commit(()).await
        })
        .await
    }

    /// Takes what a token stands for. It is gone then; of several who ask at once, one gets it. Expired ones are gone too.
    pub async fn take_pending(&self, token: &str, now: Timestamp) -> Result<Option<Pending>, StoreError> {
        let hash = digest(token);
        self.writing(|| async {
            let db = self.begin().await?;
            let query = Query::select()
                .columns([P::Kind, P::Payload, P::ExpiresAt])
                .from(P::Table)
                .and_where(Expr::col(P::TokenHash).eq(&hash))
                .take();
            let Some(row) = db.query_one(&query).await? else { return Ok(None) };
            let pending = Pending {
                kind: row.try_get_by_index(0)?,
                payload: unjson(&row.try_get_by_index::<String>(1)?)?,
                expires_at: Timestamp::from_micros(row.try_get_by_index(2)?),
            };
            let delete =
                Query::delete().from_table(P::Table).and_where(Expr::col(P::TokenHash).eq(&hash)).take();
            let ours = db.execute(&delete).await?.rows_affected() > 0;
            db.commit((ours && pending.expires_at > now).then_some(pending)).await
        })
        .await
    }

    /// Removes what nobody came back for; says how many.
    pub async fn expire_pendings(&self, now: Timestamp) -> Result<u64, StoreError> {
        let delete = Query::delete()
            .from_table(P::Table)
            .and_where(Expr::col(P::ExpiresAt).lte(now.as_micros()))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let done = db.execute(&delete).await?.rows_affected();
            db.commit(done).await
        })
        .await
    }
}

/// What is kept of a token.
pub(crate) fn digest(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token))
}
