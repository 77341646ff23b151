//! Mailing lists: which there are, one of them, and what belongs to it.

pub(crate) mod archivers;
pub(crate) mod config;
pub(crate) mod digest;
pub(crate) mod find;
pub(crate) mod header_matches;
pub(crate) mod roster;
pub(crate) mod styles;

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use posthaste_model::{ListName, ListNameError, ListSeed, MailingList, Role, Style};
use posthaste_store::{ListSummary, ListsWanted};
use serde_json::Value as Json;

use crate::call::{self, Call};
use crate::encode::Map;
use crate::fault::Fault;
use crate::reply::{Answer, Reply};
use crate::valid;

/// So many lists are read at once.
const PAGE: u64 = 500;

/// GET lists.
pub(crate) async fn get(call: Call) -> Answer {
    collection(call, None).await
}

/// GET domains/{d}/lists.
pub(crate) async fn of_domain(call: Call) -> Answer {
    let host = call.piece("d").to_owned();
    match call.api.store.domain(&host).await? {
        // Case matters, as everywhere in paths.
        Some(domain) if domain.mail_host == host => collection(call, Some(host)).await,
        _ => Err(Fault::GONE),
    }
}

/// POST lists.
pub(crate) async fn post(call: Call) -> Answer {
    let mut form = call.form();
    let name = form.required("fqdn_listname", valid::text);
    let style = form.optional("style_name", style);
    form.check()?;
    let name = listname(&name.unwrap_or_default())?;
    if call.api.store.domain(name.host()).await?.is_none() {
        return Err(Fault::Bad(format!("Domain does not exist: {}", name.host())));
    }
    let seed = ListSeed { name, style: style.unwrap_or(Style::LegacyDefault), at: call.now() };
    let made = call.api.store.create_list(seed, &[]).await?;
    call.api.names_changed().await;
    call.audit_on(made.list_id.as_str(), "create", "list", Json::Null, Json::Null).await?;
    Ok(Reply::Created { location: format!("lists/{}", made.list_id) })
}

/// GET lists/{l}.
pub(crate) async fn get_one(call: Call) -> Answer {
    let list = call.list().await?;
    let members = call.api.store.member_count(list.id, Role::Member).await?;
    Ok(Reply::Resource(resource(&call, &summary(list, members))))
}

/// DELETE lists/{l}.
pub(crate) async fn delete(call: Call) -> Answer {
    let list = call.list().await?;
    call.api.store.remove_list(list.id).await?;
    call.api.names_changed().await;
    call.audit("remove", "list", Json::Null, Json::Null).await?;
    Ok(Reply::Done)
}

/// The lists of the site, or of one domain that is there.
async fn collection(call: Call, host: Option<String>) -> Answer {
    let wanted = ListsWanted { host, advertised: call.advertised()?, after: None };
    let slice = call.page()?;
    let total = call.api.store.lists_counted(&wanted).await?;
    if slice.skip >= total || slice.limit == 0 {
        return Ok(Reply::page(slice.skip, total, vec![]));
    }
    if slice.limit <= PAGE {
        let lists = call.api.store.lists_among_all(&wanted, slice.skip, slice.limit).await?;
        return Ok(Reply::page(slice.skip, total, lists.iter().map(|list| resource(&call, list)).collect()));
    }
    let state = Walk { call: Arc::new(call), wanted, skip: slice.skip, left: slice.limit };
    let pages = stream::unfold(Some(state), |state| async move { state?.next().await });
    let entries = pages.flat_map(stream::iter).boxed();
    Ok(Reply::Stream { start: slice.skip, total, entries })
}

/// A way through many lists, page after page.
struct Walk {
    call: Arc<Call>,
    wanted: ListsWanted,
    skip: u64,
    left: u64,
}

type Entries = Vec<Result<Map, Fault>>;

impl Walk {
    async fn next(mut self) -> Option<(Entries, Option<Self>)> {
        let store = &self.call.api.store;
        let limit = PAGE.min(self.left);
        let lists = match store.lists_among_all(&self.wanted, self.skip, limit).await {
            Ok(lists) => lists,
            Err(error) => return Some((vec![Err(error.into())], None)),
        };
        let entries = lists.iter().map(|list| Ok(resource(&self.call, list))).collect();
        let last = lists.last()?;
        self.wanted.after = Some(last.list_id.clone());
        self.skip = 0;
        self.left -= limit;
        let more = lists.len() as u64 == limit && self.left > 0;
        Some((entries, more.then_some(self)))
    }
}

/// Reads the posting address of a new list.
fn listname(text: &str) -> Result<ListName, Fault> {
    if let Ok(name) = ListName::parse(text)
        && text == text.trim()
    {
        return Ok(name);
    }
    // Words for the one who typed it: an address that is none, or a good address that no list can have.
    match (ListName::parse(text), valid::address(text)) {
        (Err(ListNameError::Character(..)), Some(address)) => {
            Err(Fault::Bad(format!("Invalid list name: {}", address.local().to_lowercase())))
        }
        _ => Err(Fault::Bad(format!("Invalid list posting address: {text}"))),
    }
}

fn style(value: &crate::params::Value) -> valid::Valid<Style> {
    valid::choice(value, &Style::ALL.iter().map(|style| style.name()).collect::<Vec<_>>())
}

/// A list as the collections show it.
pub(crate) fn resource(call: &Call, list: &ListSummary) -> Map {
    call::resource([
        ("advertised", list.advertised.into()),
        ("display_name", list.display_name.as_str().into()),
        ("fqdn_listname", list.name.to_string().into()),
        ("list_id", list.list_id.as_str().into()),
        ("list_name", list.name.local().into()),
        ("mail_host", list.name.host().into()),
        ("member_count", list.members.into()),
        ("volume", list.volume.into()),
        ("description", list.description.as_str().into()),
        ("self_link", call.link(&format!("lists/{}", list.list_id)).into()),
    ])
}

fn summary(list: MailingList, members: u64) -> ListSummary {
    ListSummary {
        id: list.id,
        list_id: list.list_id,
        name: list.name,
        display_name: list.settings.display_name,
        description: list.settings.description,
        advertised: list.settings.advertised,
        members,
        volume: list.volume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_new_lists() {
        assert_eq!(listname("Ant@Example.COM").unwrap().to_string(), "ant@example.com");
        for (text, told) in [
            ("ant", "Invalid list posting address: ant"),
            ("@example.com", "Invalid list posting address: @example.com"),
            ("ant@example", "Invalid list posting address: ant@example"),
            (" ant@example.com", "Invalid list posting address:  ant@example.com"),
            ("a(t@example.com", "Invalid list posting address: a(t@example.com"),
            ("A/nt@example.com", "Invalid list name: a/nt"),
        ] {
            assert_eq!(listname(text).unwrap_err(), Fault::Bad(told.to_owned()), "{text}");
        }
    }
}
