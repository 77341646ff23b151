//! The addresses of texts for one context, changed together.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use uuid::Uuid;

use super::words::insert;
use crate::tables::Wording as W;
use crate::{Store, StoreError};

/// What becomes of the text of a name, in every language that has none of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateEdit {
    /// `list:member:regular:footer` and the like.
    pub name: String,
    /// Where it is fetched from now on; `None` takes the address away.
    pub uri: Option<String>,
    /// Name and password of the login there; may be empty.
    pub login: (String, String),
}

impl Store {
    /// Makes these changes for a context (a list-id, a mail host, or empty for the site), all or none. A text that is
    /// stored here is no address: taking an address away leaves it, setting one takes its place.
    pub async fn edit_templates(&self, context: &str, edits: &[TemplateEdit]) -> Result<(), StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            for edit in edits {
                let Some(uri) = &edit.uri else {
                    db.execute(&addresses(context).and_where(Expr::col(W::Name).eq(&edit.name)).take())
                        .await?;
                    continue;
                };
                let row = [
                    Uuid::now_v7().into(),
                    edit.name.as_str().into(),
                    context.into(),
                    "".into(),
                    uri.as_str().into(),
                    Option::<String>::None.into(),
                    edit.login.0.as_str().into(),
                    edit.login.1.as_str().into(),
                ];
                let columns =
                    [W::Id, W::Name, W::Context, W::Language, W::Uri, W::Body, W::Username, W::Password];
                let mut insert = insert(W::Table, columns, [row]);
                insert.on_conflict(
                    OnConflict::columns([W::Context, W::Name, W::Language])
                        .update_columns([W::Id, W::Uri, W::Body, W::Username, W::Password])
                        .to_owned(),
                );
                db.execute(&insert).await?;
            }
            db.commit(()).await
        })
        .await
    }

    /// Takes every address of a context away; says how many there were.
    pub async fn clear_templates(&self, context: &str) -> Result<u64, StoreError> {
        self.writing(|| async {
            let db = self.begin().await?;
            let gone = db.execute(&addresses(context)).await?.rows_affected();
            db.commit(gone).await
        })
        .await
    }
}

fn addresses(context: &str) -> sea_orm::sea_query::DeleteStatement {
    Query::delete()
        .from_table(W::Table)
        .and_where(Expr::col(W::Context).eq(context))
        .and_where(Expr::col(W::Language).eq(""))
        .and_where(Expr::col(W::Uri).is_not_null())
        .take()
}
