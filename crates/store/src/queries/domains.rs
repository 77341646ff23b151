use posthaste_model::{Domain, check_domain};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::words::insert;
use crate::error::Fault;
use crate::tables::{Domain as D, MailingList as L, Wording as T};
use crate::{Store, StoreError};

impl Store {
    /// Adds a mail domain; its name is folded to lower case.
    pub async fn add_domain(
        &self,
        mail_host: &str,
        description: &str,
        alias_domain: Option<&str>,
    ) -> Result<Domain, StoreError> {
        let domain = Domain {
            id: Uuid::now_v7(),
            mail_host: checked(mail_host)?,
            description: description.to_owned(),
            alias_domain: alias_domain.map(checked).transpose()?,
        };
        self.writing(|| async {
            let db = self.begin().await?;
            let row = insert(
                D::Table,
                [D::Id, D::MailHost, D::Description, D::AliasDomain],
                [[
                    domain.id.into(),
                    domain.mail_host.clone().into(),
                    domain.description.clone().into(),
                    domain.alias_domain.clone().into(),
                ]],
            );
            let exists = StoreError::DomainExists(domain.mail_host.clone());
            db.execute(&row).await.map_err(|e| Fault::unique_means(e, exists))?;
            db.commit(()).await
        })
        .await?;
        Ok(domain)
    }

    /// Removes a domain in which no list lives, with its templates.
    pub async fn remove_domain(&self, mail_host: &str) -> Result<(), StoreError> {
        let host = mail_host.to_lowercase();
        self.writing(|| async {
            let db = self.begin().await?;
            let count = Query::select()
                .expr(Expr::col(L::Id).count())
                .from(L::Table)
                .and_where(Expr::col(L::Host).eq(&host))
                .take();
            let lists = match db.query_one(&count).await? {
                Some(row) => row.try_get_by_index::<i64>(0)?,
                None => 0,
            };
            let in_use = |lists| StoreError::DomainInUse { domain: host.clone(), lists };
            if lists > 0 {
                return Err(in_use(lists.unsigned_abs()).into());
            }
            let delete =
                Query::delete().from_table(D::Table).and_where(Expr::col(D::MailHost).eq(&host)).take();
            // A list may have been made since we counted.
            let done = db.execute(&delete).await.map_err(|e| Fault::reference_means(e, in_use(1)))?;
            if done.rows_affected() == 0 {
                return Err(StoreError::NoSuchDomain(host.clone()).into());
            }
            db.execute(Query::delete().from_table(T::Table).and_where(Expr::col(T::Context).eq(&host)))
                .await?;
            db.commit(()).await
        })
        .await
    }

    /// All domains by name.
    pub async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        self.reading(async |db| {
            let rows = db.query_all(query().order_by(D::MailHost, Order::Asc)).await?;
            rows.iter().map(read).collect()
        })
        .await
    }

    /// One domain, if it is there.
    pub async fn domain(&self, mail_host: &str) -> Result<Option<Domain>, StoreError> {
        let host = mail_host.to_lowercase();
        self.reading(async |db| {
            let row = db.query_one(query().and_where(Expr::col(D::MailHost).eq(&host))).await?;
            row.as_ref().map(read).transpose()
        })
        .await
    }
}

pub(super) fn checked(host: &str) -> Result<String, StoreError> {
    check_domain(host).map_err(|e| StoreError::BadDomain(e.to_string()))?;
    Ok(host.to_lowercase())
}

fn query() -> SelectStatement {
    Query::select().columns([D::Id, D::MailHost, D::Description, D::AliasDomain]).from(D::Table).take()
}

fn read(row: &QueryResult) -> Result<Domain, Fault> {
    Ok(Domain {
        id: row.try_get_by_index(0)?,
        mail_host: row.try_get_by_index(1)?,
        description: row.try_get_by_index(2)?,
        alias_domain: row.try_get_by_index(3)?,
    })
}
