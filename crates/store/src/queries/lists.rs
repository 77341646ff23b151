use posthaste_model::{
    Address, ListId, ListName, ListSeed, ListSettings, Mailbox, MailingList, Role, Timestamp,
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr, Value};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::words::{insert, json, unjson};
use super::{members, people};
use crate::error::{Fault, odd};
use crate::tables::{MailingList as L, Member as M, Wording as T};
use crate::{Store, StoreError};

/// A line of an overview of lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListSummary {
    /// Its key.
    pub id: Uuid,
    /// Its name for ever.
    pub list_id: ListId,
    /// Its posting address.
    pub name: ListName,
    /// What people call it.
    pub display_name: String,
    /// One line about it.
    pub description: String,
    /// Shown in public overviews.
    pub advertised: bool,
    /// How many members it has (role member).
    pub members: u64,
    /// The digest volume.
    pub volume: i64,
}

impl Store {
    /// Makes a list in a domain that exists, and its owners (as users with that address, if they are new).
    pub async fn create_list(&self, seed: ListSeed, owners: &[Address]) -> Result<MailingList, StoreError> {
        let list = seed.into_list(Uuid::now_v7());
        let owners: Vec<_> =
            owners.iter().map(|a| Mailbox { name: String::new(), address: a.clone() }).collect();
        self.writing(|| async {
            let db = self.begin().await?;
            let exists = || StoreError::ListExists(list.name.clone());
            let no_domain = StoreError::NoSuchDomain(list.name.host().to_owned());
            db.execute(&new_row(&list)?).await.map_err(|e| match Fault::unique_means(e, exists()) {
                Fault::Raw(e) => Fault::reference_means(e, no_domain),
                fault @ Fault::Final(_) => fault,
            })?;
            people::ensure_users(&db, &owners, list.created_at).await?;
            members::add(&db, list.id, Role::Owner, &owners, list.created_at).await?;
            db.commit(()).await
        })
        .await?;
        Ok(list)
    }

    /// Removes a list with its members, bans, header matches, held messages and templates.
    pub async fn remove_list(&self, list: Uuid) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let id =
                Query::select().column(L::ListId).from(L::Table).and_where(Expr::col(L::Id).eq(list)).take();
            let Some(row) = db.query_one(&id).await? else {
                return Err(StoreError::NoSuchList(list.to_string()).into());
            };
            let id: String = row.try_get_by_index(0)?;
            db.execute(Query::delete().from_table(T::Table).and_where(Expr::col(T::Context).eq(id))).await?;
            db.execute(Query::delete().from_table(L::Table).and_where(Expr::col(L::Id).eq(list))).await?;
            db.commit(()).await
        })
        .await
    }

    /// The list with this posting address.
    pub async fn list_by_name(&self, name: &ListName) -> Result<Option<MailingList>, StoreError> {
        self.one_list(Expr::col(L::Host).eq(name.host()).and(Expr::col(L::Local).eq(name.local()))).await
    }

    /// The list with this name for ever.
    pub async fn list_by_id(&self, id: &ListId) -> Result<Option<MailingList>, StoreError> {
        self.one_list(Expr::col(L::ListId).eq(id.as_str())).await
    }

    /// The list with this key.
    pub async fn list_by_key(&self, list: Uuid) -> Result<Option<MailingList>, StoreError> {
        self.one_list(Expr::col(L::Id).eq(list)).await
    }

    async fn one_list(&self, which: SimpleExpr) -> Result<Option<MailingList>, StoreError> {
        self.reading(async |db| {
            let row = db.query_one(query().and_where(which.clone())).await?;
            row.as_ref().map(read).transpose()
        })
        .await
    }

    /// A page of lists in the order of their list-ids, after the one given.
    pub async fn lists(&self, after: Option<&ListId>, limit: u64) -> Result<Vec<ListSummary>, StoreError> {
        self.reading(async |db| {
            let mut query = summaries();
            query.order_by((L::Table, L::ListId), Order::Asc).limit(limit);
            if let Some(after) = after {
                query.and_where(Expr::col((L::Table, L::ListId)).gt(after.as_str()));
            }
            db.query_all(&query).await?.iter().map(read_summary).collect()
        })
        .await
    }

    /// Replaces the settings of a list.
    pub async fn save_settings(&self, list: Uuid, settings: &ListSettings) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let update = Query::update()
                .table(L::Table)
                .values(settings_columns(settings)?)
                .and_where(Expr::col(L::Id).eq(list))
                .take();
            if db.execute(&update).await?.rows_affected() == 0 {
                return Err(StoreError::NoSuchList(list.to_string()).into());
            }
            db.commit(()).await
        })
        .await
    }

    /// Counts a post that was accepted: the number it gets.
    pub async fn next_post(&self, list: Uuid, at: Timestamp) -> Result<i64, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            // The update locks the row, so that the number read after it is ours alone.
            let update = Query::update()
                .table(L::Table)
                .value(L::PostId, Expr::col(L::PostId).add(1_i64))
                .value(L::LastPostAt, at.as_micros())
                .and_where(Expr::col(L::Id).eq(list))
                .take();
            db.execute(&update).await?;
            let number =
                Query::select().column(L::PostId).from(L::Table).and_where(Expr::col(L::Id).eq(list)).take();
            let Some(row) = db.query_one(&number).await? else {
                return Err(StoreError::NoSuchList(list.to_string()).into());
            };
            let next: i64 = row.try_get_by_index(0)?;
            db.commit(next - 1).await
        })
        .await
    }
}

