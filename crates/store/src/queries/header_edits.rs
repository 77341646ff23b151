//! Rules on header fields changed after they were made.

use posthaste_model::{Action, Pattern};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;

use super::header_matches::{HeaderMatch, load, lock, named};
use super::words::word;
use crate::tables::HeaderMatch as H;
use crate::{Store, StoreError};

impl Store {
    /// Puts a rule in the place of the one at `position`, and moves it to `to`; those between move by one.
    pub async fn set_header_match(
        &self,
        list: Uuid,
        position: u32,
        rule: &HeaderMatch,
        to: u32,
    ) -> Result<(), StoreError> {
        Pattern::parse(&rule.pattern)
            .map_err(|why| StoreError::BadPattern { pattern: rule.pattern.clone(), why })?;
        let header = named(&rule.header)?;
        self.writing(|| async {
            let db = self.begin().await?;
            lock(&*db, list).await?;
            let mut rules = load(&*db, list).await?;
            for position in [position, to] {
                if position as usize >= rules.len() {
                    return Err(StoreError::NoSuchHeaderMatch(position).into());
                }
            }
            let moved = rules.remove(position as usize);
            if rules.iter().any(|(_, r)| r.header == header && r.pattern == rule.pattern) {
                let pattern = rule.pattern.clone();
                return Err(StoreError::HeaderMatchExists { header: header.clone(), pattern }.into());
            }
            let update = Query::update()
                .table(H::Table)
                .value(H::Header, header.as_str())
                .value(H::Pattern, rule.pattern.as_str())
                .value(H::Action, rule.action.as_ref().map(word::<Action>))
                .value(H::Tag, rule.tag.clone())
                .and_where(Expr::col(H::Id).eq(moved.0))
                .take();
            db.execute(&update).await?;
            if position != to {
                rules.insert(to as usize, moved);
                for (place, (id, _)) in (0_i32..).zip(rules) {
                    let update = Query::update()
                        .table(H::Table)
                        .value(H::Position, place)
                        .and_where(Expr::col(H::Id).eq(id))
                        .take();
                    db.execute(&update).await?;
                }
            }
            db.commit(()).await
        })
        .await
    }

    /// Removes all rules of a list; says how many there were.
    pub async fn clear_header_matches(&self, list: Uuid) -> Result<u64, StoreError> {
        let delete = Query::delete().from_table(H::Table).and_where(Expr::col(H::List).eq(list)).take();
        self.writing(|| async {
            let db = self.begin().await?;
            lock(&*db, list).await?;
            let gone = db.execute(&delete).await?.rows_affected();
            db.commit(gone).await
        })
        .await
    }
}
