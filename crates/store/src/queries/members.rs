use std::collections::{HashMap, HashSet};

use posthaste_model::{Action, Address, Mailbox, Member, Preferences, Role, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use uuid::Uuid;

use super::bans::Bans;
use super::digests::readers::change_of_mode;
use super::words::{self, insert, unword, unword_opt, word};
use super::{people, preferences};
use crate::error::{Fault, odd};
use crate::tables::{Address as A, MailingList as L, Member as M};
use crate::{ROWS, Store, StoreError};

/// What adding members did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Added {
    /// Joined now.
    pub added: u64,
    /// Had this role before, or stood in the input twice.
    pub already: u64,
    /// Not added, because they are banned.
    pub banned: Vec<Address>,
}

/// What making the members equal to a given set did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Synced {
    /// Joined now.
    pub added: u64,
    /// Were no longer in the set.
    pub removed: u64,
    /// Stayed.
    pub kept: u64,
    /// Not added, because they are banned.
    pub banned: Vec<Address>,
}

/// What to change of a member; `None` leaves it as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MemberChange {
    /// The name.
    pub display_name: Option<String>,
    /// What happens to this person's posts; `Some(None)` is "as the list says".
    pub moderation_action: Option<Option<Action>>,
    /// All seven preferences of this membership.
    pub preferences: Option<Preferences>,
}

impl Store {
    /// Gives the mailboxes a role on a list; those who have it stay as they are, the banned are left out.
    ///
    /// Each [`ROWS`] mailboxes are one transaction; a caller who shows progress gives that many at a time.
    pub async fn add_members(
        &self,
        list: Uuid,
        role: Role,
        mailboxes: &[Mailbox],
        at: Timestamp,
    ) -> Result<Added, StoreError> {
        self.must_exist(list).await?;
        let bans = Bans::load(self, list).await?;
        let (banned, welcome): (Vec<_>, Vec<_>) =
            mailboxes.iter().cloned().partition(|m| bans.find(&m.address).is_some());
        let mut report =
            Added { banned: banned.into_iter().map(|m| m.address).collect(), ..Added::default() };
        for chunk in welcome.chunks(ROWS) {
            let added = self
                .writing(|| async {
                    let db = self.begin().await?;
                    let added = add(&db, list, role, chunk, at).await?;
                    db.commit(added).await
                })
                .await?;
            report.added += added;
            report.already += chunk.len() as u64 - added;
        }
        Ok(report)
    }

    /// Makes the holders of a role exactly the given set: adds who is missing, removes who is too many.
    pub async fn sync_members(
        &self,
        list: Uuid,
        role: Role,
        complete: &[Mailbox],
        at: Timestamp,
    ) -> Result<Synced, StoreError> {
        let wanted: HashSet<_> = complete.iter().map(|m| m.address.key()).collect();
        let mut present = HashSet::new();
        let mut surplus = Vec::new();
        let mut after = None;
        loop {
            let page = self.members_page(list, Some(role), after, ROWS as u64).await?;
            let Some(end) = page.last() else { break };
            after = Some(end.id);
            for member in page {
                if wanted.contains(member.address.key()) {
                    present.insert(member.address.key().to_owned());
                } else {
                    surplus.push(member.id);
                }
            }
        }
        let missing: Vec<_> =
            complete.iter().filter(|m| !present.contains(m.address.key())).cloned().collect();
        let Added { added, banned, .. } = self.add_members(list, role, &missing, at).await?;
        let mut removed = 0;
        for ids in surplus.chunks(ROWS) {
            removed += self
                .writing(|| async {
                    let db = self.begin().await?;
                    let removed = remove(&db, ids).await?;
                    db.commit(removed).await
                })
                .await?;
        }
        Ok(Synced { added, removed, kept: present.len() as u64, banned })
    }

    /// Takes a role on a list from the addresses; says how many had it.
    pub async fn remove_members(
        &self,
        list: Uuid,
        role: Role,
        addresses: &[Address],
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        for chunk in addresses.chunks(ROWS) {
            let keys: Vec<_> = chunk.iter().map(Address::key).collect();
            removed += self
                .writing(|| async {
                    let db = self.begin().await?;
                    let ids: Vec<_> = people::find(&*db, &keys).await?.into_values().map(|a| a.id).collect();
                    let delete = Query::delete()
                        .from_table(M::Table)
                        .and_where(Expr::col(M::List).eq(list))
                        .and_where(Expr::col(M::Role).eq(role.name()))
                        .and_where(Expr::col(M::Address).is_in(ids))
                        .take();
                    let done = db.execute(&delete).await?.rows_affected();
                    db.commit(done).await
                })
                .await?;
        }
        Ok(removed)
    }

