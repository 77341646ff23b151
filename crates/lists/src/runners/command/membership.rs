//! `join`, `leave`, `set`.

use posthaste_model::{Address, DeliveryMode, Mailbox, Preferences, Role};

use super::{Commands, Said, Session, Trouble};
use crate::commands::{Setting, show_settings};
use crate::subscription::{Answer, Asking, JoinWish, Refusal};

impl Commands {
    pub(super) async fn join(
        &self,
        session: &mut Session<'_>,
        asking: &Asking<'_>,
        mode: Option<DeliveryMode>,
        address: Option<Address>,
    ) -> Result<Said, Trouble> {
        let mailbox = match address {
            Some(address) if address != session.sender.address => Mailbox { name: String::new(), address },
            _ => session.sender.clone(),
        };
        if session.joining.contains(&mailbox.address) {
            return Ok(Said::default());
        }
        session.joining.push(mailbox.address.clone());
        let preferences = Preferences { delivery_mode: mode, ..Preferences::default() };
        let wish = JoinWish { preferences, ..JoinWish::new(mailbox.clone()) };
        let settled = session.desk.join(asking, &wish).await?;
        session.born.extend(settled.born);
        Ok(self.say(session, &settled.answer, &mailbox.address))
    }

    pub(super) async fn leave(
        &self,
        session: &mut Session<'_>,
        asking: &Asking<'_>,
    ) -> Result<Said, Trouble> {
        if std::mem::replace(&mut session.leaving, true) {
            return Ok(Said::default());
        }
        let sender = session.sender.address.clone();
        let settled = session.desk.leave(asking, &sender, false).await?;
        session.born.extend(settled.born);
        Ok(self.say(session, &settled.answer, &sender))
    }

    pub(super) async fn set(
        &self,
        session: &mut Session<'_>,
        asking: &Asking<'_>,
        settings: &[Setting],
    ) -> Result<Said, Trouble> {
        let mut changes = Preferences::default();
        for setting in settings {
            setting.apply(&mut changes);
        }
        let sender = session.sender.address.clone();
        let settled = session.desk.set(asking, &sender, changes).await?;
        session.born.extend(settled.born);
        Ok(self.say(session, &settled.answer, &sender))
    }

    /// Shows a member what holds for them. The answer goes to that member's own address.
    pub(super) async fn show(&self, session: &Session<'_>) -> Result<Said, Trouble> {
        let sender = std::slice::from_ref(&session.sender.address);
        let known = self.station.tools.store.posting_facts(session.list.id, sender, &[]).await?;
        let Some(member) = known.memberships.into_iter().find(|m| m.role == Role::Member) else {
            let none = Answer::Refused(Refusal::NoMember);
            return Ok(self.say(session, &none, &session.sender.address));
        };
        let head = self.phrase(session, "command.settings", &[("list", &session.list.name.to_string())]);
        let shown = show_settings(&member.preferences, &session.list.settings.preferred_language);
        let lines = std::iter::once(head).chain(shown.into_iter().map(|line| format!("    {line}")));
        Ok(Said { lines: lines.collect(), ..Said::default() })
    }

    /// What came of it, in words.
    pub(super) fn say(&self, session: &Session<'_>, answer: &Answer, about: &Address) -> Said {
        let list = session.list.name.to_string();
        let (key, address) = answer.phrase(about.as_str());
        let said = Said::line(self.phrase(session, key, &[("address", address), ("list", &list)]));
        match answer {
            Answer::Waits(_) => Said { forced: true, ..said },
            // An answer would be one more mail nobody asked for.
            Answer::Refused(Refusal::Blocked | Refusal::Rationed) => Said { stop: true, ..said },
            Answer::Refused(_) => Said { stop: true, forced: true, ..said },
            _ => said,
        }
    }
}
