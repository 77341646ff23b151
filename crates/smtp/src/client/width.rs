//! How many connections are used at once: few at first, more while more helps, fewer when the relay asks for patience.
//!
//! A machine without clock or sockets. It learns from transactions that were *contended*: all connections were in use
//! when theirs was taken, so that one more might have helped.

use std::time::Duration;

/// Connections at the start.
const START: usize = 4;
/// How long a limit is kept before another one is tried.
const PAUSE: Duration = Duration::from_secs(5);
/// While ramping, each doubling must bring at least this much.
const GROWTH: f64 = 1.15;
/// Ramping ends after so many looks without growth: one alone may be chance.
const FLAT: u8 = 2;
/// The part of what one more connection could bring at best that makes it worth having.
const WORTH: f64 = 0.3;
/// With fewer connections, this part of the rate must be left for them to be enough.
const ENOUGH: f64 = 0.9;

/// The limit, and what is known of its effect.
#[derive(Debug)]
pub(crate) struct Width {
    most: usize,
    limit: usize,
    phase: Phase,
    epoch: Epoch,
    /// Reports of transactions that were under way when the limit was cut: they say nothing new.
    stale: usize,
    /// Until then it stays narrow: the relay asked for patience.
    rest: Duration,
    /// The shortest mean time of a transaction while the limit was kept.
    floor: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// Every contended transaction adds a connection, so that their number doubles with each round of them.
    Ramp { best: Option<(usize, f64)>, flat: u8 },
    /// The limit is kept until then.
    Steady { until: Duration },
    /// Another limit is tried. What was begun before is not counted: `settled` is false until that is through.
    Probe { from: usize, rate: f64, settled: bool },
}

/// As many transactions as there were connections at its beginning.
#[derive(Debug, Clone, Copy, Default)]
struct Epoch {
    began: Option<Duration>,
    limit: usize,
    done: usize,
    recipients: usize,
    took: Duration,
}

/// One use of a connection that was contended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    /// Recipients answered for.
    pub(crate) recipients: usize,
    /// Time for it, and for each transaction if there were several.
    pub(crate) took: Duration,
}

