use posthaste_model::{ListId, Role};
use serde_json::{Value, json};

use super::paging::{after, limit, page};
use crate::call::Call;
use crate::fault::Fault;

/// `GET lists`
pub(super) async fn all(call: Call) -> Result<Value, Fault> {
    let (limit, after) = (limit(&call)?, after(&call));
    let after = (!after.is_empty()).then(|| ListId::new(after));
    let lists = call.api.store.lists(after.as_ref(), limit).await?;
    let next = lists.last().map(|list| list.list_id.to_string());
    let item = |list: &posthaste_store::ListSummary| {
        json!({
            "list_id": list.list_id, "address": list.name, "display_name": list.display_name,
            "description": list.description, "advertised": list.advertised, "members": list.members,
        })
    };
    Ok(page(&lists.iter().map(item).collect::<Vec<_>>(), limit, next))
}

/// `GET lists/{l}`
pub(super) async fn one(call: Call) -> Result<Value, Fault> {
    let list = call.list().await?;
    let members = call.api.store.member_count(list.id, Role::Member).await?;
    let mut settings = serde_json::to_value(&list.settings).map_err(|error| Fault::ours(&error))?;
    // A hash is nothing to look at, and something to guess at.
    if let Some(password) = settings.get_mut("moderator_password") {
        *password = json!(password.as_str().is_some_and(|hash| !hash.is_empty()));
    }
    Ok(json!({
        "list_id": list.list_id, "address": list.name, "display_name": list.settings.display_name,
        "description": list.settings.description, "advertised": list.settings.advertised, "members": members,
        "created_at": list.created_at.to_string(), "last_post_at": list.last_post_at.map(|at| at.to_string()),
        "next_post": list.post_id, "digest_volume": list.volume, "next_digest": list.next_digest_number,
        "settings": settings,
    }))
}
