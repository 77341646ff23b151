//! What clients of Mailman know of a domain besides its name: its owners, and where its pages are.

use posthaste_model::{Mailbox, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::people;
use super::words::insert;
use crate::error::Fault;
use crate::tables::{Address as A, Domain as D, DomainOwner as O, DomainPage as P, User as U};
use crate::{Store, StoreError};

/// A user who owns a domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainOwner {
    /// The user's key.
    pub id: Uuid,
    /// The name; may be empty.
    pub display_name: String,
    /// The hash of the password.
    pub password_hash: Option<String>,
    /// Runs the site.
    pub is_server_owner: bool,
    /// Since when the user is known.
    pub created_at: Timestamp,
}

/// What to change of a domain; the outer `None` leaves it as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DomainChange {
    /// A line for people.
    pub description: Option<String>,
    /// Another name under which its mail arrives.
    pub alias_domain: Option<Option<String>>,
    /// Where its pages are.
    pub base_url: Option<Option<String>>,
}

impl Store {
    /// Changes a domain.
    pub async fn change_domain(&self, mail_host: &str, change: &DomainChange) -> Result<(), StoreError> {
        let alias = change.alias_domain.as_ref().map(|alias| alias.as_deref().map(super::domains::checked));
        let alias = alias.map(Option::transpose).transpose()?;
        self.writing(|| async {
            let db = self.begin().await?;
            let id = Query::select()
                .column(D::Id)
                .from(D::Table)
                .and_where(Expr::col(D::MailHost).eq(mail_host))
                .take();
            let Some(row) = db.query_one(&id).await? else {
                return Err(StoreError::NoSuchDomain(mail_host.to_owned()).into());
            };
            let id: Uuid = row.try_get_by_index(0)?;
            let mut update = Query::update();
            update.table(D::Table).and_where(Expr::col(D::Id).eq(id));
            if let Some(description) = &change.description {
                update.value(D::Description, description.as_str());
            }
            if let Some(alias) = &alias {
                update.value(D::AliasDomain, alias.clone());
            }
            if change.description.is_some() || alias.is_some() {
                db.execute(&update).await?;
            }
            if let Some(url) = &change.base_url {
                db.execute(Query::delete().from_table(P::Table).and_where(Expr::col(P::Domain).eq(id)))
                    .await?;
                if let Some(url) = url {
                    let row = [id.into(), url.as_str().into()];
                    db.execute(&insert(P::Table, [P::Domain, P::BaseUrl], [row])).await?;
                }
            }
            db.commit(()).await
        })
        .await
    }

    /// Where the pages of domains are, of those that say so.
    pub async fn domain_pages(&self) -> Result<Vec<(Uuid, String)>, StoreError> {
        let query = Query::select().columns([P::Domain, P::BaseUrl]).from(P::Table).take();
        self.reading(async |db| {
            let rows = db.query_all(&query).await?;
            rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
        })
        .await
    }

    /// The users who own a domain, the first who came first.
    pub async fn domain_owners(&self, domain: Uuid) -> Result<Vec<DomainOwner>, StoreError> {
        let user = |column| (U::Table, column);
        let query = Query::select()
            .columns([U::Id, U::DisplayName, U::PasswordHash, U::IsServerOwner, U::CreatedAt].map(user))
            .from(U::Table)
            .inner_join(O::Table, Expr::col((O::Table, O::User)).equals((U::Table, U::Id)))
            .and_where(Expr::col((O::Table, O::Domain)).eq(domain))
            .order_by((U::Table, U::CreatedAt), Order::Asc)
            .order_by((U::Table, U::Id), Order::Asc)
            .take();
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }

    /// Makes the users who have these addresses owners of a domain, and makes users of those that nobody has. Who owns it
    /// already, stays.
    pub async fn add_domain_owners(
        &self,
        domain: Uuid,
        owners: &[Mailbox],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if owners.is_empty() {
            return Ok(());
        }
        self.writing(|| async {
            let db = self.begin().await?;
            people::ensure_users(&db, owners, at).await?;
            let users = Query::select()
                .column(A::User)
                .from(A::Table)
                .and_where(Expr::col(A::Key).is_in(owners.iter().map(|owner| owner.address.key())))
                .and_where(Expr::col(A::User).is_not_null())
                .distinct()
                .take();
            let mut rows = vec![];
            for row in db.query_all(&users).await? {
                rows.push([domain.into(), row.try_get_by_index::<Uuid>(0)?.into()]);
            }
            let mut insert = insert(O::Table, [O::Domain, O::User], rows);
            let there = OnConflict::columns([O::Domain, O::User]).do_nothing_on([O::Domain]).to_owned();
            db.execute(insert.on_conflict(there)).await?;
            db.commit(()).await
        })
        .await
    }

    /// Nobody owns a domain any more; says how many did.
    pub async fn remove_domain_owners(&self, domain: Uuid) -> Result<u64, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let delete =
                Query::delete().from_table(O::Table).and_where(Expr::col(O::Domain).eq(domain)).take();
            let gone = db.execute(&delete).await?.rows_affected();
            db.commit(gone).await
        })
        .await
    }
}

fn read(row: &QueryResult) -> Result<DomainOwner, Fault> {
    Ok(DomainOwner {
        id: row.try_get_by_index(0)?,
        display_name: row.try_get_by_index(1)?,
        password_hash: row.try_get_by_index(2)?,
        is_server_owner: row.try_get_by_index(3)?,
        created_at: Timestamp::from_micros(row.try_get_by_index(4)?),
    })
}
