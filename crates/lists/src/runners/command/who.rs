//! `who`.

use posthaste_model::{Role, RosterVisibility};

use super::{Commands, Said, Session, Trouble};
use crate::commands::WhoArguments;

/// Members read at once.
const PAGE: u64 = 1_000;
/// So many are named in one mail.
const MOST: usize = 5_000;

impl Commands {
    /// Names the members to who may see them. Anybody can write any address into From; but the answer goes there and
    /// nowhere else, so whoever pretends learns nothing.
    pub(super) async fn who(&self, session: &Session<'_>, asked: WhoArguments) -> Result<Said, Trouble> {
        let (store, list) = (&self.station.tools.store, session.list);
        let sender = std::slice::from_ref(&session.sender.address);
        let roles: Vec<_> = store
            .posting_facts(list.id, sender, &[])
            .await?
            .memberships
            .into_iter()
            .filter(|m| m.via.is_none())
            .map(|m| m.role)
            .collect();
        let runs = roles.iter().any(|role| matches!(role, Role::Owner | Role::Moderator));
        let may = runs
            || match list.settings.member_roster_visibility {
                RosterVisibility::Public => true,
                RosterVisibility::Members => roles.contains(&Role::Member),
                RosterVisibility::Moderators => false,
            };
        if !may {
            return Ok(Said::trouble(self.phrase(session, "command.who_denied", &[])));
        }
        let (mut found, mut more, mut after) = (vec![], 0_usize, None);
        loop {
            let page = store.members_page(list.id, Some(Role::Member), after, PAGE).await?;
            let Some(end) = page.last() else { break };
            after = Some(end.id);
            for member in page {
                let own = &member.preferences;
                let hidden = !runs && own.hide_address == Some(true);
                let status = own.delivery_status.unwrap_or_default();
                if hidden || !asked.meets(status, own.delivery_mode.unwrap_or_default()) {
                    continue;
                }
                if found.len() == MOST {
                    more += 1;
                    continue;
                }
                let (name, address) = (member.display_name.trim(), member.address);
                let shown = if name.is_empty() { address.to_string() } else { format!("{name} <{address}>") };
                found.push((address.key().to_owned(), format!("    {shown}")));
            }
        }
        found.sort();
        let head = self.phrase(session, "command.who", &[("list", &list.name.to_string())]);
        let mut lines = vec![head];
        lines.extend(found.into_iter().map(|(_, line)| line));
        if more > 0 {
            lines.push(format!("    ... +{more}"));
        }
        Ok(Said { lines, ..Said::default() })
    }
}