const COLUMNS: [L; 12] = [
    L::Id,
    L::ListId,
    L::Local,
    L::Host,
    L::Settings,
    L::PostId,
    L::Volume,
    L::NextDigestNumber,
    L::CreatedAt,
    L::LastPostAt,
    L::DigestLastSentAt,
    L::UsenetWatermark,
];

fn query() -> SelectStatement {
    Query::select().columns(COLUMNS).from(L::Table).take()
}

fn read(row: &QueryResult) -> Result<MailingList, Fault> {
    let moment = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    Ok(MailingList {
        id: row.try_get_by_index(0)?,
        list_id: ListId::new(row.try_get_by_index::<String>(1)?),
        name: name(row, 2)?,
        settings: unjson(&row.try_get_by_index::<String>(4)?)?,
        post_id: row.try_get_by_index(5)?,
        volume: row.try_get_by_index(6)?,
        next_digest_number: row.try_get_by_index(7)?,
        created_at: Timestamp::from_micros(row.try_get_by_index(8)?),
        last_post_at: moment(row.try_get_by_index(9)?),
        digest_last_sent_at: moment(row.try_get_by_index(10)?),
        usenet_watermark: row.try_get_by_index(11)?,
    })
}

/// The posting address from the columns `local` and `host`, which begin at `index`.
pub(crate) fn name(row: &QueryResult, index: usize) -> Result<ListName, Fault> {
    let (local, host): (String, String) = (row.try_get_by_index(index)?, row.try_get_by_index(index + 1)?);
    Ok(ListName::parse(&format!("{local}@{host}")).map_err(odd)?)
}

/// What [`read_summary()`] reads, for every list.
pub(crate) fn summaries() -> SelectStatement {
    // Its own name, so that a query beside it may join members as well.
    let members = Query::select()
        .expr(Expr::col((COUNTED, M::Id)).count())
        .from_as(M::Table, COUNTED)
        .and_where(Expr::col((COUNTED, M::List)).equals((L::Table, L::Id)))
        .and_where(Expr::col((COUNTED, M::Role)).eq(Role::Member.name()))
        .take();
    let columns =
        [L::Id, L::ListId, L::Local, L::Host, L::DisplayName, L::Description, L::Advertised, L::Volume];
    Query::select()
        .columns(columns.map(|column| (L::Table, column)))
        .expr(Expr::from(members))
        .from(L::Table)
        .take()
}

const COUNTED: &str = "counted";

pub(crate) fn read_summary(row: &QueryResult) -> Result<ListSummary, Fault> {
    Ok(ListSummary {
        id: row.try_get_by_index(0)?,
        list_id: ListId::new(row.try_get_by_index::<String>(1)?),
        name: name(row, 2)?,
        display_name: row.try_get_by_index(4)?,
        description: row.try_get_by_index(5)?,
        advertised: row.try_get_by_index(6)?,
        volume: row.try_get_by_index(7)?,
        members: row.try_get_by_index::<i64>(8)?.unsigned_abs(),
    })
}

/// The document, and the columns that repeat parts of it.
pub(crate) fn settings_columns(s: &ListSettings) -> Result<[(L, SimpleExpr); 5], StoreError> {
    Ok([
        (L::Settings, json(s)?.into()),
        (L::Advertised, s.advertised.into()),
        (L::DisplayName, s.display_name.clone().into()),
        (L::Description, s.description.clone().into()),
        (L::MaxMessageSize, i64::try_from(s.max_message_size).unwrap_or(i64::MAX).into()),
    ])
}

fn new_row(list: &MailingList) -> Result<sea_orm::sea_query::InsertStatement, StoreError> {
    let s = &list.settings;
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let row: [Value; 16] = [
        list.id.into(),
        list.list_id.as_str().into(),
        list.name.local().into(),
        list.name.host().into(),
        list.post_id.into(),
        list.volume.into(),
        list.next_digest_number.into(),
        list.created_at.as_micros().into(),
        micros(list.last_post_at).into(),
        micros(list.digest_last_sent_at).into(),
        list.usenet_watermark.into(),
        json(s)?.into(),
        s.advertised.into(),
        s.display_name.clone().into(),
        s.description.clone().into(),
        i64::try_from(s.max_message_size).unwrap_or(i64::MAX).into(),
    ];
    let columns = [
        L::Id,
        L::ListId,
        L::Local,
        L::Host,
        L::PostId,
        L::Volume,
        L::NextDigestNumber,
        L::CreatedAt,
        L::LastPostAt,
        L::DigestLastSentAt,
        L::UsenetWatermark,
        L::Settings,
        L::Advertised,
        L::DisplayName,
        L::Description,
        L::MaxMessageSize,
    ];
    Ok(insert(L::Table, columns, [row]))
}
