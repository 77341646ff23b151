//! Messages that are to be sent, one parcel for each way of each person. Kept over restarts, tried again until they get
//! through or mean nothing any more.

use std::collections::BTreeSet;
use std::time::Duration;

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Contact, Kind, Message, Notice, Policy, Target};

/// One message on one way to one person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Parcel {
    /// A number no other has.
    pub serial: u64,
    /// The same for all parcels of one notice.
    pub notice: u64,
    /// For whom.
    pub contact: String,
    /// On which way.
    pub target: Target,
    /// What.
    pub message: Message,
    /// What acknowledges, in links and addresses.
    pub token: Option<String>,
    /// When it is to be tried next, steady.
    pub due: Timestamp,
    /// Since when it waits.
    pub since: Timestamp,
    /// Tries that failed.
    pub failed: u32,
}

/// All that wait.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Outbox {
    pub(super) parcels: Vec<Parcel>,
    serial: u64,
    /// Notices of which something got through.
    reached: BTreeSet<u64>,
}

/// What was not taken for so long means nothing any more.
const STALE: Duration = Duration::from_hours(6);

/// What a failure means.
pub(super) struct Failure {
    /// The parcel.
    pub(super) parcel: Parcel,
    /// Nobody was reached by this page of this incident.
    pub(super) nobody: Option<u32>,
}

impl Outbox {
    /// Puts in a parcel for everybody the notice is for.
    pub(super) fn post(
        &mut self,
        notice: &Notice,
        policy: &Policy,
        now: Timestamp,
        token: impl Fn(&str) -> Option<String>,
    ) {
        let number = self.next();
        for (contact, target) in recipients(policy, notice) {
            // What is newer says all that an older one that did not get through would have said.
            let old = |p: &Parcel| {
                p.failed > 0
                    && (&p.contact, &p.target) == (&contact, &target)
                    && p.message.key == notice.message.key
            };
            self.parcels.retain(|p| !old(p));
            let serial = self.next();
            let token = token(&contact).filter(|_| notice.message.wants_ack);
            let message = notice.message.clone();
            let parcel = Parcel {
                serial,
                notice: number,
                contact,
                target,
                message,
                token,
                due: now,
                since: now,
                failed: 0,
            };
            self.parcels.push(parcel);
        }
    }

