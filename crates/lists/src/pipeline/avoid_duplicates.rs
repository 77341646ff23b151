use posthaste_mime::{Field, address_entries};
use posthaste_model::{Address, SubAddress};

use super::{Draft, Step, Stop};

/// Members whom the post names in To or Cc get it directly; who wants no second copy from the list gets none, and is taken
/// out of Cc so that answers do not go to them twice either.
pub(super) struct AvoidDuplicates;

impl Step for AvoidDuplicates {
    const NAME: &'static str = "avoid-duplicates";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let ours: Vec<String> =
            [SubAddress::Post, SubAddress::Bounces, SubAddress::Owner, SubAddress::Request]
                .into_iter()
                .map(|sub| draft.list.name.address(sub))
                .collect();
        let mut dropped: Vec<Address> = vec![];
        for recipient in draft.post.explicit_recipients() {
            let address = recipient.address;
            let declined = draft.facts.memberships.iter().any(|m| {
                m.role == posthaste_model::Role::Member
                    && m.address == address
                    && m.preferences.receive_list_copy == Some(false)
            });
            if declined && !ours.iter().any(|o| o == address.key()) && !dropped.contains(&address) {
                dropped.push(address);
            }
        }
        if dropped.is_empty() {
            return Ok(());
        }
        remove_from_cc(draft, &dropped);
        draft.skip.extend(dropped.iter().map(|a| a.key().to_owned()));
        Ok(())
    }
}

fn remove_from_cc(draft: &mut Draft<'_>, dropped: &[Address]) {
    let head = &mut draft.message.head;
    let values: Vec<String> = head.all("Cc").map(Field::unfolded).collect();
    let entries: Vec<_> = values.iter().flat_map(|value| address_entries(value)).collect();
    let kept: Vec<&str> = entries
        .iter()
        .filter(|e| !Address::parse(&e.address).is_ok_and(|a| dropped.contains(&a)))
        .map(|e| e.source)
        .collect();
    if kept.len() == entries.len() {
        return;
    }
    if kept.is_empty() {
        head.remove("Cc");
    } else {
        head.replace(Field::structured("Cc", &kept.join(", ")));
    }
}
