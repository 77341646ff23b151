//! The words of digests, from templates.

use posthaste_model::MailingList;

use crate::runners::Tools;
use posthaste_store::StoreError;

/// The texts around a digest.
pub(crate) struct Words {
    pub(crate) masthead: String,
    pub(crate) header: String,
    pub(crate) footer: String,
}

/// Those of this list, in this language.
pub(crate) async fn digest(tools: &Tools, list: &MailingList, language: &str) -> Result<Words, StoreError> {
    let text = async |name| -> Result<String, StoreError> {
        Ok(tools.templates.notice(&tools.store, name, list, language, &[]).await?.text)
    };
    Ok(Words {
        masthead: text("list:member:digest:masthead").await?,
        header: text("list:member:digest:header").await?,
        footer: text("list:member:digest:footer").await?,
    })
}

/// A phrase.
pub(crate) fn phrase(tools: &Tools, key: &'static str, language: &str, vars: &[(&str, &str)]) -> String {
    tools.templates.phrase(key, language, vars)
}