    /// A page of members in the order of their keys, of one role or of all; `after` is the last one of the page before.
    pub async fn members_page(
        &self,
        list: Uuid,
        role: Option<Role>,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Member>, StoreError> {
        let mut query = query(list);
        query.order_by((M::Table, M::Id), Order::Asc).limit(limit);
        if let Some(role) = role {
            query.and_where(Expr::col((M::Table, M::Role)).eq(role.name()));
        }
        if let Some(after) = after {
            query.and_where(Expr::col((M::Table, M::Id)).gt(after));
        }
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// One member, if the address has the role.
    pub async fn member(
        &self,
        list: Uuid,
        address: &Address,
        role: Role,
    ) -> Result<Option<Member>, StoreError> {
        let mut query = query(list);
        query
            .and_where(Expr::col((M::Table, M::Role)).eq(role.name()))
            .and_where(Expr::col((A::Table, A::Key)).eq(address.key()));
        self.reading(async |db| db.query_one(&query).await?.as_ref().map(read).transpose()).await
    }

    /// The membership with this key, if there still is one.
    pub async fn membership(&self, list: Uuid, id: Uuid) -> Result<Option<Member>, StoreError> {
        let mut query = query(list);
        query.and_where(Expr::col((M::Table, M::Id)).eq(id));
        self.reading(async |db| db.query_one(&query).await?.as_ref().map(read).transpose()).await
    }

    /// How many have a role.
    pub async fn member_count(&self, list: Uuid, role: Role) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr(Expr::col(M::Id).count())
            .from(M::Table)
            .and_where(Expr::col(M::List).eq(list))
            .and_where(Expr::col(M::Role).eq(role.name()))
            .take();
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs()),
            None => Ok(0),
        })
        .await
    }

    /// Changes a member.
    pub async fn set_member(
        &self,
        list: Uuid,
        address: &Address,
        role: Role,
        change: &MemberChange,
    ) -> Result<(), StoreError> {
        let missing = || StoreError::NoSuchMember { address: address.clone(), role };
        let member = self.member(list, address, role).await?.ok_or_else(missing)?;
        let mut update = Query::update();
        update.table(M::Table).and_where(Expr::col(M::Id).eq(member.id));
        // Something is always set: an UPDATE without a column is no statement.
        update.value(M::DisplayName, change.display_name.as_ref().unwrap_or(&member.display_name).as_str());
        if let Some(action) = change.moderation_action {
            update.value(M::ModerationAction, action.as_ref().map(word::<Action>));
        }
        for (column, value) in change.preferences.iter().flat_map(preferences::values) {
            update.value(column, value);
        }
        self.writing(|| async {
            let db = self.begin().await?;
            if db.execute(&update).await?.rows_affected() == 0 {
                return Err(missing().into());
            }
            if let (Role::Member, Some(wanted)) = (role, &change.preferences) {
                let before = member.preferences.delivery_mode;
                change_of_mode(&db, list, &member.address, before, wanted.delivery_mode).await?;
            }
            db.commit(()).await
        })
        .await
    }

    /// Remembers who has written without being a member. Whoever has any role keeps just that.
    pub async fn ensure_nonmembers(
        &self,
        list: Uuid,
        addresses: &[Address],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mailboxes: Vec<_> =
            addresses.iter().map(|a| Mailbox { name: String::new(), address: a.clone() }).collect();
        for chunk in mailboxes.chunks(ROWS) {
            self.writing(|| async {
                let db = self.begin().await?;
                let keys: Vec<_> = chunk.iter().map(|m| m.address.key()).collect();
                let mut known = query(list);
                known.and_where(Expr::col((A::Table, A::Key)).is_in(keys));
                let known: HashSet<_> = db
                    .query_all(&known)
                    .await?
                    .iter()
                    .map(|row| Ok(read(row)?.address))
                    .collect::<Result<_, Fault>>()?;
                let new: Vec<_> = chunk.iter().filter(|m| !known.contains(&m.address)).cloned().collect();
                add(&db, list, Role::Nonmember, &new, at).await?;
                db.commit(()).await
            })
            .await?;
        }
        Ok(())
    }

    async fn must_exist(&self, list: Uuid) -> Result<(), StoreError> {
        let query = Query::select().column(L::Id).from(L::Table).and_where(Expr::col(L::Id).eq(list)).take();
        self.reading(async |db| match db.query_one(&query).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::NoSuchList(list.to_string()).into()),
        })
        .await
    }
}

