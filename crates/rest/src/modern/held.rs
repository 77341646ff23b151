use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::{Value, json};

use super::paging::{after, limit, odd_cursor, page};
use crate::call::{Call, find_list};
use crate::fault::Fault;

/// `GET held`
pub(super) async fn all(call: Call) -> Result<Value, Fault> {
    let store = &call.api.store;
    let only = match call.params.text("list") {
        None => None,
        Some(spec) => Some(find_list(&call.api, &spec).await?.ok_or(Fault::GONE)?.id),
    };
    let (limit, after) = (limit(&call)?, after(&call));
    let after = if after.is_empty() { 0 } else { after.parse().map_err(|_| odd_cursor())? };
    let posts = store.held_queue(only, after, limit).await?;
    let next = posts.last().map(|post| post.number.to_string());
    let mut names = HashMap::new();
    let mut items = vec![];
    for post in posts {
        if let Entry::Vacant(place) = names.entry(post.list) {
            let list = store.list_by_key(post.list).await?;
            place.insert(list.map(|list| list.list_id.to_string()).unwrap_or_default());
        }
        items.push(json!({
            "number": post.number, "entry": post.id, "list_id": names.get(&post.list), "sender": post.sender,
            "subject": post.subject, "message_id": post.message_id, "reasons": post.reasons,
            "held_at": post.held_at.to_string(), "size": post.size,
        }));
    }
    Ok(page(&items, limit, next))
}