impl Width {
    /// For a relay that may be given `most` connections, at least 1.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            limit: START.min(most),
            phase: Phase::Ramp { best: None, flat: 0 },
            epoch: Epoch::default(),
            stale: 0,
            rest: Duration::ZERO,
            floor: None,
        }
    }

    /// Connections that may be in use at once.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// A connection was used, and every other was in use too. `now` is monotonic.
    pub(crate) fn served(&mut self, now: Duration, report: Report) {
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        let limit = self.limit;
        let epoch = &mut self.epoch;
        if epoch.began.is_none() {
            *epoch = Epoch { began: Some(now.saturating_sub(report.took)), limit, ..Epoch::default() };
        }
        epoch.done += 1;
        epoch.recipients += report.recipients;
        epoch.took += report.took;
        if matches!(self.phase, Phase::Ramp { .. }) {
            self.limit = (limit + 1).min(self.most);
        }
        if epoch.done >= epoch.limit {
            let epoch = std::mem::take(&mut self.epoch);
            let elapsed = now.saturating_sub(epoch.began.unwrap_or(now)).max(Duration::from_micros(1));
            let rate = epoch.recipients as f64 / elapsed.as_secs_f64();
            let each = epoch.took / u32::try_from(epoch.done).unwrap_or(u32::MAX);
            self.judge(now, epoch.limit, rate, each);
            self.epoch.began = Some(now);
            self.epoch.limit = self.limit;
        }
    }

    /// A connection was used that was not the last one: there is less to do than could be done, which says nothing.
    pub(crate) fn idle(&mut self) {
        self.epoch = Epoch::default();
    }

    /// The relay asked for patience: 421, 450, 451 or 452 to us or to most of the recipients of a transaction.
    pub(crate) fn pushed_back(&mut self, now: Duration) {
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        self.stale = self.limit - 1;
        self.rest = now + PAUSE;
        self.limit = (self.limit / 2).max(1);
        self.phase = Phase::Steady { until: now + PAUSE };
        self.epoch = Epoch::default();
        self.floor = None;
    }

    /// Somebody waits, and no connection has come back for a while: those in use hang, and must not hold up the rest.
    pub(crate) fn stalled(&mut self, now: Duration) {
        if now >= self.rest {
            self.limit = (self.limit + (self.limit / 2).max(1)).min(self.most);
            self.epoch = Epoch::default();
        }
    }

    fn judge(&mut self, now: Duration, measured: usize, rate: f64, each: Duration) {
        let steady = Phase::Steady { until: now + PAUSE };
        match self.phase {
            Phase::Ramp { best, flat } => {
                let grew = best.is_none_or(|(_, before)| rate >= before * GROWTH);
                let best = if grew { Some((measured, rate)) } else { best };
                let flat = if grew { 0 } else { flat + 1 };
                self.phase = Phase::Ramp { best, flat };
                if flat >= FLAT {
                    self.limit = best.map_or(self.limit, |(limit, _)| limit);
                    self.phase = steady;
                } else if measured == self.most {
                    self.phase = steady;
                }
            }
            Phase::Steady { until } => {
                let floor = self.floor.map_or(each, |floor| floor.min(each));
                self.floor = Some(floor);
                if now < until {
                    return;
                }
                let to = if each > floor * 2 && self.limit > 1 {
                    (self.limit * 3 / 4).max(1)
                } else {
                    (self.limit + (self.limit / 4).max(1)).min(self.most)
                };
                if to != self.limit {
                    self.phase = Phase::Probe { from: self.limit, rate, settled: false };
                    self.limit = to;
                }
            }
            Phase::Probe { from, rate: before, settled: false } => {
                self.phase = Phase::Probe { from, rate: before, settled: true };
            }
            Phase::Probe { from, rate: before, settled: true } => {
                let more = self.limit as f64 / from as f64 - 1.0;
                let keep =
                    if more > 0.0 { rate >= before * (1.0 + WORTH * more) } else { rate >= before * ENOUGH };
                if !keep {
                    self.limit = from;
                }
                // What helped is tried further at once.
                self.phase = if keep { Phase::Steady { until: now } } else { steady };
                // Fewer did not make it faster: the relay needs longer than it did, whatever we do.
                if !keep && more < 0.0 {
                    self.floor = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A relay with so many servers, each of which needs `each` for a transaction: more connections than servers only
    /// wait. Plays whole rounds for `time`, and tells the limit at its end.
    struct Relay {
        now: Duration,
        servers: usize,
        each: Duration,
    }

    impl Relay {
        fn play(&mut self, width: &mut Width, time: Duration) -> usize {
            let end = self.now + time;
            while self.now < end {
                let users = width.limit();
                let took = self.each.mul_f64((users as f64 / self.servers as f64).max(1.0));
                for n in 1..=users {
                    let at = self.now + took.mul_f64(n as f64 / users as f64);
                    width.served(at, Report { recipients: 50, took });
                }
                self.now += took;
            }
            width.limit()
        }
    }

    fn relay(servers: usize, each: Duration) -> Relay {
        Relay { now: Duration::from_secs(100), servers, each }
    }

    #[test]
    fn a_slow_relay_gets_all_connections_within_three_rounds() {
        for most in [1, 3, 20, 64] {
            let mut width = Width::new(most);
            assert_eq!(width.limit(), most.min(4));
            let rounds = if most == 64 { 5 } else { 3 };
            assert_eq!(relay(1000, 20 * MS).play(&mut width, 20 * MS * rounds), most);
        }
    }

    #[test]
    fn growing_ends_where_it_no_longer_helps() {
        for (servers, most_wanted) in [(1, 8), (4, 8), (8, 16), (16, 32)] {
            let mut width = Width::new(100);
            let limit = relay(servers, 20 * MS).play(&mut width, Duration::from_secs(4));
            assert!(limit >= servers.min(4) && limit <= most_wanted, "{servers} servers: {limit}");
        }
    }

    #[test]
    fn a_relay_that_grows_is_found_out() {
        let mut width = Width::new(40);
        let mut relay = relay(4, 20 * MS);
        let before = relay.play(&mut width, Duration::from_secs(10));
        relay.servers = 1000;
        let after = relay.play(&mut width, Duration::from_mins(1));
        assert!(before <= 10 && after == 40, "{before}, then {after}");
    }

    #[test]
    fn a_relay_that_gets_slower_under_load_is_given_less() {
        let mut width = Width::new(40);
        let mut relay = relay(40, 20 * MS);
        assert_eq!(relay.play(&mut width, Duration::from_secs(10)), 40);
        relay.servers = 10;
        let after = relay.play(&mut width, Duration::from_mins(1));
        assert!((9..25).contains(&after), "{after}");
    }

    #[test]
    fn a_relay_that_is_merely_farther_away_keeps_its_connections() {
        let mut width = Width::new(40);
        let mut relay = relay(1000, 20 * MS);
        relay.play(&mut width, Duration::from_secs(10));
        relay.each = 100 * MS;
        relay.play(&mut width, Duration::from_secs(20));
        let limits: Vec<_> = (0..100).map(|_| relay.play(&mut width, 100 * MS)).collect();
        assert!(limits.iter().filter(|limit| **limit == 40).count() > 80, "{limits:?}");
    }

    #[test]
    fn being_pushed_back_halves_once_and_not_for_those_already_on_their_way() {
        let now = Duration::from_secs(100);
        let mut width = Width::new(20);
        relay(1000, 20 * MS).play(&mut width, 200 * MS);
        assert_eq!(width.limit(), 20);
        for _ in 0..20 {
            width.pushed_back(now);
        }
        assert_eq!(width.limit(), 10);
        for _ in 0..200 {
            width.pushed_back(now);
        }
        assert_eq!(width.limit(), 1);
    }

    #[test]
    fn after_being_pushed_back_it_grows_again_slowly() {
        let mut width = Width::new(20);
        let mut relay = relay(1000, 20 * MS);
        relay.play(&mut width, 200 * MS);
        width.pushed_back(relay.now);
        assert_eq!(relay.play(&mut width, Duration::from_secs(4)), 10, "patience first");
        assert_eq!(relay.play(&mut width, Duration::from_secs(30)), 20);
    }

    #[test]
    fn connections_that_hang_do_not_hold_up_the_others() {
        let mut width = Width::new(20);
        let limits: Vec<_> = (0..6)
            .map(|n| {
                width.stalled(Duration::from_secs(100) + n * MS);
                width.limit()
            })
            .collect();
        assert_eq!(limits, [6, 9, 13, 19, 20, 20]);
        width.pushed_back(Duration::from_secs(101));
        width.stalled(Duration::from_secs(102));
        assert_eq!(width.limit(), 10, "a relay that asks for patience may take its time");
        width.stalled(Duration::from_secs(106));
        assert_eq!(width.limit(), 15);
    }

    #[test]
    fn want_of_work_says_nothing() {
        let mut width = Width::new(20);
        for n in 0..100 {
            width.idle();
            width.served(n * MS, Report { recipients: 1, took: MS });
            width.idle();
        }
        assert!(matches!(width.phase, Phase::Ramp { best: None, .. }), "{:?}", width.phase);
    }

    proptest! {
        #[test]
        fn the_limit_stays_between_one_and_the_most(
            most in 0_usize..70,
            steps in proptest::collection::vec((0_u8..10, 0_u32..3_000, 0_usize..100), 0..2_000),
        ) {
            let mut width = Width::new(most);
            let mut now = Duration::ZERO;
            for (what, took, recipients) in steps {
                let took = took * MS;
                now += took / 4;
                match what {
                    0 => width.pushed_back(now),
                    1 => width.idle(),
                    2 => width.stalled(now),
                    _ => width.served(now, Report { recipients, took }),
                }
                prop_assert!((1..=most.max(1)).contains(&width.limit()));
            }
        }
    }
}
