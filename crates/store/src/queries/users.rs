//! Users: the people behind addresses.

use posthaste_model::{Address, Mailbox, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use uuid::Uuid;

use super::addresses::{give, one};
use super::deeds::set_verified;
use super::merging::follow;
use super::people;
use super::words::insert;
use crate::error::{Fault, odd};
use crate::tables::{Address as A, User as U};
use crate::{Store, StoreError};

/// A person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Its key.
    pub id: Uuid,
    /// The name; may be empty.
    pub display_name: String,
    /// The hash of the password.
    pub password_hash: Option<String>,
    /// Runs the site.
    pub is_server_owner: bool,
    /// The key of the address to which mail for the user goes.
    pub preferred: Option<Uuid>,
    /// Since when.
    pub created_at: Timestamp,
}

/// A user who is to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewUser {
    /// The first address, with the user's name.
    pub mailbox: Mailbox,
    /// The hash of the password.
    pub password_hash: Option<String>,
    /// Runs the site.
    pub is_server_owner: bool,
    /// When.
    pub at: Timestamp,
}

/// What to change of a user; `None` leaves it as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserChange {
    /// The name.
    pub display_name: Option<String>,
    /// The hash of the password.
    pub password_hash: Option<String>,
    /// Runs the site.
    pub is_server_owner: Option<bool>,
}

/// Which users are wanted; all if nothing is said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsersWanted {
    /// Whose name, or an address or its name, holds this, whatever the case.
    pub holds: Option<String>,
    /// Who run the site.
    pub server_owners: bool,
}

/// What came of making a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UserMade {
    /// The key of the user, who is there now.
    Done(Uuid),
    /// A user has this address already, which is spelled so.
    Exists(Address),
}

/// What came of naming the address to which a user's mail goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Preferring {
    /// It does.
    Done,
    /// Nobody has proved that they read it; what it is called.
    Unverified(Mailbox),
    /// It belongs to somebody else.
    Taken,
    /// There is no such address.
    NoAddress,
    /// There is no such user.
    NoUser,
}

impl Store {
    /// The user with this key.
    pub async fn user(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        let query = query().and_where(Expr::col((U::Table, U::Id)).eq(id)).take();
        self.reading(async |db| db.query_one(&query).await?.as_ref().map(read).transpose()).await
    }

    /// The user who has this address.
    pub async fn user_by_address(&self, address: &Address) -> Result<Option<User>, StoreError> {
        let query = query()
            .inner_join(A::Table, Expr::col((A::Table, A::User)).equals((U::Table, U::Id)))
            .and_where(Expr::col((A::Table, A::Key)).eq(address.key()))
            .take();
        self.reading(async |db| db.query_one(&query).await?.as_ref().map(read).transpose()).await
    }

