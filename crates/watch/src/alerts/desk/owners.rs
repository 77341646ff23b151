//! The owners of lists hear it from us before they hear it from their members: once, when the public is told.

use super::Alerts;
use crate::alerts::outbox::Parcel;
use crate::alerts::{Event, Happening, Target, Words};

/// More than these are not written to: the relay for alerts is for alerts.
const MOST: usize = 2_000;

impl Alerts {
    /// The incident that the public was told of and the owners of lists were not.
    pub fn owners_to_tell(&self) -> Option<u32> {
        let desk = self.lock();
        let untold =
            |i: &&crate::alerts::Incident| i.public && !i.owners_told && !i.drill && i.recovering.is_none();
        desk.state.open.iter().find(untold).map(|incident| incident.id)
    }

    /// Writes to each of these addresses about its lists, past our own queue.
    pub fn tell_owners(&self, id: u32, owners: &[(String, Vec<String>)]) {
        let now = self.moment();
        let mut guard = self.lock();
        let desk = &mut *guard;
        let setup = desk.setup.clone();
        let Some(incident) = desk.state.open.iter_mut().find(|i| i.id == id) else { return };
        incident.owners_told = true;
        let words = Words { facts: &desk.state.facts, policy: &setup.policy, window: None, now };
        let notice = desk.outbox.next();
        for (address, lists) in owners.iter().take(MOST) {
            let parcel = Parcel {
                serial: desk.outbox.next(),
                notice,
                contact: "owner of a list".to_owned(),
                target: Target::Mail(address.clone()),
                message: words.to_owners(incident, lists),
                token: None,
                due: now.steady,
                since: now.steady,
                failed: 0,
            };
            desk.outbox.parcels.push(parcel);
        }
        let text = format!("{} owners of lists with waiting mail are told", owners.len().min(MOST));
        desk.events.push(Event::new(now.wall, Some(id), Happening::Escalated, text));
        drop(guard);
        self.wake.notify_one();
    }
}
