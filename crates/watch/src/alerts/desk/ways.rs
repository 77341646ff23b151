//! How the ways to people do, for those who watch from outside.

use std::collections::BTreeMap;

use super::{Alerts, sending};
use crate::WayVitals;
use crate::alerts::Target;

impl Alerts {
    /// Every way that is configured. No addresses: they are nobody's affair who reads figures.
    pub fn ways(&self) -> Vec<WayVitals> {
        let now = self.moment();
        let desk = self.lock();
        let mut ways: BTreeMap<(&str, &str), WayVitals> = BTreeMap::new();
        let people = desk.setup.policy.contacts.iter();
        let targets = people.flat_map(|c| c.targets.iter().map(|target| (c.name.as_str(), target)));
        let mut configured: Vec<_> =
            targets.map(|(name, target)| (name, kind(target), target.to_string())).collect();
        if desk.setup.heartbeat.is_some() {
            configured.push(("", sending::HEARTBEAT, sending::HEARTBEAT.to_owned()));
        }
        for (contact, way, path) in configured {
            let one = ways.entry((contact, way)).or_insert_with(|| WayVitals {
                contact: contact.to_owned(),
                way: way.to_owned(),
                ..WayVitals::default()
            });
            let Some(health) = desk.state.memory.paths.get(&path) else { continue };
            one.broken |= health.broken.is_some();
            one.proved = one.proved.max(health.proved.map(|at| now.wall_of(at)));
        }
        ways.into_values().collect()
    }
}

fn kind(target: &Target) -> &'static str {
    match target {
        Target::Mail(_) => "mail",
        Target::Webhook(_) => "webhook",
    }
}
