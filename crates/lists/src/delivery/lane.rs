//! Who is offered now, who only where that holds up nobody, and who rests.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How a recipient is offered to the relay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// At once.
    Go,
    /// With what connections are left: the relay was silent about this destination while others waited (P12).
    Slow,
    /// Not at all: an administrator lets the destination rest.
    Rest,
}

/// A destination is slow for so long, unless it answers before.
const SLOW: Duration = Duration::from_mins(10);

/// The domain of an address, as it is written; empty if there is none.
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// What is known of destinations. Times are monotonic.
#[derive(Debug, Default)]
pub struct Destinations {
    /// Domains in lower case, and until when they are slow.
    slow: HashMap<String, Duration>,
    resting: Arc<BTreeSet<String>>,
}

impl Destinations {
    /// Brings it up to date.
    pub fn at(&mut self, now: Duration, resting: Arc<BTreeSet<String>>) {
        self.slow.retain(|_, until| *until > now);
        self.resting = resting;
    }

    /// How recipients in this domain are offered.
    pub fn lane(&self, domain: &str) -> Lane {
        if self.slow.is_empty() && self.resting.is_empty() {
            return Lane::Go;
        }
        let domain = domain.to_lowercase();
        if self.resting.contains(&domain) {
            Lane::Rest
        } else if self.slow.contains_key(&domain) {
            Lane::Slow
        } else {
            Lane::Go
        }
    }

    /// The relay was silent about this domain.
    pub fn silent(&mut self, domain: &str, now: Duration) {
        self.slow.insert(domain.to_lowercase(), now + SLOW);
    }

    /// The relay answered for recipients in these domains.
    pub fn answered<'a>(&mut self, domains: impl Iterator<Item = &'a str>) {
        if !self.slow.is_empty() {
            for domain in domains {
                self.slow.remove(&domain.to_lowercase());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_slow_until_it_answers_or_ten_minutes_pass() {
        let (mut known, start) = (Destinations::default(), Duration::from_secs(100));
        known.silent("Tarpit.example", start);
        assert_eq!((known.lane("tarpit.EXAMPLE"), known.lane("quick.example")), (Lane::Slow, Lane::Go));
        known.answered(["quick.example"].into_iter());
        assert_eq!(known.lane("tarpit.example"), Lane::Slow);
        known.answered(["tarpit.example"].into_iter());
        assert_eq!(known.lane("tarpit.example"), Lane::Go);
        known.silent("tarpit.example", start);
        known.at(start + SLOW, Arc::default());
        assert_eq!(known.lane("tarpit.example"), Lane::Go);
    }

    #[test]
    fn who_rests_rests_whether_slow_or_not() {
        let mut known = Destinations::default();
        known.silent("a.example", Duration::ZERO);
        known.at(Duration::ZERO, Arc::new(BTreeSet::from(["a.example".to_owned()])));
        assert_eq!(known.lane("A.example"), Lane::Rest);
        assert_eq!(domain_of("\"x@y\"@b.example"), "b.example");
        assert_eq!(domain_of("nobody"), "");
    }
}
