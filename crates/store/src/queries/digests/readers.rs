use posthaste_model::{Address, DeliveryMode, Role};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use crate::error::Fault;
use crate::queries::recipients::{effective, first_set, or_default};
use crate::queries::words::{self, insert, unword, word};
use crate::tables::{
    Address as A, DigestPost as D, LastDigest as G, Member as M, Preference as P, User as U,
};
use crate::{Store, StoreError};

/// Somebody who gets digests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DigestReader {
    /// The member's key; nil for somebody who gets a last one.
    pub member: Uuid,
    /// The address as its owner spells it.
    pub address: Address,
    /// The name; may be empty.
    pub name: String,
    /// The language this person set.
    pub language: Option<String>,
    /// In which form.
    pub mode: DeliveryMode,
}

/// Every mode but the regular one.
fn digest_modes() -> [String; 3] {
    [DeliveryMode::PlaintextDigests, DeliveryMode::MimeDigests, DeliveryMode::SummaryDigests]
        .map(|mode| word(&mode))
}

impl Store {
    /// True if somebody may read digests of this list. Quick, and wrong to the safe side only: who set a digest mode for an
    /// address or for themselves counts whatever their membership says.
    pub async fn has_digest_readers(&self, list: Uuid) -> Result<bool, StoreError> {
        let of_list = || {
            Query::select()
                .column((M::Table, M::Id))
                .from(M::Table)
                .and_where(Expr::col((M::Table, M::List)).eq(list))
                .limit(1)
                .take()
        };
        let own = of_list().and_where(Expr::col((M::Table, P::DeliveryMode)).is_in(digest_modes())).take();
        // As sets of addresses, for these are few: a join would look at every member of the list.
        let addresses = Query::select()
            .column(A::Id)
            .from(A::Table)
            .and_where(Expr::col(P::DeliveryMode).is_in(digest_modes()))
            .take();
        let users = Query::select()
            .column(U::Id)
            .from(U::Table)
            .and_where(Expr::col(P::DeliveryMode).is_in(digest_modes()))
            .take();
        let of_users = Query::select()
            .column(A::Id)
            .from(A::Table)
            .and_where(Expr::col(A::User).in_subquery(users))
            .take();
        let [by_address, by_user] = [addresses, of_users].map(|addresses| {
            of_list().and_where(Expr::col((M::Table, M::Address)).in_subquery(addresses)).take()
        });
        self.reading(async |db| {
            for query in [own, by_address, by_user] {
                if db.query_one(&query).await?.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }

    /// A page of those who get digests: role member, delivery switched on, a digest mode; by member, address and user
    /// preferences in this order. `after` is the last member of the page before.
    pub async fn digest_readers(
        &self,
        list: Uuid,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<DigestReader>, StoreError> {
        let mut query = effective(list);
        query
            .expr_as(Expr::col((M::Table, M::Id)), "member_id")
            .expr_as(Expr::col((A::Table, A::Spelling)), "spelling")
            .expr_as(Expr::col((M::Table, M::DisplayName)), "member_name")
            .expr_as(Expr::col((A::Table, A::DisplayName)), "address_name")
            .expr_as(first_set(P::PreferredLanguage), "language")
            .expr_as(first_set(P::DeliveryMode), "mode")
            .and_where(Expr::col((M::Table, M::Role)).eq(Role::Member.name()))
            .and_where(or_default(P::DeliveryMode, "regular").is_in(digest_modes()))
            .and_where(or_default(P::DeliveryStatus, "enabled").eq("enabled"))
            .order_by((M::Table, M::Id), Order::Asc)
            .limit(limit);
        if let Some(after) = after {
            query.and_where(Expr::col((M::Table, M::Id)).gt(after));
        }
        self.reading(async |db| {
            let mut readers = vec![];
            for row in db.query_all(&query).await? {
                let name: String = row.try_get_by_index(2)?;
                readers.push(DigestReader {
                    member: row.try_get_by_index(0)?,
                    address: words::address(&row.try_get_by_index::<String>(1)?)?,
                    name: if name.is_empty() { row.try_get_by_index(3)? } else { name },
                    language: row.try_get_by_index(4)?,
                    mode: unword(row.try_get_by_index(5)?)?,
                });
            }
            Ok(readers)
        })
        .await
    }

    /// Those who left the digests of a list and get one more.
    pub async fn last_digests(&self, list: Uuid) -> Result<Vec<DigestReader>, StoreError> {
        let query = Query::select()
            .columns([G::Spelling, G::Mode])
            .from(G::Table)
            .and_where(Expr::col(G::List).eq(list))
            .order_by(G::Key, Order::Asc)
            .take();
        self.reading(async |db| {
            let mut readers = vec![];
            for row in db.query_all(&query).await? {
                readers.push(DigestReader {
                    member: Uuid::nil(),
                    address: words::address(&row.try_get_by_index::<String>(0)?)?,
                    name: String::new(),
                    language: None,
                    mode: unword(row.try_get_by_index(1)?)?,
                });
            }
            Ok(readers)
        })
        .await
    }
}

/// Notes that this member leaves the digests, if posts were collected that no digest has brought yet; forgets it if the
/// member is back.
pub(crate) async fn change_of_mode(
    db: &DatabaseTransaction,
    list: Uuid,
    address: &Address,
    before: Option<DeliveryMode>,
    after: Option<DeliveryMode>,
) -> Result<(), Fault> {
    let digests = |mode: Option<DeliveryMode>| mode.filter(|mode| *mode != DeliveryMode::Regular);
    if before == after {
        return Ok(());
    }
    if digests(after).is_some() {
        let delete = Query::delete()
            .from_table(G::Table)
            .and_where(Expr::col(G::List).eq(list))
            .and_where(Expr::col(G::Key).eq(address.key()))
            .take();
        db.execute(&delete).await?;
    }
    let (Some(had), None) = (digests(before), digests(after)) else { return Ok(()) };
    if db.query_one(&waiting(list)).await?.is_none() {
        return Ok(());
    }
    let row = [list.into(), address.key().into(), address.to_string().into(), word(&had).into()];
    let mut owed = insert(G::Table, [G::List, G::Key, G::Spelling, G::Mode], [row]);
    owed.on_conflict(OnConflict::columns([G::List, G::Key]).do_nothing_on([G::Key]).to_owned());
    db.execute(&owed).await?;
    Ok(())
}

fn waiting(list: Uuid) -> SelectStatement {
    Query::select()
        .column(D::Id)
        .from(D::Table)
        .and_where(Expr::col(D::Issue).is_null())
        .and_where(Expr::col(D::List).eq(list))
        .limit(1)
        .take()
}
