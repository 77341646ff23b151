//! What failures and complaints do to a membership, written down.

use posthaste_model::{MailingList, Member, Role};
use posthaste_store::AuditEntry;
use serde_json::{Value, json};

use super::super::station::{Tools, Trouble};

/// Ends a membership for this reason; one that has ended before is no fault.
pub(super) async fn remove(
    tools: &Tools,
    list: &MailingList,
    member: &Member,
    why: &str,
) -> Result<(), Trouble> {
    let removed =
        tools.store.remove_members(list.id, Role::Member, std::slice::from_ref(&member.address)).await?;
    if removed > 0 {
        witness(tools, "remove", list, member, why).await?;
    }
    Ok(())
}

/// Tells the audit log what the program did to a member by itself.
pub(super) async fn witness(
    tools: &Tools,
    action: &str,
    list: &MailingList,
    member: &Member,
    why: &str,
) -> Result<(), Trouble> {
    let entry = AuditEntry {
        at: tools.clock.now(),
        who: "posthaste by itself".to_owned(),
        action: action.to_owned(),
        list: list.list_id.as_str().to_owned(),
        object: member.address.to_string(),
        was: Value::Null,
        became: json!({ "reason": why }),
    };
    tools.store.audit(&entry).await?;
    Ok(())
}