    /// A number that was not given before.
    pub(super) fn next(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// The oldest parcel on each way that is due, except on `busy` ways.
    pub(super) fn due(&mut self, busy: &BTreeSet<Target>, now: Timestamp) -> Vec<Parcel> {
        self.parcels.retain(|p| now.since(p.since) < STALE);
        let mut ways = busy.clone();
        self.parcels.iter().filter(|p| p.due <= now && ways.insert(p.target.clone())).cloned().collect()
    }

    /// It got through.
    pub(super) fn sent(&mut self, serial: u64) -> Option<Parcel> {
        let at = self.parcels.iter().position(|p| p.serial == serial)?;
        let parcel = self.parcels.remove(at);
        self.reached.insert(parcel.notice);
        self.forget();
        Some(parcel)
    }

    /// It did not; it is tried again.
    pub(super) fn failed(&mut self, serial: u64, now: Timestamp) -> Option<Failure> {
        let parcel = self.parcels.iter_mut().find(|p| p.serial == serial)?;
        parcel.failed += 1;
        parcel.due = now.plus(Duration::from_secs(15) * (1 << (parcel.failed - 1).min(4)));
        let parcel = parcel.clone();
        let page = matches!(parcel.message.kind, Kind::Page | Kind::Escalation(_) | Kind::AckExpired);
        let all_failed = self.parcels.iter().filter(|p| p.notice == parcel.notice).all(|p| p.failed >= 2);
        let nobody = page && all_failed && !self.reached.contains(&parcel.notice);
        let nobody = parcel.message.incident.filter(|_| nobody && parcel.failed == 2);
        self.forget();
        Some(Failure { parcel, nobody })
    }

    fn forget(&mut self) {
        let waiting: BTreeSet<u64> = self.parcels.iter().map(|p| p.notice).collect();
        self.reached.retain(|notice| waiting.contains(notice));
    }
}

/// Whom a notice is for, each once on each way. If nobody stands so low on the ladder, the lowest there are.
pub fn recipients(policy: &Policy, notice: &Notice) -> Vec<(String, Target)> {
    let up_to = |step: u8| policy.contacts.iter().filter(move |c| c.step <= step).collect::<Vec<_>>();
    let mut contacts = match notice.step {
        None => vec![],
        // What nobody is woken for goes to channels only, if there are any.
        Some(0) => up_to(0),
        Some(step) => up_to(step),
    };
    if notice.step.is_some() && !contacts.iter().any(|c| !c.targets.is_empty()) {
        let lowest = policy.contacts.iter().map(|c| c.step).min().unwrap_or(0);
        contacts = up_to(lowest);
    }
    let mut found: Vec<(String, Target)> = Vec::new();
    let mut add = |contact: &str, target: &Target| {
        if !found.iter().any(|(_, known)| known == target) {
            found.push((contact.to_owned(), target.clone()));
        }
    };
    for Contact { name, targets, .. } in contacts {
        for target in targets {
            add(name, target);
        }
    }
    for owner in &notice.owners {
        if let Some(contact) = policy.contact(owner) {
            for target in &contact.targets {
                add(&contact.name, target);
            }
        } else if let Some(address) = owner.split([' ', ',', '<', '>', ';']).find(|word| word.contains('@')) {
            add(owner, &Target::Mail(address.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::Level;

    fn policy() -> Policy {
        let contact = |name: &str, step, mail: &str| Contact {
            name: name.into(),
            step,
            targets: vec![Target::Mail(mail.into())],
        };
        let contacts = vec![
            contact("channel", 0, "c@x.org"),
            contact("Anne", 1, "a@x.org"),
            contact("Bob", 2, "b@x.org"),
        ];
        Policy { contacts, ..Policy::default() }
    }

    fn notice(step: Option<u8>, owners: &[&str]) -> Notice {
        let message = Message {
            kind: Kind::Page,
            level: Level::Critical,
            incident: Some(1),
            host: "h".into(),
            key: "k".into(),
            subject: "s".into(),
            tail: "t".into(),
            rows: vec![],
            wants_ack: true,
        };
        Notice { message, step, owners: owners.iter().map(|o| (*o).to_owned()).collect() }
    }

    #[test]
    fn who_is_told() {
        let names = |policy: &Policy, step, owners: &[&str]| {
            recipients(policy, &notice(step, owners)).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let full = policy();
        assert_eq!(names(&full, Some(0), &[]), ["channel"]);
        assert_eq!(names(&full, Some(1), &[]), ["channel", "Anne"]);
        assert_eq!(
            names(&full, Some(3), &["DBA team, dba@x.org"]),
            ["channel", "Anne", "Bob", "DBA team, dba@x.org"]
        );
        assert_eq!(names(&full, None, &["bob"]), ["Bob"], "an owner may be a contact");
        let mut few = full;
        few.contacts.retain(|c| c.step == 2);
        assert_eq!(names(&few, Some(0), &[]), ["Bob"], "somebody is always told");
        assert_eq!(names(&few, Some(1), &["nobody"]), ["Bob"]);
    }

    #[test]
    fn a_page_that_reaches_nobody_says_so_once() {
        let mut outbox = Outbox::default();
        let t = Timestamp::from_micros(0);
        outbox.post(&notice(Some(1), &[]), &policy(), t, |_| None);
        let due = outbox.due(&BTreeSet::new(), t);
        assert_eq!(due.len(), 2);
        let mut fail = |i: usize| outbox.failed(due[i].serial, t).unwrap().nobody;
        assert_eq!([fail(0), fail(1), fail(0), fail(1)], [None, None, None, Some(1)]);
        assert_eq!(fail(0), None);
    }

    #[test]
    fn a_way_that_is_busy_delays_no_other_and_newer_words_replace_old_ones() {
        let mut outbox = Outbox::default();
        let t = Timestamp::from_micros(0);
        outbox.post(&notice(Some(1), &[]), &policy(), t, |_| None);
        let busy = BTreeSet::from([Target::Mail("c@x.org".into())]);
        assert_eq!(outbox.due(&busy, t).len(), 1);
        let anne = outbox.due(&busy, t)[0].serial;
        outbox.failed(anne, t);
        assert!(outbox.due(&busy, t).is_empty(), "not again at once");
        outbox.post(&notice(Some(1), &[]), &policy(), t, |_| None);
        assert_eq!(outbox.parcels.iter().filter(|p| p.contact == "Anne").count(), 1);
    }
}
