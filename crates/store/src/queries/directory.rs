use posthaste_model::{ListId, ListName};
use sea_orm::sea_query::{Order, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::lists;
use crate::error::Fault;
use crate::tables::{Domain as D, MailingList as L};
use crate::{Store, StoreError};

/// What intake must know to answer RCPT without asking the database.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectoryRows {
    /// Every list, by list-id.
    pub lists: Vec<DirectoryList>,
    /// Every domain, by name.
    pub domains: Vec<DirectoryDomain>,
}

/// A list as intake knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectoryList {
    /// Its key.
    pub id: Uuid,
    /// Its name for ever.
    pub list_id: ListId,
    /// Its posting address.
    pub name: ListName,
    /// The largest post, KiB; 0 is any.
    pub max_message_size: u64,
}

/// A domain as intake knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectoryDomain {
    /// `lists.example.org`.
    pub mail_host: String,
    /// Another name under which its mail arrives.
    pub alias_domain: Option<String>,
}

impl Store {
    /// All lists and domains, in two queries.
    pub async fn directory(&self) -> Result<DirectoryRows, StoreError> {
        let all_lists = Query::select()
            .columns([L::Id, L::ListId, L::Local, L::Host, L::MaxMessageSize])
            .from(L::Table)
            .order_by(L::ListId, Order::Asc)
            .take();
        let all_domains = Query::select()
            .columns([D::MailHost, D::AliasDomain])
            .from(D::Table)
            .order_by(D::MailHost, Order::Asc)
            .take();
        self.reading(async |db| {
            let domains =
                db.query_all(&all_domains).await?.iter().map(read_domain).collect::<Result<_, _>>()?;
            let lists = db.query_all(&all_lists).await?.iter().map(read_list).collect::<Result<_, _>>()?;
            Ok(DirectoryRows { lists, domains })
        })
        .await
    }
}

fn read_list(row: &QueryResult) -> Result<DirectoryList, Fault> {
    Ok(DirectoryList {
        id: row.try_get_by_index(0)?,
        list_id: ListId::new(row.try_get_by_index::<String>(1)?),
        name: lists::name(row, 2)?,
        max_message_size: row.try_get_by_index::<i64>(4)?.unsigned_abs(),
    })
}

fn read_domain(row: &QueryResult) -> Result<DirectoryDomain, Fault> {
    Ok(DirectoryDomain { mail_host: row.try_get_by_index(0)?, alias_domain: row.try_get_by_index(1)? })
}
