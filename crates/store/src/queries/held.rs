use bytes::{Bytes, BytesMut};
use posthaste_model::{Action, EntryId, Envelope, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use uuid::Uuid;

use super::words::{insert, json, unjson, word};
use crate::error::{Fault, odd};
use crate::tables::{Counter as C, Decision as D, HeldMessage as H, HeldPiece as P};
use crate::{Store, StoreError};

/// Bytes of a message in one row, below the packet limit of any server (MariaDB's default is 16 MiB, our messages may be
/// larger).
const PIECE: usize = 1 << 20;
/// The series that numbers held messages.
const SERIES: &str = "held_message";

/// A post that waits for a moderator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldMessage {
    /// The entry of the spool it was; holding the same one again changes nothing.
    pub id: EntryId,
    /// The list's key.
    pub list: Uuid,
    /// Who wrote it, as the rules saw it; empty if nobody could be named.
    pub sender: String,
    /// Its subject, decoded.
    pub subject: String,
    /// Its Message-ID with angle brackets.
    pub message_id: String,
    /// The Message-ID-Hash.
    pub message_id_hash: String,
    /// Why it is held, one text a reason.
    pub reasons: Vec<String>,
    /// What SMTP said.
    pub envelope: Envelope,
    /// When it was held.
    pub held_at: Timestamp,
    /// The message as received.
    pub message: Bytes,
}

/// The same without the message, for overviews.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldSummary {
    /// The entry of the spool it was.
    pub id: EntryId,
    /// Its number for people and programs: 1 is the first ever held on this site.
    pub number: i64,
    /// The list's key.
    pub list: Uuid,
    /// Who wrote it.
    pub sender: String,
    /// Its subject, decoded.
    pub subject: String,
    /// Its Message-ID with angle brackets.
    pub message_id: String,
    /// Why it is held.
    pub reasons: Vec<String>,
    /// When it was held.
    pub held_at: Timestamp,
    /// Bytes of the message.
    pub size: u64,
}

/// How much waits on one list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldCount {
    /// The list's key.
    pub list: Uuid,
    /// Held posts.
    pub count: u64,
    /// When the oldest of them was held.
    pub oldest: Timestamp,
}

