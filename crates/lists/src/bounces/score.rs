//! Whether a failure counts against a member, and what follows. Pure: what is known comes in, what is to be comes out.

use std::time::Duration;

use posthaste_model::{ListSettings, Timestamp};
use posthaste_store::{BounceVerdict, Standing};

use super::status::Blame;

/// A post refused at so many members for what it is, is itself to blame.
pub const MANY: u64 = 3;
/// So many addresses of one domain failing within a day can be an outage there …
const OUTAGE: u64 = 5;
/// … if they are at least one in so many of all we know there.
const SHARE: u64 = 4;
/// On so many days of a month a domain may have an outage. From then on it is simply gone.
const PATIENCE: u64 = 3;
const DAY: Duration = Duration::from_hours(24);

/// What is known of one failure when it is judged.
#[derive(Clone, PartialEq, Debug)]
pub struct Evidence {
    /// When it happened.
    pub at: Timestamp,
    /// It cannot be forged: the relay told us, or the address it came to bears our signature.
    pub proven: bool,
    /// It answers a probe.
    pub probe: bool,
    /// Who is to blame by the words of it.
    pub blame: Blame,
    /// What the member is told.
    pub reason: String,
    /// Members this very post was refused at for what it is.
    pub refused: u64,
    /// What happened at the member's domain that day.
    pub domain: Domain,
}

/// How a domain of members did on the day of a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Domain {
    /// Addresses there that failed.
    pub failing: u64,
    /// Addresses there that are members of any list.
    pub addresses: u64,
    /// Days of the last month on which failures there were forgiven.
    pub outage_days: u64,
}

/// How a member stands, as the failure is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// Gets mail.
    On,
    /// Switched off for bounces before.
    OffForBounces,
    /// Has left.
    Gone,
}

/// What comes of a failure.
#[derive(Clone, PartialEq, Debug)]
pub struct Weighed {
    /// What is written beside it.
    pub verdict: BounceVerdict,
    /// How the member stands from now on; `None`: as before.
    pub standing: Option<Standing>,
    /// Who is told.
    pub tell: Tell,
}

/// Who is told, and what is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tell {
    /// Nobody.
    Nobody,
    /// The owners: a score has grown.
    Increment,
    /// The member, to see whether it comes back.
    Probe,
    /// Delivery is switched off: the owners. Warnings to the member follow by themselves.
    Disable,
}

/// What a site decides about bounces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Probes {
    /// A probe can be sent: there is a key to sign its address.
    pub possible: bool,
    /// Always send one before delivery is switched off, not only if the failures may be forged.
    pub always: bool,
}

/// Judges one failure of a member.
pub fn weigh(
    standing: &Standing,
    delivery: Delivery,
    evidence: &Evidence,
    settings: &ListSettings,
    probes: Probes,
) -> Weighed {
    let ends = |verdict| Weighed { verdict, standing: None, tell: Tell::Nobody };
    match delivery {
        Delivery::Gone => return ends(BounceVerdict::NoMember),
        Delivery::OffForBounces => return ends(BounceVerdict::Off),
        Delivery::On => {}
    }
    if evidence.blame == Blame::Post && !evidence.probe && evidence.refused >= MANY {
        return ends(BounceVerdict::Post);
    }
    if is_outage(evidence.domain) {
        return ends(BounceVerdict::Outage);
    }
    let mut next = standing.clone();
    next.reason.clone_from(&evidence.reason);
    if evidence.probe {
        return disable(next, evidence.at);
    }
    let last = next.last_bounce.replace(evidence.at);
    if last.is_some_and(|last| day(last) == day(evidence.at)) {
        return Weighed { verdict: BounceVerdict::SameDay, standing: Some(next), tell: Tell::Nobody };
    }
    let fresh = last.is_some_and(|last| evidence.at.since(last) <= settings.bounce_info_stale_after);
    next.score = if fresh { next.score + 1 } else { 1 };
    // A point that may be forged makes the whole score doubtful, until it begins anew.
    next.proven = evidence.proven && (next.proven || !fresh);
    let full = next.score >= settings.bounce_score_threshold;
    if !full {
        let tell =
            if settings.bounce_notify_owner_on_bounce_increment { Tell::Increment } else { Tell::Nobody };
        return Weighed { verdict: BounceVerdict::Counted, standing: Some(next), tell };
    }
    if probes.possible && (probes.always || !next.proven) {
        next.score = 0;
        return Weighed { verdict: BounceVerdict::Counted, standing: Some(next), tell: Tell::Probe };
    }
    disable(next, evidence.at)
}

