use posthaste_model::{ListName, Timestamp};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query};
use uuid::Uuid;

use super::lists;
use super::words::insert;
use crate::error::{Fault, odd};
use crate::tables::{Counter as C, Crosspost as X, MailingList as L};
use crate::{Store, StoreError};

/// The series that says in which order lists accept posts to several of them.
const SERIES: &str = "crosspost";
/// Nobody is asked about more addresses than these at once.
const MOST: usize = 200;

/// A list that has accepted the same post before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EarlierList {
    /// Its key.
    pub list: Uuid,
    /// When it did.
    pub at: Timestamp,
}

impl Store {
    /// The lists among these addresses: address and key.
    pub async fn lists_among(&self, names: &[ListName]) -> Result<Vec<(ListName, Uuid)>, StoreError> {
        if names.is_empty() {
            return Ok(vec![]);
        }
        let locals = names.iter().take(MOST).map(ListName::local);
        let query = Query::select()
            .columns([L::Id, L::Local, L::Host])
            .from(L::Table)
            .and_where(Expr::col(L::Local).is_in(locals))
            .take();
        self.reading(async |db| {
            let mut found = vec![];
            for row in db.query_all(&query).await? {
                let name = lists::name(&row, 1)?;
                if names.contains(&name) {
                    found.push((name, row.try_get_by_index(0)?));
                }
            }
            Ok(found)
        })
        .await
    }

    /// Notes that this list accepts a post that went to several, and tells which of them did so before, since `since`.
    ///
    /// Of two lists exactly one is before the other: whoever asks later waits for who asked first. The same list asked again
    /// keeps its place.
    pub async fn note_crosspost(
        &self,
        message: Uuid,
        list: Uuid,
        at: Timestamp,
        since: Timestamp,
    ) -> Result<Vec<EarlierList>, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let mut first = insert(C::Table, [C::Name, C::Next], [[SERIES.into(), 1_i64.into()]]);
            first.on_conflict(OnConflict::column(C::Name).do_nothing_on([C::Name]).to_owned());
            db.execute(&first).await?;
            let this = Expr::col(C::Name).eq(SERIES);
            let take = Query::update()
                .table(C::Table)
                .value(C::Next, Expr::col(C::Next).add(1_i64))
                .and_where(this.clone())
                .take();
            db.execute(&take).await?;
            let next = Query::select().column(C::Next).from(C::Table).and_where(this).take();
            let row = db.query_one(&next).await?.ok_or_else(|| odd("the counter of crossposts is gone"))?;
            let number: i64 = row.try_get_by_index(0)?;
            let row =
                [Uuid::now_v7().into(), message.into(), list.into(), number.into(), at.as_micros().into()];
            let columns = [X::Id, X::Message, X::List, X::Place, X::PlannedAt];
            let mut note = insert(X::Table, columns, [row]);
            note.on_conflict(OnConflict::columns([X::Message, X::List]).do_nothing_on([X::Id]).to_owned());
            db.execute(&note)
                .await
                .map_err(|e| Fault::reference_means(e, StoreError::NoSuchList(list.to_string())))?;
            let query = Query::select()
                .columns([X::List, X::PlannedAt])
                .from(X::Table)
                .and_where(Expr::col(X::Message).eq(message))
                .order_by(X::Place, Order::Asc)
                .take();
            let mut earlier = vec![];
            for row in db.query_all(&query).await? {
                let found = EarlierList {
                    list: row.try_get_by_index(0)?,
                    at: Timestamp::from_micros(row.try_get_by_index(1)?),
                };
                if found.list == list {
                    break;
                }
                earlier.push(found);
            }
            earlier.retain(|e| e.at >= since);
            db.commit(earlier).await
        })
        .await
    }

    /// Forgets posts that several lists accepted before `before`; says how many.
    pub async fn forget_crossposts(&self, before: Timestamp) -> Result<u64, StoreError> {
        let delete = Query::delete()
            .from_table(X::Table)
            .and_where(Expr::col(X::PlannedAt).lt(before.as_micros()))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let done = db.execute(&delete).await?.rows_affected();
            db.commit(done).await
        })
        .await
    }
}