impl Store {
    /// Stores a held post. When this returns it is durable, whole or not at all; held already: nothing happens.
    /// Its number either way.
    pub async fn hold(&self, held: &HeldMessage) -> Result<i64, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            if let Some(number) = number_of(&db, held.id).await? {
                return Ok(number);
            }
            let number = next_number(&db, SERIES).await?;
            // Somebody who held the same one meanwhile had to pass the counter before us.
            if let Some(number) = number_of(&db, held.id).await? {
                return Ok(number);
            }
            let no_list = StoreError::NoSuchList(held.list.to_string());
            db.execute(&row(held, number)?).await.map_err(|e| Fault::reference_means(e, no_list))?;
            for (place, piece) in (0_i32..).zip(held.message.chunks(PIECE)) {
                let row = [held.id.uuid().into(), place.into(), piece.to_vec().into()];
                db.execute(&insert(P::Table, [P::Held, P::Place, P::Bytes], [row])).await?;
            }
            db.commit(number).await
        })
        .await
    }

    /// A page of the held posts of a list that nobody has decided about, in the order of their numbers; `after` is the
    /// last number of the page before.
    pub async fn held_page(
        &self,
        list: Uuid,
        after: i64,
        limit: u64,
    ) -> Result<Vec<HeldSummary>, StoreError> {
        self.held_queue(Some(list), after, limit).await
    }

    /// How many held posts of a list nobody has decided about.
    pub async fn held_count(&self, list: Uuid) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr(Expr::col(H::Id).count())
            .from(H::Table)
            .and_where(Expr::col(H::List).eq(list))
            .and_where(undecided())
            .take();
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs()),
            None => Ok(0),
        })
        .await
    }

    /// The number of the held post of a list before which so many wait; `None` if no more than that do.
    pub async fn held_at(&self, list: Uuid, skip: u64) -> Result<Option<i64>, StoreError> {
        let query = Query::select()
            .column(H::Number)
            .from(H::Table)
            .and_where(Expr::col(H::List).eq(list))
            .and_where(undecided())
            .order_by(H::Number, Order::Asc)
            .limit(1)
            .offset(skip)
            .take();
        self.reading(async |db| {
            Ok(db.query_one(&query).await?.map(|row| row.try_get_by_index(0)).transpose()?)
        })
        .await
    }

    /// The same over all lists if none is named.
    pub async fn held_queue(
        &self,
        list: Option<Uuid>,
        after: i64,
        limit: u64,
    ) -> Result<Vec<HeldSummary>, StoreError> {
        let mut query = Query::select();
        query
            .columns(COLUMNS.into_iter().take(SUMMARY))
            .from(H::Table)
            .and_where(Expr::col(H::Number).gt(after))
            .and_where(undecided())
            .order_by(H::Number, Order::Asc)
            .limit(limit);
        if let Some(list) = list {
            query.and_where(Expr::col(H::List).eq(list));
        }
        self.reading(async |db| db.query_all(&query).await?.iter().map(read_summary).collect()).await
    }

    /// The held post with this number, decided about or not.
    pub async fn held_by_number(&self, number: i64) -> Result<Option<HeldSummary>, StoreError> {
        let query = Query::select()
            .columns(COLUMNS.into_iter().take(SUMMARY))
            .from(H::Table)
            .and_where(Expr::col(H::Number).eq(number))
            .take();
        self.reading(async |db| Ok(db.query_one(&query).await?.as_ref().map(read_summary).transpose()?)).await
    }

    /// The number of a held post.
    pub async fn held_number(&self, id: EntryId) -> Result<Option<i64>, StoreError> {
        let query =
            Query::select().column(H::Number).from(H::Table).and_where(Expr::col(H::Id).eq(id.uuid())).take();
        self.reading(async |db| {
            Ok(db.query_one(&query).await?.map(|row| row.try_get_by_index(0)).transpose()?)
        })
        .await
    }

    /// Held posts of a list from before this moment that nobody has decided about, the oldest first.
    pub async fn held_before(
        &self,
        list: Uuid,
        before: Timestamp,
        limit: u64,
    ) -> Result<Vec<HeldSummary>, StoreError> {
        let query = Query::select()
            .columns(COLUMNS.into_iter().take(SUMMARY))
            .from(H::Table)
            .and_where(Expr::col(H::List).eq(list))
            .and_where(Expr::col(H::HeldAt).lt(before.as_micros()))
            .and_where(undecided())
            .order_by(H::HeldAt, Order::Asc)
            .limit(limit)
            .take();
        self.reading(async |db| db.query_all(&query).await?.iter().map(read_summary).collect()).await
    }

    /// How much waits on each list where something does.
    pub async fn held_counts(&self) -> Result<Vec<HeldCount>, StoreError> {
        let query = Query::select()
            .column(H::List)
            .expr(Expr::col(H::Id).count())
            .expr(Expr::col(H::HeldAt).min())
            .from(H::Table)
            .and_where(undecided())
            .group_by_col(H::List)
            .take();
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter()
                .map(|row| {
                    Ok(HeldCount {
                        list: row.try_get_by_index(0)?,
                        count: row.try_get_by_index::<i64>(1)?.unsigned_abs(),
                        oldest: Timestamp::from_micros(row.try_get_by_index(2)?),
                    })
                })
                .collect()
        })
        .await
    }

    /// True if the held post with this id is there.
    pub async fn is_held(&self, id: EntryId) -> Result<bool, StoreError> {
        let query =
            Query::select().column(H::Id).from(H::Table).and_where(Expr::col(H::Id).eq(id.uuid())).take();
        self.reading(async |db| Ok(db.query_one(&query).await?.is_some())).await
    }

    /// One held post with its message.
    pub async fn held(&self, id: EntryId) -> Result<Option<HeldMessage>, StoreError> {
        let summary: SelectStatement =
            Query::select().columns(COLUMNS).from(H::Table).and_where(Expr::col(H::Id).eq(id.uuid())).take();
        self.reading(async |db| {
            let Some(row) = db.query_one(&summary).await? else { return Ok(None) };
            let s = read_summary(&row)?;
            let mut message = BytesMut::with_capacity(usize::try_from(s.size).unwrap_or(0));
            while (message.len() as u64) < s.size {
                let place = i32::try_from(message.len() / PIECE).map_err(odd)?;
                let piece = Query::select()
                    .column(P::Bytes)
                    .from(P::Table)
                    .and_where(Expr::col(P::Held).eq(id.uuid()))
                    .and_where(Expr::col(P::Place).eq(place))
                    .take();
                // Released or removed while we read.
                let Some(row) = db.query_one(&piece).await? else { return Ok(None) };
                message.extend_from_slice(&row.try_get_by_index::<Vec<u8>>(0)?);
            }
            Ok(Some(HeldMessage {
                id,
                list: s.list,
                sender: s.sender,
                subject: s.subject,
                message_id: s.message_id,
                message_id_hash: row.try_get_by_index(SUMMARY)?,
                reasons: s.reasons,
                envelope: unjson(&row.try_get_by_index::<String>(SUMMARY + 1)?)?,
                held_at: s.held_at,
                message: message.freeze(),
            }))
        })
        .await
    }

    /// Removes a held post; says whether it was there, which only one of several callers is told.
    pub async fn remove_held(&self, id: EntryId) -> Result<bool, StoreError> {
        let delete = Query::delete().from_table(H::Table).and_where(Expr::col(H::Id).eq(id.uuid())).take();
        self.writing(|| async {
            let db = self.begin().await?;
            let done = db.execute(&delete).await?.rows_affected() > 0;
            db.commit(done).await
        })
        .await
    }
}

