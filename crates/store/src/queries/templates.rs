use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use uuid::Uuid;

use super::words::insert;
use crate::tables::Template as T;
use crate::{Store, StoreError};

/// A text that replaces a built-in one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// `list:member:regular:footer` and the like.
    pub name: String,
    /// A list-id, a mail host, or empty for the site.
    pub context: String,
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

impl Store {
    /// Stores a template, in place of the one with its name and context.
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
            uri.into(),
            text.into(),
            username.into(),
            password.into(),
        ];
        let columns = [T::Id, T::Name, T::Context, T::Uri, T::Body, T::Username, T::Password];
        let mut insert = insert(T::Table, columns, [row]);
        insert.on_conflict(
            OnConflict::columns([T::Context, T::Name])
                .update_columns([T::Uri, T::Body, T::Username, T::Password])
                .to_owned(),
        );
        self.writing(|| async {
            let db = self.begin().await?;
            db.execute(&insert).await?;
            db.commit(()).await
        })
        .await
    }

    /// The first of the contexts that has this template: give the list-id, the host and the empty text, in this order.
    pub async fn template(&self, name: &str, contexts: &[&str]) -> Result<Option<Template>, StoreError> {
        let query = Query::select()
            .columns([T::Context, T::Uri, T::Body, T::Username, T::Password])
            .from(T::Table)
            .and_where(Expr::col(T::Name).eq(name))
            .and_where(Expr::col(T::Context).is_in(contexts.iter().copied()))
            .take();
        let mut found = self
            .reading(async |db| {
                let mut found = Vec::new();
                for row in db.query_all(&query).await? {
                    let body = match row.try_get_by_index::<Option<String>>(1)? {
                        Some(uri) => TemplateBody::Uri {
                            uri,
                            username: row.try_get_by_index(3)?,
                            password: row.try_get_by_index(4)?,
                        },
                        None => {
                            TemplateBody::Text(row.try_get_by_index::<Option<String>>(2)?.unwrap_or_default())
                        }
                    };
                    found.push(Template { name: name.to_owned(), context: row.try_get_by_index(0)?, body });
                }
                Ok(found)
            })
            .await?;
        found.sort_by_key(|t| contexts.iter().position(|c| *c == t.context));
        Ok(found.into_iter().next())
    }

    /// Removes a template; says whether it was there.
    pub async fn remove_template(&self, name: &str, context: &str) -> Result<bool, StoreError> {
        let delete = Query::delete()
            .from_table(T::Table)
            .and_where(Expr::col(T::Name).eq(name))
            .and_where(Expr::col(T::Context).eq(context))
            .take();
        self.writing(|| async {
            let db = self.begin().await?;
            let done = db.execute(&delete).await?.rows_affected() > 0;
            db.commit(done).await
        })
        .await
    }
}
