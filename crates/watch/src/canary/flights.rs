//! Which canaries are under way, and what is to be done next. Pure: times come in as arguments.

use std::collections::VecDeque;
use std::time::Duration;

use posthaste_model::Timestamp;

use crate::CanaryVitals;

/// A canary is given up after this time.
pub(super) const LIFE: Duration = Duration::from_mins(10);
/// At most so many may wait in our own queue: during an outage they would pile up, and one proves as much as a hundred.
const IN_HOUSE: usize = 3;
/// A queue that has returned none of so many …
const ABROAD: usize = 4;
/// … gets the next one only after this time: it still has to be proved when mail moves again.
const PATIENT: Duration = Duration::from_mins(2);
/// An entry that was not heard of for so long is in nobody's queue any more.
const FORGOTTEN: Duration = Duration::from_hours(1);
/// How many are remembered.
const REMEMBERED: usize = 256;

/// The journeys.
#[derive(Debug)]
pub(super) struct Flights {
    interval: Duration,
    late: Duration,
    journeys: VecDeque<Flight>,
    /// The number the first one got: those below are of an earlier run.
    first: u32,
    next: u32,
    last_launch: Option<Duration>,
    /// The highest number that came back.
    newest: u32,
    sent: u64,
    returned: u64,
    lost: u64,
    last_returned: Option<Timestamp>,
    latency: Option<Duration>,
    error: Option<String>,
}

#[derive(Debug)]
struct Flight {
    number: u32,
    launched: Duration,
    /// Our door has taken it.
    taken: bool,
    /// In our own queue.
    in_house: bool,
    /// With the mail server.
    abroad: bool,
    /// Given up.
    lost: bool,
}

/// What to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// Send one.
    Launch,
    /// Nothing for so long, unless one comes back or is out of our hands before.
    Wait(Duration),
}

impl Flights {
    /// `first` must be higher than any number of an earlier run: the seconds of wall time are.
    pub(super) fn new(first: u32, interval: Duration, late: Duration) -> Self {
        Self {
            interval,
            late,
            journeys: VecDeque::new(),
            first,
            next: first,
            last_launch: None,
            newest: 0,
            sent: 0,
            returned: 0,
            lost: 0,
            last_returned: None,
            latency: None,
            error: None,
        }
    }