/// That nobody has decided about a held post; what is carried out and preserved is decided too.
fn undecided() -> SimpleExpr {
    let decided = Query::select()
        .column(D::Held)
        .from(D::Table)
        .and_where(Expr::col(D::Action).ne(word(&Action::Defer)))
        .take();
    Expr::col(H::Id).not_in_subquery(decided)
}

async fn number_of(db: &DatabaseTransaction, id: EntryId) -> Result<Option<i64>, Fault> {
    let query =
        Query::select().column(H::Number).from(H::Table).and_where(Expr::col(H::Id).eq(id.uuid())).take();
    Ok(db.query_one(&query).await?.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Takes the next number of a series; whoever else takes one waits here until we have committed.
pub(super) async fn next_number(db: &DatabaseTransaction, series: &str) -> Result<i64, Fault> {
    let this = Expr::col(C::Name).eq(series);
    let take = Query::update()
        .table(C::Table)
        .value(C::Next, Expr::col(C::Next).add(1_i64))
        .and_where(this.clone())
        .take();
    if db.execute(&take).await?.rows_affected() == 0 {
        let mut first = insert(C::Table, [C::Name, C::Next], [[series.into(), 1_i64.into()]]);
        db.execute(first.on_conflict(OnConflict::column(C::Name).do_nothing_on([C::Name]).to_owned()))
            .await?;
        db.execute(&take).await?;
    }
    match db.query_one(Query::select().column(C::Next).from(C::Table).and_where(this)).await? {
        Some(row) => Ok(row.try_get_by_index::<i64>(0)? - 1),
        None => Err(odd(format!("the counter of {series} is gone")).into()),
    }
}

fn row(held: &HeldMessage, number: i64) -> Result<sea_orm::sea_query::InsertStatement, StoreError> {
    let row = [
        held.id.uuid().into(),
        number.into(),
        held.list.into(),
        held.sender.as_str().into(),
        held.subject.as_str().into(),
        held.message_id.as_str().into(),
        json(&held.reasons)?.into(),
        held.held_at.as_micros().into(),
        i64::try_from(held.message.len()).map_err(odd)?.into(),
        held.message_id_hash.as_str().into(),
        json(&held.envelope)?.into(),
    ];
    Ok(insert(H::Table, COLUMNS, [row]))
}

/// What a summary needs, and then what only the whole needs.
const COLUMNS: [H; 11] = [
    H::Id,
    H::Number,
    H::List,
    H::Sender,
    H::Subject,
    H::MessageId,
    H::Reasons,
    H::HeldAt,
    H::Size,
    H::MessageIdHash,
    H::Envelope,
];
/// How many of them a summary needs.
const SUMMARY: usize = 9;

fn read_summary(row: &QueryResult) -> Result<HeldSummary, Fault> {
    Ok(HeldSummary {
        id: EntryId::new(row.try_get_by_index(0)?),
        number: row.try_get_by_index(1)?,
        list: row.try_get_by_index(2)?,
        sender: row.try_get_by_index(3)?,
        subject: row.try_get_by_index(4)?,
        message_id: row.try_get_by_index(5)?,
        reasons: unjson(&row.try_get_by_index::<String>(6)?)?,
        held_at: Timestamp::from_micros(row.try_get_by_index(7)?),
        size: row.try_get_by_index::<i64>(8)?.unsigned_abs(),
    })
}
