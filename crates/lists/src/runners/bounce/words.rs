//! What notices about failures say, and how they are sent.

use posthaste_model::MailingList;
use posthaste_spool::NewEntry;

use super::super::station::{Tools, Trouble};
use crate::templates::Wording;

/// Subject and text of the notice `name` in a language, or in the list's.
pub(super) async fn notice(
    tools: &Tools,
    name: &'static str,
    list: &MailingList,
    language: Option<&str>,
    vars: &[(&str, String)],
) -> Result<Wording, Trouble> {
    let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let language = language.unwrap_or_default();
    Ok(tools.templates.notice(&tools.store, name, list, language, &vars).await?)
}

/// Makes a notice durable.
pub(super) async fn put(tools: &Tools, notice: Option<NewEntry>) -> Result<(), Trouble> {
    if let Some(notice) = notice {
        let counted = tools.events.born(&notice.list);
        tools.spool.put_with(notice, counted).await?;
    }
    Ok(())
}