/// Gives at most [`ROWS`] mailboxes a role; says how many did not have it.
pub(crate) async fn add(
    db: &DatabaseTransaction,
    list: Uuid,
    role: Role,
    mailboxes: &[Mailbox],
    at: Timestamp,
) -> Result<u64, Fault> {
    let mut seen = HashSet::with_capacity(mailboxes.len());
    let mailboxes: Vec<_> = mailboxes.iter().filter(|m| seen.insert(m.address.key())).collect();
    if mailboxes.is_empty() {
        return Ok(0);
    }
    let addresses = people::ensure(db, &mailboxes, at).await?;
    let had: HashSet<Uuid> = holders(db, list, role, &addresses).await?;
    let mut rows = Vec::with_capacity(mailboxes.len());
    for mailbox in mailboxes {
        let address =
            addresses.get(mailbox.address.key()).ok_or_else(|| odd("an address is gone at once"))?.id;
        if !had.contains(&address) {
            rows.push([
                Uuid::now_v7().into(),
                list.into(),
                address.into(),
                role.name().into(),
                mailbox.name.as_str().into(),
                at.as_micros().into(),
            ]);
        }
    }
    let added = rows.len() as u64;
    if added > 0 {
        let columns = [M::Id, M::List, M::Address, M::Role, M::DisplayName, M::CreatedAt];
        let mut insert = insert(M::Table, columns, rows);
        // Somebody may add the same ones at the same time.
        insert.on_conflict(
            OnConflict::columns([M::List, M::Address, M::Role]).do_nothing_on([M::Id]).to_owned(),
        );
        db.execute(&insert)
            .await
            .map_err(|e| Fault::reference_means(e, StoreError::NoSuchList(list.to_string())))?;
    }
    Ok(added)
}

/// Which of these addresses have the role.
async fn holders(
    db: &DatabaseTransaction,
    list: Uuid,
    role: Role,
    addresses: &HashMap<String, people::Known>,
) -> Result<HashSet<Uuid>, Fault> {
    let query = Query::select()
        .column(M::Address)
        .from(M::Table)
        .and_where(Expr::col(M::List).eq(list))
        .and_where(Expr::col(M::Role).eq(role.name()))
        .and_where(Expr::col(M::Address).is_in(addresses.values().map(|a| a.id)))
        .take();
    db.query_all(&query).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

async fn remove(db: &DatabaseTransaction, ids: &[Uuid]) -> Result<u64, Fault> {
    let delete =
        Query::delete().from_table(M::Table).and_where(Expr::col(M::Id).is_in(ids.iter().copied())).take();
    Ok(db.execute(&delete).await?.rows_affected())
}

/// Members of a list beside their address.
pub(crate) fn query(list: Uuid) -> SelectStatement {
    everywhere().and_where(Expr::col((M::Table, M::List)).eq(list)).take()
}

/// Members of all lists beside their address, as [`read`] wants them.
pub(crate) fn everywhere() -> SelectStatement {
    let mut query = Query::select();
    query
        .column((M::Table, M::Id))
        .column((M::Table, M::List))
        .column((M::Table, M::Role))
        .column((A::Table, A::Spelling))
        .column((M::Table, M::DisplayName))
        .column((M::Table, M::ModerationAction))
        .column((M::Table, M::CreatedAt));
    preferences::select(&mut query, M::Table, 'm');
    query
        .from(M::Table)
        .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)))
        .take()
}

/// What [`query`] asked for.
pub(crate) fn read(row: &QueryResult) -> Result<Member, Fault> {
    Ok(Member {
        id: row.try_get_by_index(0)?,
        list: row.try_get_by_index(1)?,
        role: unword(row.try_get_by_index(2)?)?,
        address: words::address(&row.try_get_by_index::<String>(3)?)?,
        display_name: row.try_get_by_index(4)?,
        moderation_action: unword_opt(row.try_get_by_index(5)?)?,
        created_at: Timestamp::from_micros(row.try_get_by_index(6)?),
        preferences: preferences::read(row, 'm')?,
    })
}
