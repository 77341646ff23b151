//! Mail that failures had switched off, switched on again.

use posthaste_model::ListId;
use posthaste_store::StoreError;
use serde_json::json;
use uuid::Uuid;

use super::Desk;

impl Desk {
    /// Switches a member's mail on again, as the member asked by the address in a warning. One that is on, or off for
    /// another reason, stays as it is. False if there is no such membership any more.
    pub async fn enable(&self, list: &ListId, member: Uuid) -> Result<bool, StoreError> {
        let store = &self.tools.store;
        let Some(list) = store.list_by_id(list).await? else { return Ok(false) };
        let Some(member) = store.membership(list.id, member).await? else { return Ok(false) };
        if store.forgive(member.id).await? {
            let desk = self.on_behalf_of(&format!("{} by page", member.address));
            let became = json!({ "delivery_status": "enabled" });
            store
                .audit(&desk.witnessed("enable", list.list_id.as_str(), member.address.as_str(), became))
                .await?;
        }
        Ok(true)
    }
}
