use posthaste_model::{Address, MembershipRequest, RequestAction, Timestamp, TokenOwner};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use uuid::Uuid;

use super::audit::{AuditEntry, append};
use super::pendings::digest;
use super::words::{self, insert, json, unjson, unword};
use crate::error::Fault;
use crate::tables::{Automatic, Deed, MembershipRequest as R};
use crate::{Store, StoreError};

const COLUMNS: [R; 9] =
    [R::Id, R::List, R::Action, R::Spelling, R::DisplayName, R::Owner, R::Details, R::AskedAt, R::ExpiresAt];

impl Store {
    /// Keeps a request until somebody comes back with its token. There is one of a kind for an address on a list: this
    /// takes the place of the one before, whose token is good for nothing any more.
    pub async fn put_request(&self, request: &MembershipRequest, token: &str) -> Result<(), StoreError> {
        let hash = digest(token);
        self.writing(|| async {
            let db = self.begin().await?;
            let row = [
                request.id.into(),
                request.list.into(),
                request.action.name().into(),
                request.address.key().into(),
                request.address.as_str().into(),
                request.display_name.as_str().into(),
                request.owner.name().into(),
                hash.as_str().into(),
                json(&request.details)?.into(),
                request.asked_at.as_micros().into(),
                request.expires_at.as_micros().into(),
            ];
            let columns = [
                R::Id,
                R::List,
                R::Action,
                R::Key,
                R::Spelling,
                R::DisplayName,
                R::Owner,
                R::TokenHash,
                R::Details,
                R::AskedAt,
                R::ExpiresAt,
            ];
            let newer = OnConflict::columns([R::List, R::Action, R::Key])
                .update_columns([
                    R::Id,
                    R::Spelling,
                    R::DisplayName,
                    R::Owner,
                    R::TokenHash,
                    R::Details,
                    R::AskedAt,
                    R::ExpiresAt,
                ])
                .to_owned();
            let no_list = StoreError::NoSuchList(request.list.to_string());
            db.execute(insert(R::Table, columns, [row]).on_conflict(newer))
                .await
                .map_err(|e| Fault::reference_means(e, no_list))?;
            db.commit(()).await
        })
        .await
    }

    /// What this token stands for, unless its time is over. It stays: what is done then takes it away.
    pub async fn request_by_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<MembershipRequest>, StoreError> {
        self.one_request(Expr::col(R::TokenHash).eq(digest(token)), now).await
    }

    /// The request with this key, unless its time is over.
    pub async fn request(&self, id: Uuid, now: Timestamp) -> Result<Option<MembershipRequest>, StoreError> {
        self.one_request(Expr::col(R::Id).eq(id), now).await
    }

    /// What this address has asked for on this list, unless its time is over.
    pub async fn request_of(
        &self,
        list: Uuid,
        action: RequestAction,
        address: &Address,
        now: Timestamp,
    ) -> Result<Option<MembershipRequest>, StoreError> {
        let which = Expr::col(R::List)
            .eq(list)
            .and(Expr::col(R::Action).eq(action.name()))
            .and(Expr::col(R::Key).eq(address.key()));
        self.one_request(which, now).await
    }

    /// Requests that wait for this owner's word, on one list or on all, in the order of their keys; `after` is the last
    /// key of the page before.
    pub async fn requests(
        &self,
        list: Option<Uuid>,
        owner: TokenOwner,
        after: Option<Uuid>,
        limit: u64,
        now: Timestamp,
    ) -> Result<Vec<MembershipRequest>, StoreError> {
        let mut query = query();
        query
            .and_where(Expr::col(R::Owner).eq(owner.name()))
            .and_where(Expr::col(R::ExpiresAt).gt(now.as_micros()))
            .order_by(R::Id, Order::Asc)
            .limit(limit);
        if let Some(list) = list {
            query.and_where(Expr::col(R::List).eq(list));
        }
        if let Some(after) = after {
            query.and_where(Expr::col(R::Id).gt(after));
        }
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// Takes a request away; says whether it was there.
    pub async fn remove_request(&self, id: Uuid) -> Result<bool, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let done = take(&db, id).await?;
            db.commit(done).await
        })
        .await
    }

    /// The same, where a moderator turned it down: what is written down of that stands there if the request was there.
    pub async fn decline_request(&self, id: Uuid, audit: &AuditEntry) -> Result<bool, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let done = take(&db, id).await?;
            if done {
                append(&db, audit).await?;
            }
            db.commit(done).await
        })
        .await
    }

    /// Forgets requests whose time is over, and what was done or sent before `old`. Says how many requests.
    pub async fn expire_requests(&self, now: Timestamp, old: Timestamp) -> Result<u64, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let delete = Query::delete()
                .from_table(R::Table)
                .and_where(Expr::col(R::ExpiresAt).lte(now.as_micros()))
                .take();
            let gone = db.execute(&delete).await?.rows_affected();
            let before = old.as_micros();
            let deeds =
                Query::delete().from_table(Deed::Table).and_where(Expr::col(Deed::At).lt(before)).take();
            db.execute(&deeds).await?;
            let sent = Query::delete()
                .from_table(Automatic::Table)
                .and_where(Expr::col(Automatic::At).lt(before))
                .take();
            db.execute(&sent).await?;
            db.commit(gone).await
        })
        .await
    }

    async fn one_request(
        &self,
        which: SimpleExpr,
        now: Timestamp,
    ) -> Result<Option<MembershipRequest>, StoreError> {
        let query = query().and_where(which).and_where(Expr::col(R::ExpiresAt).gt(now.as_micros())).take();
        self.reading(async |db| db.query_one(&query).await?.as_ref().map(read).transpose()).await
    }
}

/// Takes a request away within a transaction; of several who do, one is told that it was there.
pub(crate) async fn take(db: &DatabaseTransaction, id: Uuid) -> Result<bool, Fault> {
    let delete = Query::delete().from_table(R::Table).and_where(Expr::col(R::Id).eq(id)).take();
    Ok(db.execute(&delete).await?.rows_affected() > 0)
}

pub(super) fn query() -> SelectStatement {
    Query::select().columns(COLUMNS).from(R::Table).take()
}

pub(super) fn read(row: &QueryResult) -> Result<MembershipRequest, Fault> {
    Ok(MembershipRequest {
        id: row.try_get_by_index(0)?,
        list: row.try_get_by_index(1)?,
        action: unword(row.try_get_by_index(2)?)?,
        address: words::address(&row.try_get_by_index::<String>(3)?)?,
        display_name: row.try_get_by_index(4)?,
        owner: unword(row.try_get_by_index(5)?)?,
        details: unjson(&row.try_get_by_index::<String>(6)?)?,
        asked_at: Timestamp::from_micros(row.try_get_by_index(7)?),
        expires_at: Timestamp::from_micros(row.try_get_by_index(8)?),
    })
}