    /// Gives up whoever is too old, and says what to do. `now` is monotonic, as everywhere here.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        for flight in self.journeys.iter_mut().filter(|f| !f.lost && now.saturating_sub(f.launched) >= LIFE) {
            flight.lost = true;
            self.lost += 1;
        }
        let Some(last) = self.last_launch else { return Next::Launch };
        let since = now.saturating_sub(last);
        let young = |f: &&Flight| now.saturating_sub(f.launched) < FORGOTTEN;
        let in_house = self.journeys.iter().filter(young).filter(|f| f.in_house).count();
        let abroad =
            self.journeys.iter().filter(young).filter(|f| f.abroad && f.number > self.newest).count();
        let wait = match () {
            () if in_house >= IN_HOUSE => return Next::Wait(self.interval),
            () if abroad >= ABROAD => PATIENT.max(self.interval),
            () => self.interval,
        };
        if since >= wait { Next::Launch } else { Next::Wait(wait.saturating_sub(since)) }
    }

    /// One more is sent; gives its number.
    pub(super) fn launch(&mut self, now: Duration) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        self.last_launch = Some(now);
        self.sent += 1;
        self.journeys.push_back(Flight {
            number,
            launched: now,
            taken: false,
            in_house: false,
            abroad: false,
            lost: false,
        });
        while self.journeys.len() > REMEMBERED {
            self.journeys.pop_front();
        }
        number
    }

    /// The door answered: `Err` is why it could not be handed over.
    pub(super) fn handed_over(&mut self, outcome: Result<(), String>) {
        self.error = outcome.err();
    }

    /// It is in our queue.
    pub(super) fn queued(&mut self, number: u32) {
        if let Some(flight) = self.find(number) {
            (flight.taken, flight.in_house) = (true, true);
        }
    }

    /// It has left our queue: the mail server has it, or nobody ever will.
    pub(super) fn left(&mut self, number: u32, how: Result<(), String>) {
        if let Some(flight) = self.find(number) {
            flight.in_house = false;
            flight.abroad = how.is_ok();
        }
        if let Err(why) = how {
            self.error = Some(why);
        }
    }

    /// The mail server sent it back as undeliverable.
    pub(super) fn gone(&mut self, number: u32) {
        if let Some(flight) = self.find(number) {
            flight.abroad = false;
            self.error = Some(
                "the mail server sent it back as undeliverable; does it hand mail for the canary's address to us? See \
                 docs/operate/mta.md"
                    .into(),
            );
        }
    }

    /// It came back. One that was given up proves that mail moves again, but stays counted as lost.
    pub(super) fn returned(&mut self, number: u32, now: Duration, wall: Timestamp) {
        let Some(at) = self.journeys.iter().position(|f| f.number == number) else { return };
        let Some(flight) = self.journeys.remove(at) else { return };
        if !flight.lost {
            self.returned += 1;
        }
        self.latency = Some(now.saturating_sub(flight.launched));
        self.last_returned = Some(wall);
        self.error = None;
        self.newest = self.newest.max(number);
    }

    /// True while somebody waits for it.
    pub(super) fn awaited(&self, number: u32, now: Duration) -> bool {
        self.journeys.iter().any(|f| f.number == number && !f.lost && now.saturating_sub(f.launched) < LIFE)
    }

    /// True if it was sent by us and has not come back.
    pub(super) fn known(&self, number: u32) -> bool {
        self.journeys.iter().any(|f| f.number == number)
    }

    /// True if this run sent it, whatever became of it.
    pub(super) fn was_sent(&self, number: u32) -> bool {
        (self.first..self.next).contains(&number)
    }

    /// True if our door may take it, which it does once.
    pub(super) fn expected(&self, number: u32) -> bool {
        self.journeys.iter().any(|f| f.number == number && !f.taken && !f.lost)
    }

    /// The figures.
    pub(super) fn vitals(&self, now: Duration) -> CanaryVitals {
        let age = |f: &Flight| now.saturating_sub(f.launched);
        let missing = self.journeys.iter().filter(|f| f.number > self.newest && age(f) >= self.late);
        CanaryVitals {
            enabled: true,
            interval_seconds: self.interval.as_secs(),
            sent: self.sent,
            returned: self.returned,
            lost: self.lost,
            last_returned: self.last_returned,
            latency_ms: self.latency.map(|l| u64::try_from(l.as_millis()).unwrap_or(u64::MAX)),
            missing: u32::try_from(missing.count()).unwrap_or(u32::MAX),
            oldest_seconds: self.journeys.iter().filter(|f| !f.lost).map(|f| age(f).as_secs()).max(),
            error: self.error.clone(),
        }
    }

    fn find(&mut self, number: u32) -> Option<&mut Flight> {
        self.journeys.iter_mut().find(|f| f.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);

    fn flights() -> Flights {
        Flights::new(1, INTERVAL, Duration::from_mins(1))
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Goes on for `seconds` from `from`, doing what is due, each canary taken by our door; gives what was sent.
    fn fly(flights: &mut Flights, from: u64, seconds: u64) -> Vec<u32> {
        let mut sent = vec![];
        for second in from..from + seconds {
            if flights.next(at(second)) == Next::Launch {
                let number = flights.launch(at(second));
                flights.queued(number);
                sent.push(number);
            }
        }
        sent
    }

    #[test]
    fn p25_one_every_interval_while_they_come_back() {
        let mut flights = flights();
        for second in 0..600 {
            if flights.next(at(second)) == Next::Launch {
                let number = flights.launch(at(second));
                flights.queued(number);
                flights.left(number, Ok(()));
                flights.returned(number, at(second) + Duration::from_millis(40), Timestamp::from_micros(7));
            }
        }
        let vitals = flights.vitals(at(600));
        assert_eq!((vitals.sent, vitals.returned, vitals.lost, vitals.missing), (20, 20, 0, 0));
        assert_eq!((vitals.latency_ms, vitals.oldest_seconds), (Some(40), None));
    }

    #[test]
    fn p25_one_that_stays_away_is_missing_after_a_minute_and_lost_after_ten() {
        let mut flights = flights();
        fly(&mut flights, 0, 91);
        assert_eq!(flights.vitals(at(59)).missing, 0);
        assert_eq!(flights.vitals(at(60)).missing, 1, "known a minute after the stall began");
        assert_eq!(flights.vitals(at(90)).missing, 2, "twice half a minute later");
        flights.next(at(600));
        let vitals = flights.vitals(at(600));
        assert_eq!((vitals.lost, vitals.missing, vitals.oldest_seconds), (1, 3, Some(570)));
        assert!(!flights.awaited(1, at(600)));
    }

    #[test]
    fn an_outage_of_our_own_queue_does_not_fill_it() {
        let mut flights = flights();
        assert_eq!(fly(&mut flights, 0, 3_000), [1, 2, 3]);
        assert_eq!(flights.vitals(at(3_000)).missing, 3, "still missing, though given up");
        // The queue moves again: nobody waits for the old ones, the next one is sent at once.
        for number in 1..=3 {
            assert!(!flights.awaited(number, at(3_000)));
            flights.left(number, Err("too late".into()));
        }
        assert_eq!(flights.next(at(3_000)), Next::Launch);
        let number = flights.launch(at(3_000));
        flights.queued(number);
        flights.returned(number, at(3_001), Timestamp::default());
        let vitals = flights.vitals(at(3_001));
        assert_eq!((vitals.missing, vitals.lost, vitals.returned, vitals.error), (0, 3, 1, None));
    }

    #[test]
    fn a_mail_server_that_returns_none_is_asked_more_seldom_but_for_ever() {
        let mut flights = flights();
        let mut sent = vec![];
        for second in 0..7_200 {
            if flights.next(at(second)) == Next::Launch {
                let number = flights.launch(at(second));
                flights.queued(number);
                flights.left(number, Ok(()));
                sent.push(second);
            }
        }
        assert_eq!(sent.get(..5), Some([0, 30, 60, 90, 210].as_slice()));
        let recent = sent.iter().filter(|s| **s >= 6_600).count();
        assert!((4..=6).contains(&recent), "{recent} in the last ten minutes");
    }

    #[test]
    fn a_late_one_proves_nothing_about_those_sent_after_it() {
        let mut flights = flights();
        fly(&mut flights, 0, 91);
        flights.returned(1, at(100), Timestamp::default());
        assert_eq!(flights.vitals(at(100)).missing, 1);
        flights.returned(3, at(100), Timestamp::default());
        assert_eq!(flights.vitals(at(200)).missing, 0, "the second may come or not: mail moves");
        assert!(flights.known(2), "and is no forgery when it comes");
        assert!(!flights.known(1), "but twice is");
    }

    #[test]
    fn the_relay_may_be_faster_than_our_own_book() {
        let mut flights = flights();
        let number = flights.launch(at(0));
        flights.queued(number);
        flights.returned(number, at(1), Timestamp::default());
        flights.left(number, Ok(()));
        assert_eq!(flights.vitals(at(1)).returned, 1);
        assert_eq!(flights.next(at(30)), Next::Launch);
    }

    #[test]
    fn what_cannot_be_sent_is_missing_too_and_says_why() {
        let mut flights = flights();
        flights.launch(at(0));
        flights.handed_over(Err("nobody answers on 127.0.0.1:8024".into()));
        let vitals = flights.vitals(at(61));
        assert_eq!(vitals.missing, 1);
        assert!(vitals.error.is_some_and(|e| e.contains("8024")));
    }

    #[test]
    fn one_is_taken_by_our_door_once() {
        let mut flights = flights();
        let number = flights.launch(at(0));
        assert!(flights.expected(number));
        flights.queued(number);
        assert!(!flights.expected(number));
        flights.left(number, Ok(()));
        assert!(!flights.expected(number));
    }
}
