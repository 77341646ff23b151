//! Addresses of texts among the attributes, as version 3.0 has them.

use posthaste_model::MailingList;
use posthaste_store::{TemplateBody, TemplateEdit};
use serde_json::Value as Json;

use super::attributes::ADDRESSES;
use crate::call::Call;
use crate::encode::Map;
use crate::fault::Fault;
use crate::params::Value;
use crate::uris;
use crate::valid::Valid;

/// All six; empty where none is set.
pub(super) async fn addresses(call: &Call, list: &MailingList) -> Result<Map, Fault> {
    let texts = ADDRESSES.map(|(_, text)| text);
    let stored = call.api.store.templates(&texts, &[list.list_id.as_str()]).await?;
    let uri = |text: &str| {
        let found = stored.iter().find(|t| t.template.name == text && t.template.language.is_empty());
        match found.map(|t| &t.template.body) {
            Some(TemplateBody::Uri { uri, .. }) => uri.as_str(),
            _ => "",
        }
    };
    Ok(ADDRESSES.iter().map(|(name, text)| ((*name).to_owned(), uri(text).into())).collect())
}

/// Reads an address; an empty one takes the address away.
pub(super) fn address(value: &Value) -> Valid<String> {
    uris::address(value)
}

/// Sets these.
pub(super) async fn set(
    call: &Call,
    list: &MailingList,
    wanted: &[(&'static str, String)],
) -> Result<(), Fault> {
    if wanted.is_empty() {
        return Ok(());
    }
    let edit = |(name, uri): &(&'static str, String)| TemplateEdit {
        name: (*name).to_owned(),
        uri: Some(uri.clone()).filter(|uri| !uri.is_empty()),
        login: (String::new(), String::new()),
    };
    let edits: Vec<_> = wanted.iter().map(edit).collect();
    call.api.store.edit_templates(list.list_id.as_str(), &edits).await?;
    for (name, uri) in wanted {
        call.audit("template", name, Json::Null, uri.as_str().into()).await?;
    }
    Ok(())
}
