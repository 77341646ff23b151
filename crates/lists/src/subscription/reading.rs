use std::time::Duration;

use posthaste_mime::AutoSubmitted;
use posthaste_model::{Address, ListName, Role, SubAddress};
use posthaste_store::{Budget, Spending, Spent};

use super::desk::{Desk, DeskError};
use super::target::fold_target;
use crate::notices::{Letter, list_id_field};

/// Such mails: to one address, and for one list.
const RATION: Budget = Budget {
    per_target: 5,
    target_span: Duration::from_hours(1),
    per_scope: 200,
    scope_span: Duration::from_hours(1),
};

impl Desk {
    /// Sends the link by which somebody reads a list's archive, if the address belongs to one of its people and has not had
    /// its share. Says whether it did; whoever asked is told nothing of that.
    pub async fn send_reading_link(
        &self,
        list: &ListName,
        address: &Address,
        link: &str,
    ) -> Result<bool, DeskError> {
        let (tools, site) = (&self.tools, self.tools.site.get());
        let Some(list) = tools.store.list_by_name(list).await? else { return Ok(false) };
        let mut member = false;
        for role in [Role::Member, Role::Owner, Role::Moderator] {
            member = member || tools.store.member(list.id, address, role).await?.is_some();
        }
        if !member {
            return Ok(false);
        }
        let now = tools.clock.now();
        let deed = crate::new_entry_id(now);
        let spending = Spending {
            id: deed.uuid(),
            kind: "reading link",
            target: fold_target(address),
            scope: list.list_id.to_string(),
            at: now,
        };
        if tools.store.spend(&spending, &RATION).await? != Spent::Granted {
            return Ok(false);
        }
        let name = &list.name;
        let letter = Letter {
            parent: deed,
            purpose: "reading link",
            list: &list.list_id,
            from: &name.address(SubAddress::Owner),
            to: address.as_str(),
            recipients: &[address.to_string()],
            subject: format!("Read the archive of {name}"),
            text: format!(
                "Somebody, probably you, wants to read the archive of {name} in a browser.\n\nOpen this page within half \
                 an hour to read it as {address}:\n\n    {link}\n\nIf it was not you, do nothing: without this mail nobody \
                 gets in.\n"
            ),
            auto_submitted: AutoSubmitted::Generated,
            extra: vec![list_id_field(&list)],
            attached: None,
            hostname: &site.hostname,
            at: now,
        };
        let Some(entry) = letter.into_entry() else { return Ok(false) };
        let counted = tools.events.born(&entry.list);
        tools.spool.put_with(entry, counted).await?;
        Ok(true)
    }
}
