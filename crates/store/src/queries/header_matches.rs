use posthaste_model::{Action, Pattern};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::words::{insert, unword_opt, word};
use crate::error::{Fault, odd};
use crate::tables::{HeaderMatch as H, MailingList as L};
use crate::{Store, StoreError};

/// A rule on a header field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeaderMatch {
    /// The field's name, lower case.
    pub header: String,
    /// The regular expression its value is held against.
    pub pattern: String,
    /// What happens to a post that matches; `None` is what the site says.
    pub action: Option<Action>,
    /// A word to find it by.
    pub tag: Option<String>,
}

impl Store {
    /// Adds a rule behind the others of the list; gives its position, from 0.
    pub async fn add_header_match(&self, list: Uuid, rule: &HeaderMatch) -> Result<u32, StoreError> {
        Pattern::parse(&rule.pattern)
            .map_err(|why| StoreError::BadPattern { pattern: rule.pattern.clone(), why })?;
        let header = named(&rule.header)?;
        self.writing(|| async {
            let db = self.begin().await?;
            lock(&*db, list).await?;
            let rules = load(&*db, list).await?;
            if rules.iter().any(|(_, r)| r.header == header && r.pattern == rule.pattern) {
                return Err(StoreError::HeaderMatchExists {
                    header: header.clone(),
                    pattern: rule.pattern.clone(),
                }
                .into());
            }
            let position = u32::try_from(rules.len()).map_err(odd)?;
            let row = [
                Uuid::now_v7().into(),
                list.into(),
                i32::try_from(position).map_err(odd)?.into(),
                header.as_str().into(),
                rule.pattern.as_str().into(),
                rule.action.as_ref().map(word::<Action>).into(),
                rule.tag.clone().into(),
            ];
            let columns = [H::Id, H::List, H::Position, H::Header, H::Pattern, H::Action, H::Tag];
            db.execute(&insert(H::Table, columns, [row])).await?;
            db.commit(position).await
        })
        .await
    }

    /// The rules of a list, in order: the place in the answer is the position.
    pub async fn header_matches(&self, list: Uuid) -> Result<Vec<HeaderMatch>, StoreError> {
        self.reading(async |db| Ok(load(&db, list).await?.into_iter().map(|(_, rule)| rule).collect())).await
    }

    /// Moves a rule to another position; those between move by one.
    pub async fn move_header_match(&self, list: Uuid, from: u32, to: u32) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            lock(&*db, list).await?;
            let mut rules: Vec<_> = load(&*db, list).await?.into_iter().map(|(id, _)| id).collect();
            for position in [from, to] {
                if position as usize >= rules.len() {
                    return Err(StoreError::NoSuchHeaderMatch(position).into());
                }
            }
            let moved = rules.remove(from as usize);
            rules.insert(to as usize, moved);
            for (position, id) in (0_i32..).zip(rules) {
                let place = Query::update()
                    .table(H::Table)
                    .value(H::Position, position)
                    .and_where(Expr::col(H::Id).eq(id))
                    .take();
                db.execute(&place).await?;
            }
            db.commit(()).await
        })
        .await
    }

    /// Removes the rule at a position; those behind it move up.
    pub async fn remove_header_match(&self, list: Uuid, position: u32) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            lock(&*db, list).await?;
            let rules = load(&*db, list).await?;
            let Some((id, _)) = rules.get(position as usize) else {
                return Err(StoreError::NoSuchHeaderMatch(position).into());
            };
            db.execute(Query::delete().from_table(H::Table).and_where(Expr::col(H::Id).eq(*id))).await?;
            let move_up = Query::update()
                .table(H::Table)
                .value(H::Position, Expr::col(H::Position).sub(1))
                .and_where(Expr::col(H::List).eq(list))
                .and_where(Expr::col(H::Position).gt(i32::try_from(position).map_err(odd)?))
                .take();
            db.execute(&move_up).await?;
            db.commit(()).await
        })
        .await
    }
}

/// The name of a header field as it is stored.
pub(super) fn named(typed: &str) -> Result<String, StoreError> {
    let header = typed.trim().to_lowercase();
    if header.is_empty() || !header.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
        return Err(StoreError::BadHeader(typed.to_owned()));
    }
    Ok(header)
}

/// Makes those who change the rules of one list queue up, so that positions stay without gap or twin.
pub(crate) async fn lock(db: &impl ConnectionTrait, list: Uuid) -> Result<(), Fault> {
    let touch = Query::update()
        .table(L::Table)
        .value(L::PostId, Expr::col(L::PostId))
        .and_where(Expr::col(L::Id).eq(list))
        .take();
    match db.execute(&touch).await?.rows_affected() {
        0 => Err(StoreError::NoSuchList(list.to_string()).into()),
        _ => Ok(()),
    }
}

pub(super) async fn load(db: &impl ConnectionTrait, list: Uuid) -> Result<Vec<(Uuid, HeaderMatch)>, Fault> {
    let query = Query::select()
        .columns([H::Id, H::Header, H::Pattern, H::Action, H::Tag])
        .from(H::Table)
        .and_where(Expr::col(H::List).eq(list))
        .order_by(H::Position, Order::Asc)
        .take();
    db.query_all(&query).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<(Uuid, HeaderMatch), Fault> {
    Ok((
        row.try_get_by_index(0)?,
        HeaderMatch {
            header: row.try_get_by_index(1)?,
            pattern: row.try_get_by_index(2)?,
            action: unword_opt(row.try_get_by_index(3)?)?,
            tag: row.try_get_by_index(4)?,
        },
    ))
}
