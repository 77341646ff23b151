use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::words::insert;
use crate::error::Fault;
use crate::tables::Wording as W;
use crate::{Store, StoreError};

/// A text that replaces a built-in one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// `list:member:regular:footer` and the like.
    pub name: String,
    /// A list-id, a mail host, or empty for the site.
    pub context: String,
    /// The language it is for; empty for every language.
    pub language: String,
    /// The text, or where it is fetched.
    pub body: TemplateBody,
}

/// Where a template's text is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplateBody {
    /// Here.
    Text(String),
    /// At a URI, behind an optional login.
    Uri {
        /// Where.
        uri: String,
        /// The login's name; may be empty.
        username: String,
        /// The login's password; may be empty.
        password: String,
    },
}

/// A template as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredTemplate {
    /// Its key: another one after each change, so that a copy kept elsewhere is known to be old.
    pub id: Uuid,
    /// The template.
    pub template: Template,
}

const COLUMNS: [W; 8] = [W::Id, W::Name, W::Context, W::Language, W::Uri, W::Body, W::Username, W::Password];

impl Store {
    /// Stores a template, in place of the one with its name, context and language.
    pub async fn set_template(&self, template: &Template) -> Result<(), StoreError> {
        let (uri, text, username, password) = match &template.body {
            TemplateBody::Text(text) => (None, Some(text.as_str()), "", ""),
            TemplateBody::Uri { uri, username, password } => {
                (Some(uri.as_str()), None, username.as_str(), password.as_str())
            }
        };
        let row = [
            Uuid::now_v7().into(),
            template.name.as_str().into(),
            template.context.as_str().into(),
            template.language.as_str().into(),
            uri.into(),
            text.into(),
            username.into(),
            password.into(),
        ];
        let mut insert = insert(W::Table, COLUMNS, [row]);
        insert.on_conflict(
            OnConflict::columns([W::Context, W::Name, W::Language])
                .update_columns([W::Id, W::Uri, W::Body, W::Username, W::Password])
                .to_owned(),
        );
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(&insert).await?;
            db.commit(()).await
        })
        .await
    }

    /// The templates of these names in these contexts (list-id, host, the empty text): those of the first context first.
    pub async fn templates(
        &self,
        names: &[&str],
        contexts: &[&str],
    ) -> Result<Vec<StoredTemplate>, StoreError> {
        let mut query = all();
        query
            .and_where(Expr::col(W::Name).is_in(names.iter().copied()))
            .and_where(Expr::col(W::Context).is_in(contexts.iter().copied()));
        let mut found = self.stored(&query).await?;
        found.sort_by_key(|t| contexts.iter().position(|c| *c == t.template.context));
        Ok(found)
    }

    /// Every template there is, in the order of context, name and language.
    pub async fn all_templates(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        self.stored(&all()).await
    }

    /// Removes a template; says whether it was there.
    pub async fn remove_template(
        &self,
        name: &str,
        context: &str,
        language: &str,
    ) -> Result<bool, StoreError> {
        let delete = Query::delete()
            .from_table(W::Table)
            .and_where(Expr::col(W::Name).eq(name))
            .and_where(Expr::col(W::Context).eq(context))
            .and_where(Expr::col(W::Language).eq(language))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let done = db.execute(&delete).await?.rows_affected() > 0;
            db.commit(done).await
        })
        .await
    }

    async fn stored(&self, query: &SelectStatement) -> Result<Vec<StoredTemplate>, StoreError> {
        self.reading(async |db| db.query_all(query).await?.iter().map(read).collect()).await
    }
}

fn all() -> SelectStatement {
    Query::select()
        .columns(COLUMNS)
        .from(W::Table)
        .order_by(W::Context, Order::Asc)
        .order_by(W::Name, Order::Asc)
        .order_by(W::Language, Order::Asc)
        .take()
}

fn read(row: &QueryResult) -> Result<StoredTemplate, Fault> {
    let body = match row.try_get_by_index::<Option<String>>(4)? {
        Some(uri) => {
            TemplateBody::Uri { uri, username: row.try_get_by_index(6)?, password: row.try_get_by_index(7)? }
        }
        None => TemplateBody::Text(row.try_get_by_index::<Option<String>>(5)?.unwrap_or_default()),
    };
    Ok(StoredTemplate {
        id: row.try_get_by_index(0)?,
        template: Template {
            name: row.try_get_by_index(1)?,
            context: row.try_get_by_index(2)?,
            language: row.try_get_by_index(3)?,
            body,
        },
    })
}
