//! All addresses there are, and what they are to lists.

use posthaste_model::{Address, ListId, Role};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use uuid::Uuid;

use super::words::unword;
use crate::classify::{Class, classify};
use crate::error::Fault;
use crate::tables::{Address as A, LastDigest as G, MailingList as L, Member as M};
use crate::{ROWS, Store, StoreError};

/// An address of somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookLine {
    /// Its key in the database.
    pub id: Uuid,
    /// Folded.
    pub key: String,
    /// As its owner spells it.
    pub address: String,
    /// Whose it is, if that is known.
    pub user: Option<Uuid>,
}

/// What came of giving an address another spelling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readdressed {
    /// It is done.
    Done,
    /// The old one is not there.
    Absent,
    /// The new one is there already, and may be somebody else's.
    Taken,
}

impl Store {
    /// A page of all addresses, by their folded form; `after` is the last of the page before.
    pub async fn address_book(&self, after: Option<&str>, limit: u64) -> Result<Vec<BookLine>, StoreError> {
        let mut query = Query::select();
        query
            .columns([A::Id, A::Key, A::Spelling, A::User])
            .from(A::Table)
            .order_by(A::Key, Order::Asc)
            .limit(limit);
        if let Some(after) = after {
            query.and_where(Expr::col(A::Key).gt(after));
        }
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter()
                .map(|row| {
                    Ok(BookLine {
                        id: row.try_get_by_index(0)?,
                        key: row.try_get_by_index(1)?,
                        address: row.try_get_by_index(2)?,
                        user: row.try_get_by_index(3)?,
                    })
                })
                .collect()
        })
        .await
    }

    /// What these addresses, and all others of the same people, are to lists: by folded address, list-id and role.
    pub async fn memberships_of(
        &self,
        whose: &[BookLine],
    ) -> Result<Vec<(BookLine, ListId, Role)>, StoreError> {
        let users: Vec<Uuid> = whose.iter().filter_map(|line| line.user).collect();
        let mut found = self.memberships_where(A::User, &users).await?;
        let alone: Vec<Uuid> = whose.iter().filter(|line| line.user.is_none()).map(|line| line.id).collect();
        found.extend(self.memberships_where(A::Id, &alone).await?);
        found.sort_by(|(a, list_a, role_a), (b, list_b, role_b)| {
            (&a.key, list_a, *role_a as u8).cmp(&(&b.key, list_b, *role_b as u8))
        });
        found.dedup();
        Ok(found)
    }

    async fn memberships_where(
        &self,
        column: A,
        values: &[Uuid],
    ) -> Result<Vec<(BookLine, ListId, Role)>, StoreError> {
        let mut all = vec![];
        for some in values.chunks(ROWS) {
            let query = Query::select()
                .columns([
                    (A::Table, A::Id),
                    (A::Table, A::Key),
                    (A::Table, A::Spelling),
                    (A::Table, A::User),
                ])
                .column((L::Table, L::ListId))
                .column((M::Table, M::Role))
                .from(M::Table)
                .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)))
                .inner_join(L::Table, Expr::col((L::Table, L::Id)).equals((M::Table, M::List)))
                .and_where(Expr::col((A::Table, column)).is_in(some.iter().copied()))
                .take();
            let rows: Vec<_> = self
                .reading(async |db| {
                    let rows = db.query_all(&query).await?;
                    rows.iter()
                        .map(|row| {
                            let line = BookLine {
                                id: row.try_get_by_index(0)?,
                                key: row.try_get_by_index(1)?,
                                address: row.try_get_by_index(2)?,
                                user: row.try_get_by_index(3)?,
                            };
                            let list = ListId::new(row.try_get_by_index::<String>(4)?);
                            Ok((line, list, unword(row.try_get_by_index(5)?)?))
                        })
                        .collect::<Result<Vec<_>, Fault>>()
                })
                .await?;
            all.extend(rows);
        }
        Ok(all)
    }

    /// Gives an address another spelling: its memberships, its preferences and its owner stay.
    pub async fn readdress(&self, old: &Address, new: &Address) -> Result<Readdressed, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let taken = Query::select()
                .column(A::Id)
                .from(A::Table)
                .and_where(Expr::col(A::Key).eq(new.key()))
                .take();
            // Another spelling of the same address is no other address.
            if old.key() != new.key() && db.query_one(&taken).await?.is_some() {
                return Ok(Readdressed::Taken);
            }
            let update = Query::update()
                .table(A::Table)
                .value(A::Key, new.key())
                .value(A::Spelling, new.as_str())
                .and_where(Expr::col(A::Key).eq(old.key()))
                .take();
            match db.execute(&update).await {
                // Somebody took it since we looked.
                Err(error) if classify(&error) == Class::Unique => return Ok(Readdressed::Taken),
                Err(error) => return Err(error.into()),
                Ok(done) if done.rows_affected() == 0 => return Ok(Readdressed::Absent),
                Ok(_) => {}
            }
            let left_over =
                Query::delete().from_table(G::Table).and_where(Expr::col(G::Key).eq(new.key())).take();
            if old.key() != new.key() {
                db.execute(&left_over).await?;
            }
            let digests = Query::update()
                .table(G::Table)
                .value(G::Key, new.key())
                .value(G::Spelling, new.as_str())
                .and_where(Expr::col(G::Key).eq(old.key()))
                .take();
            db.execute(&digests).await?;
            db.commit(Readdressed::Done).await
        })
        .await
    }
}
