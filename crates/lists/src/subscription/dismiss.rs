use posthaste_model::{Address, EntryId, MailingList, Role};

use super::{Answer, Asking, Desk, DeskError, Refusal};

impl Desk {
    /// Ends the memberships of these addresses on the word of who runs the site, whatever the policy says. `id` names this
    /// doing. Goodbyes and notices to the owners go out as the settings of `list` say: a caller who wants it otherwise
    /// changes them in its copy.
    pub async fn dismiss(
        &self,
        id: EntryId,
        list: &MailingList,
        people: &[Address],
    ) -> Result<Vec<(Address, Answer)>, DeskError> {
        let mut answers = Vec::with_capacity(people.len());
        for address in people {
            let answer = match self.tools.store.member(list.id, address, Role::Member).await? {
                None => Answer::Refused(Refusal::NoMember),
                Some(member) => {
                    let deed = id.child(address.key());
                    let asking = Asking { deed, list, network: String::new(), rationed: false };
                    let settled = self.leave_at_once(&asking, &member).await?;
                    self.carry_out(list, settled).await?
                }
            };
            answers.push((address.clone(), answer));
        }
        Ok(answers)
    }
}