/// True if this is no fault of the members there.
fn is_outage(domain: Domain) -> bool {
    domain.failing >= OUTAGE && domain.failing * SHARE >= domain.addresses && domain.outage_days < PATIENCE
}

fn disable(mut standing: Standing, at: Timestamp) -> Weighed {
    standing.score = 0;
    standing.disabled_at = Some(at);
    standing.warnings = 0;
    standing.last_warning = None;
    Weighed { verdict: BounceVerdict::Counted, standing: Some(standing), tell: Tell::Disable }
}

/// What is due for a member whose delivery is switched off for bounces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Nothing now.
    Nothing,
    /// A warning.
    Warning,
    /// The end of the membership.
    Removal,
}

/// What is due at `now`.
pub fn due(standing: &Standing, settings: &ListSettings, now: Timestamp) -> Due {
    let wanted = settings.bounce_you_are_disabled_warnings;
    let interval = settings.bounce_you_are_disabled_warnings_interval;
    let rested = standing.last_warning.is_none_or(|last| last.plus(interval) <= now);
    match (standing.warnings < wanted, rested) {
        (true, true) => Due::Warning,
        (false, true) => Due::Removal,
        _ if wanted == 0 => Due::Removal,
        _ => Due::Nothing,
    }
}

/// The day of a moment, UTC.
fn day(at: Timestamp) -> i64 {
    at.as_secs().div_euclid(DAY.as_secs().cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn days(n: u64) -> Timestamp {
        NOON.plus(DAY * u32::try_from(n).unwrap())
    }

    fn evidence(at: Timestamp) -> Evidence {
        Evidence {
            at,
            proven: true,
            probe: false,
            blame: Blame::Recipient,
            reason: "5.1.1 no such user".into(),
            refused: 0,
            domain: Domain { failing: 1, addresses: 100, outage_days: 0 },
        }
    }

    fn judge(standing: &Standing, evidence: &Evidence) -> Weighed {
        let probes = Probes { possible: true, always: false };
        weigh(standing, Delivery::On, evidence, &ListSettings::default(), probes)
    }

    /// The score after failures on these days, and who was told at the last.
    fn run(on: &[u64], proven: bool) -> (u64, Tell) {
        let (mut standing, mut tell) = (Standing::default(), Tell::Nobody);
        for day in on {
            let weighed = judge(&standing, &Evidence { proven, ..evidence(days(*day)) });
            (standing, tell) = (weighed.standing.unwrap(), weighed.tell);
        }
        (standing.score, tell)
    }

    #[test]
    fn a_day_is_a_point_and_quiet_days_begin_anew() {
        for (on, score, tell) in [
            (vec![0], 1, Tell::Nobody),
            (vec![0, 0, 0, 0, 0, 0], 1, Tell::Nobody),
            (vec![0, 1, 2, 3], 4, Tell::Nobody),
            (vec![0, 7], 2, Tell::Nobody),
            (vec![0, 8], 1, Tell::Nobody),
            (vec![0, 1, 2, 3, 11, 12], 2, Tell::Nobody),
            (vec![0, 1, 2, 3, 4], 0, Tell::Disable),
        ] {
            assert_eq!(run(&on, true), (score, tell), "{on:?}");
        }
    }

    #[test]
    fn what_may_be_forged_switches_nobody_off_without_a_probe() {
        assert_eq!(run(&[0, 1, 2, 3, 4], false), (0, Tell::Probe));
        let mut standing = Standing::default();
        for day in 0..4 {
            standing =
                judge(&standing, &Evidence { proven: day != 1, ..evidence(days(day)) }).standing.unwrap();
        }
        assert_eq!(judge(&standing, &evidence(days(4))).tell, Tell::Probe, "one of them may be forged");
        let none = Probes { possible: false, always: true };
        let weighed = weigh(&standing, Delivery::On, &evidence(days(4)), &ListSettings::default(), none);
        assert_eq!(weighed.tell, Tell::Disable, "there is no key to sign a probe with");
        let probe = Evidence { probe: true, ..evidence(days(5)) };
        let weighed = judge(&Standing::default(), &probe);
        assert_eq!((weighed.tell, weighed.standing.unwrap().disabled_at), (Tell::Disable, Some(days(5))));
    }

    #[test]
    fn a_post_refused_at_many_counts_against_nobody() {
        let refused = |refused, blame| {
            judge(&Standing::default(), &Evidence { blame, refused, ..evidence(NOON) }).verdict
        };
        assert_eq!(refused(MANY, Blame::Post), BounceVerdict::Post);
        assert_eq!(refused(MANY - 1, Blame::Post), BounceVerdict::Counted);
        assert_eq!(refused(MANY, Blame::Recipient), BounceVerdict::Counted);
    }

    #[test]
    fn an_outage_of_a_provider_counts_against_nobody_for_three_days() {
        for (failing, addresses, outage_days, wanted) in [
            (5, 5, 0, BounceVerdict::Outage),
            (5, 20, 0, BounceVerdict::Outage),
            (5, 21, 0, BounceVerdict::Counted),
            (4, 4, 0, BounceVerdict::Counted),
            (400, 500, 2, BounceVerdict::Outage),
            (400, 500, 3, BounceVerdict::Counted),
        ] {
            let domain = Domain { failing, addresses, outage_days };
            let told = judge(&Standing::default(), &Evidence { domain, ..evidence(NOON) }).verdict;
            assert_eq!(told, wanted, "{domain:?}");
            let probe = Evidence { domain, probe: true, ..evidence(NOON) };
            assert_eq!(judge(&Standing::default(), &probe).verdict, wanted, "a probe, {domain:?}");
        }
    }

    #[test]
    fn who_is_off_or_gone_is_left_alone() {
        let settings = ListSettings::default();
        for (delivery, wanted) in
            [(Delivery::Gone, BounceVerdict::NoMember), (Delivery::OffForBounces, BounceVerdict::Off)]
        {
            let weighed =
                weigh(&Standing::default(), delivery, &evidence(NOON), &settings, Probes::default());
            assert_eq!((weighed.verdict, weighed.standing, weighed.tell), (wanted, None, Tell::Nobody));
        }
    }

    #[test]
    fn owners_hear_of_points_if_they_want() {
        let settings =
            ListSettings { bounce_notify_owner_on_bounce_increment: true, ..ListSettings::default() };
        let told = weigh(&Standing::default(), Delivery::On, &evidence(NOON), &settings, Probes::default());
        assert_eq!(told.tell, Tell::Increment);
    }

    #[test]
    fn three_warnings_a_week_apart_and_then_the_end() {
        let settings = ListSettings::default();
        let mut standing = Standing { disabled_at: Some(NOON), ..Standing::default() };
        let mut told = vec![];
        for day in 0..=30 {
            match due(&standing, &settings, days(day)) {
                Due::Nothing => {}
                Due::Warning => {
                    told.push(day);
                    standing.warnings += 1;
                    standing.last_warning = Some(days(day));
                }
                Due::Removal => {
                    told.push(day);
                    break;
                }
            }
        }
        assert_eq!(told, [0, 7, 14, 21]);
        let at_once = ListSettings { bounce_you_are_disabled_warnings: 0, ..ListSettings::default() };
        let fresh = Standing { disabled_at: Some(NOON), ..Standing::default() };
        assert_eq!(due(&fresh, &at_once, NOON), Due::Removal);
    }
}
