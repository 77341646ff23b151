use std::collections::{HashMap, HashSet};

use posthaste_model::Role;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;

use super::people;
use crate::tables::Member as M;
use crate::{ROWS, Store, StoreError};

impl Store {
    /// Takes the members with these addresses, lower case, from a list; gives the addresses of those who were there.
    pub async fn unsubscribe_all(&self, list: Uuid, keys: &[String]) -> Result<HashSet<String>, StoreError> {
        let mut gone = HashSet::new();
        for chunk in keys.chunks(ROWS) {
            let chunk: Vec<_> = chunk.iter().map(String::as_str).collect();
            let removed = self
                .writing(|| async {
                    let db = self.begin().await?;
                    let known = people::find(&*db, &chunk).await?;
                    let keys: HashMap<_, _> = known.into_iter().map(|(key, known)| (known.id, key)).collect();
                    let members = Query::select()
                        .columns([M::Id, M::Address])
                        .from(M::Table)
                        .and_where(Expr::col(M::List).eq(list))
                        .and_where(Expr::col(M::Role).eq(Role::Member.name()))
                        .and_where(Expr::col(M::Address).is_in(keys.keys().copied()))
                        .take();
                    let mut ids: Vec<Uuid> = vec![];
                    let mut removed = vec![];
                    for row in db.query_all(&members).await? {
                        ids.push(row.try_get_by_index(0)?);
                        removed.extend(keys.get(&row.try_get_by_index::<Uuid>(1)?).cloned());
                    }
                    let delete =
                        Query::delete().from_table(M::Table).and_where(Expr::col(M::Id).is_in(ids)).take();
                    db.execute(&delete).await?;
                    db.commit(removed).await
                })
                .await?;
            gone.extend(removed);
        }
        Ok(gone)
    }
}
