use posthaste_model::{Address, EntryId, MailingList};

use super::{Desk, DeskError};
use crate::notices::MembershipLetter;

impl Desk {
    /// Tells the owners of a new list that it is there (`domain:admin:notice:new-list`). Done twice, it is told once.
    pub async fn tell_owners_of_new(&self, list: &MailingList, owners: &[Address]) -> Result<(), DeskError> {
        let (tools, site) = (&self.tools, self.tools.site.get());
        let name = "domain:admin:notice:new-list";
        let wording = tools.templates.notice(&tools.store, name, list, "", &[]).await?;
        let recipients: Vec<String> = owners.iter().map(ToString::to_string).collect();
        let letter = MembershipLetter {
            deed: EntryId::new(list.id),
            purpose: "new list",
            list,
            from: format!("noreply@{}", list.name.host()),
            to: recipients.join(", "),
            recipients: &recipients,
            wording,
            answer: false,
            extra: vec![],
        };
        if let Some(entry) = letter.into_entry(&site, tools.clock.now()) {
            let counted = tools.events.born(&list.list_id);
            tools.spool.put_with(entry, counted).await?;
        }
        Ok(())
    }
}