    /// Users, the first who came first; `after` is the last one of the page before, and `skip` leaves out so many besides.
    pub async fn users(
        &self,
        wanted: &UsersWanted,
        after: Option<&User>,
        skip: u64,
        limit: u64,
    ) -> Result<Vec<User>, StoreError> {
        let mut query = narrowed(query(), wanted);
        query
            .order_by((U::Table, U::CreatedAt), Order::Asc)
            .order_by((U::Table, U::Id), Order::Asc)
            .limit(limit);
        if skip > 0 {
            query.offset(skip);
        }
        if let Some(after) = after {
            let (at, id) = (after.created_at.as_micros(), after.id);
            let created = || Expr::col((U::Table, U::CreatedAt));
            query.and_where(created().gt(at).or(created().eq(at).and(Expr::col((U::Table, U::Id)).gt(id))));
        }
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// How many users are wanted.
    pub async fn user_count(&self, wanted: &UsersWanted) -> Result<u64, StoreError> {
        let all = Query::select().expr(Expr::col((U::Table, U::Id)).count()).from(U::Table).take();
        let query = narrowed(all, wanted);
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs()),
            None => Ok(0),
        })
        .await
    }

    /// Makes a user, who gets the address: a new one, or one that nobody has.
    pub async fn create_user(&self, new: &NewUser) -> Result<UserMade, StoreError> {
        let id = Uuid::now_v7();
        let row = [
            id.into(),
            new.mailbox.name.as_str().into(),
            new.password_hash.clone().into(),
            new.is_server_owner.into(),
            new.at.as_micros().into(),
        ];
        let columns = [U::Id, U::DisplayName, U::PasswordHash, U::IsServerOwner, U::CreatedAt];
        let insert = insert(U::Table, columns, [row]);
        self.writing(|| async {
            let db = self.begin().await?;
            people::ensure(&db, &[&new.mailbox], new.at).await?;
            let address =
                one(&db, &new.mailbox.address).await?.ok_or_else(|| odd("an address is gone at once"))?;
            if address.user.is_some() {
                return Ok(UserMade::Exists(address.address));
            }
            db.execute(&insert).await?;
            give(&db, address.id, Some(id)).await?;
            db.commit(UserMade::Done(id)).await
        })
        .await
    }

    /// Makes address and user if they are new, and notes that somebody vouches that the address is read.
    pub async fn know(&self, mailbox: &Mailbox, vouched: bool, at: Timestamp) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            people::ensure_users(&db, std::slice::from_ref(mailbox), at).await?;
            if vouched && let Some(address) = one(&db, &mailbox.address).await? {
                set_verified(&db, address.id, at).await?;
            }
            db.commit(()).await
        })
        .await
    }

    /// Changes a user; says whether there is one.
    pub async fn change_user(&self, id: Uuid, change: &UserChange) -> Result<bool, StoreError> {
        let mut update = Query::update();
        update.table(U::Table).and_where(Expr::col(U::Id).eq(id));
        let mut any = false;
        let values: [(U, Option<SimpleExpr>); 3] = [
            (U::DisplayName, change.display_name.clone().map(Into::into)),
            (U::PasswordHash, change.password_hash.clone().map(Into::into)),
            (U::IsServerOwner, change.is_server_owner.map(Into::into)),
        ];
        for (column, value) in values {
            if let Some(value) = value {
                update.value(column, value);
                any = true;
            }
        }
        self.writing(|| async {
            let db = self.begin().await?;
            if !is_there(&db, id).await? {
                return Ok(false);
            }
            if any {
                db.execute(&update).await?;
            }
            db.commit(true).await
        })
        .await
    }

    /// Forgets a user with their addresses and memberships; says whether there was one.
    pub async fn remove_user(&self, id: Uuid) -> Result<bool, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(Query::delete().from_table(A::Table).and_where(Expr::col(A::User).eq(id))).await?;
            let delete = Query::delete().from_table(U::Table).and_where(Expr::col(U::Id).eq(id)).take();
            let gone = db.execute(&delete).await?.rows_affected() > 0;
            db.commit(gone).await
        })
        .await
    }

    /// Names the address to which a user's mail goes; memberships that belong to the user go there with it. An address
    /// that nobody has becomes the user's.
    pub async fn prefer_address(&self, user: Uuid, address: &Address) -> Result<Preferring, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            if !is_there(&db, user).await? {
                return Ok(Preferring::NoUser);
            }
            let Some(row) = one(&db, address).await? else { return Ok(Preferring::NoAddress) };
            if row.user.is_some_and(|owner| owner != user) {
                return Ok(Preferring::Taken);
            }
            if row.verified_at.is_none() {
                let mailbox = Mailbox { name: row.display_name, address: row.address };
                return Ok(Preferring::Unverified(mailbox));
            }
            if row.user.is_none() {
                give(&db, row.id, Some(user)).await?;
            }
            prefer(&db, user, Some(row.id)).await?;
            follow(&db, user, row.id).await?;
            db.commit(Preferring::Done).await
        })
        .await
    }

    /// A user's mail goes to no address in particular; says whether it did.
    pub async fn prefer_none(&self, user: Uuid) -> Result<bool, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let update = Query::update()
                .table(U::Table)
                .value(U::PreferredAddress, Option::<Uuid>::None)
                .and_where(Expr::col(U::Id).eq(user))
                .and_where(Expr::col(U::PreferredAddress).is_not_null())
                .take();
            let done = db.execute(&update).await?.rows_affected() > 0;
            db.commit(done).await
        })
        .await
    }
}

/// Writes where a user's mail goes.
pub(super) async fn prefer(db: &DatabaseTransaction, user: Uuid, address: Option<Uuid>) -> Result<(), Fault> {
    let update = Query::update()
        .table(U::Table)
        .value(U::PreferredAddress, address)
        .and_where(Expr::col(U::Id).eq(user))
        .take();
    db.execute(&update).await?;
    Ok(())
}

/// The user, within a transaction.
pub(super) async fn by_key(db: &DatabaseTransaction, id: Uuid) -> Result<Option<User>, Fault> {
    let query = query().and_where(Expr::col((U::Table, U::Id)).eq(id)).take();
    db.query_one(&query).await?.as_ref().map(read).transpose()
}

async fn is_there(db: &DatabaseTransaction, id: Uuid) -> Result<bool, Fault> {
    Ok(by_key(db, id).await?.is_some())
}

fn query() -> SelectStatement {
    Query::select()
        .columns(
            [U::Id, U::DisplayName, U::PasswordHash, U::IsServerOwner, U::PreferredAddress, U::CreatedAt]
                .map(|column| (U::Table, column)),
        )
        .from(U::Table)
        .take()
}

fn narrowed(mut query: SelectStatement, wanted: &UsersWanted) -> SelectStatement {
    if wanted.server_owners {
        query.and_where(Expr::col((U::Table, U::IsServerOwner)).eq(true));
    }
    if let Some(text) = &wanted.holds {
        let mut pattern = String::from("%");
        for c in text.to_lowercase().chars() {
            if "%_\\".contains(c) {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        let like = || LikeExpr::new(pattern.clone()).escape('\\');
        let lower = |name: SimpleExpr| SimpleExpr::from(Func::lower(name));
        let of_address = Query::select()
            .column(A::User)
            .from(A::Table)
            .and_where(Expr::col(A::User).is_not_null())
            .and_where(Expr::col(A::Key).like(like()).or(lower(Expr::col(A::DisplayName)).like(like())))
            .take();
        query.and_where(
            lower(Expr::col((U::Table, U::DisplayName)))
                .like(like())
                .or(Expr::col((U::Table, U::Id)).in_subquery(of_address)),
        );
    }
    query
}

fn read(row: &QueryResult) -> Result<User, Fault> {
    Ok(User {
        id: row.try_get_by_index(0)?,
        display_name: row.try_get_by_index(1)?,
        password_hash: row.try_get_by_index(2)?,
        is_server_owner: row.try_get_by_index(3)?,
        preferred: row.try_get_by_index(4)?,
        created_at: Timestamp::from_micros(row.try_get_by_index(5)?),
    })
}
