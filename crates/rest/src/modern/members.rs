use posthaste_model::Role;
use posthaste_store::RollLine;
use serde_json::{Value, json};
use uuid::Uuid;

use super::paging::{after, limit, odd_cursor, page};
use crate::call::{Call, find_list};
use crate::fault::Fault;

/// `GET members`
pub(super) async fn all(call: Call) -> Result<Value, Fault> {
    let spec = call.params.text("list").ok_or_else(|| Fault::bad("list is missing: name one"))?;
    let list = find_list(&call.api, &spec).await?.ok_or(Fault::GONE)?;
    let roles = match call.params.text("role") {
        None => Role::ALL.to_vec(),
        Some(name) => {
            let role = Role::ALL.into_iter().find(|role| role.name() == name);
            let wrong =
                || Fault::Bad(format!("role is {name:?}; it is member, owner, moderator or nonmember"));
            vec![role.ok_or_else(wrong)?]
        }
    };
    let (limit, after) = (limit(&call)?, cursor(&after(&call))?);
    let lines = call.api.store.roll(list.id, &roles, after.as_ref(), limit).await?;
    let next = lines.last().map(|line| format!("{}/{}", line.member, line.key));
    let item = |line: &RollLine| {
        json!({
            "id": line.member, "list_id": list.list_id, "role": line.role, "address": line.address,
            "display_name": line.name, "delivery_mode": line.mode, "delivery_status": line.status,
        })
    };
    Ok(page(&lines.iter().map(item).collect::<Vec<_>>(), limit, next))
}

/// The line that a page ended with: only its keys count.
fn cursor(text: &str) -> Result<Option<RollLine>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let (member, key) = text.split_once('/').ok_or_else(odd_cursor)?;
    Ok(Some(RollLine {
        member: Uuid::try_parse(member).map_err(|_| odd_cursor())?,
        key: key.to_owned(),
        address: String::new(),
        name: String::new(),
        role: Role::Member,
        mode: posthaste_model::DeliveryMode::default(),
        status: posthaste_model::DeliveryStatus::default(),
    }))
}
