use posthaste_model::{Address, Role};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use uuid::Uuid;

use super::words::insert;
use crate::tables::{Member as M, MemberTopic as T};
use crate::{Store, StoreError};

impl Store {
    /// Sets which topics a member wants: none means every post, `*` means posts without a topic.
    pub async fn set_topics(
        &self,
        list: Uuid,
        member: &Address,
        topics: &[String],
    ) -> Result<(), StoreError> {
        let id = self.topic_chooser(list, member).await?;
        let mut wanted = topics.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(Query::delete().from_table(T::Table).and_where(Expr::col(T::Member).eq(id))).await?;
            if !wanted.is_empty() {
                let rows = wanted.iter().map(|topic| [id.into(), topic.as_str().into()]);
                db.execute(&insert(T::Table, [T::Member, T::Topic], rows)).await?;
            }
            db.commit(()).await
        })
        .await
    }

    /// The topics a member has chosen, sorted.
    pub async fn topics(&self, list: Uuid, member: &Address) -> Result<Vec<String>, StoreError> {
        let id = self.topic_chooser(list, member).await?;
        let query = Query::select()
            .column(T::Topic)
            .from(T::Table)
            .and_where(Expr::col(T::Member).eq(id))
            .order_by(T::Topic, Order::Asc)
            .take();
        self.reading(async |db| {
            db.query_all(&query).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
        })
        .await
    }

    /// The members of a list who have chosen topics, but none of these.
    pub async fn not_interested(&self, list: Uuid, topics: &[String]) -> Result<Vec<Uuid>, StoreError> {
        let wanting = Query::select()
            .column(T::Member)
            .from(T::Table)
            .and_where(Expr::col(T::Topic).is_in(topics.iter().map(String::as_str)))
            .take();
        let query = Query::select()
            .column((T::Table, T::Member))
            .distinct()
            .from(T::Table)
            .inner_join(M::Table, Expr::col((M::Table, M::Id)).equals((T::Table, T::Member)))
            .and_where(Expr::col((M::Table, M::List)).eq(list))
            .and_where(Expr::col((T::Table, T::Member)).not_in_subquery(wanting))
            .take();
        self.reading(async |db| {
            db.query_all(&query).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
        })
        .await
    }

    async fn topic_chooser(&self, list: Uuid, member: &Address) -> Result<Uuid, StoreError> {
        let found = self.member(list, member, Role::Member).await?;
        let missing = || StoreError::NoSuchMember { address: member.clone(), role: Role::Member };
        found.map(|m| m.id).ok_or_else(missing)
    }
}
