//! What a sink does wrong on purpose.

use std::sync::Mutex;

/// Where in a session trouble strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// A connection was accepted; the greeting has not been sent.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// MAIL.
    Mail,
    /// Any RCPT.
    Rcpt,
    /// RCPT of this address (compared without regard to case).
    RcptOf(String),
    /// DATA, before the message.
    Data,
    /// In the middle of the message: its first bytes are read.
    Body,
    /// After the final dot; the message has NOT been counted.
    Dot,
    /// After the final dot and after the message was counted: a reply lost here leaves the client in doubt.
    Counted,
}

/// Which of the times that a point is reached are meant. The first is number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Every time.
    Always,
    /// Only the n-th time.
    Nth(u64),
    /// The n-th, 2n-th, 3n-th … time.
    Every(u64),
    /// The first n times.
    First(u64),
}

/// What happens instead of the good reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// This reply, without its CRLF: `451 4.3.0 later`. A message so answered after [`Point::Dot`] is not counted.
    Reply(String),
    /// The connection is closed without a word.
    Drop,
    /// No answer, ever; the connection stays open.
    Hang,
}

/// All troubles of a sink, with how often each point was reached.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<Vec<Trouble>>);

#[derive(Debug)]
struct Trouble {
    at: Point,
    when: When,
    what: What,
    reached: u64,
}

impl Troubles {
    pub(super) fn add(&self, at: Point, when: When, what: What) {
        self.lock().push(Trouble { at, when, what, reached: 0 });
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Counts that a session reached `at` and says what is to go wrong there, if anything.
    pub(super) fn strike(&self, at: &Point) -> Option<What> {
        let mut struck = None;
        for trouble in self.lock().iter_mut().filter(|trouble| trouble.at.covers(at)) {
            trouble.reached += 1;
            if struck.is_none() && trouble.when.means(trouble.reached) {
                struck = Some(trouble.what.clone());
            }
        }
        struck
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Trouble>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Point {
    fn covers(&self, reached: &Self) -> bool {
        match (self, reached) {
            (Self::Rcpt, Self::RcptOf(_)) => true,
            (Self::RcptOf(ours), Self::RcptOf(theirs)) => ours.eq_ignore_ascii_case(theirs),
            _ => self == reached,
        }
    }
}

impl When {
    fn means(self, time: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Nth(n) => time == n,
            Self::Every(n) => n > 0 && time.is_multiple_of(n),
            Self::First(n) => time <= n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_counts_from_one() {
        let hits = |when: When| (1..=6).filter(|time| when.means(*time)).collect::<Vec<_>>();
        assert_eq!(hits(When::Always), [1, 2, 3, 4, 5, 6]);
        assert_eq!(hits(When::Nth(2)), [2]);
        assert_eq!(hits(When::Every(3)), [3, 6]);
        assert_eq!(hits(When::First(2)), [1, 2]);
    }

    #[test]
    fn rcpt_means_every_address_and_rcpt_of_only_one() {
        let troubles = Troubles::default();
        troubles.add(Point::RcptOf("Anne@example.org".into()), When::Always, What::Drop);
        assert_eq!(troubles.strike(&Point::RcptOf("bart@example.org".into())), None);
        assert_eq!(troubles.strike(&Point::RcptOf("anne@EXAMPLE.org".into())), Some(What::Drop));
        troubles.clear();
        troubles.add(Point::Rcpt, When::Nth(2), What::Hang);
        assert_eq!(troubles.strike(&Point::RcptOf("a@example.org".into())), None);
        assert_eq!(troubles.strike(&Point::RcptOf("b@example.org".into())), Some(What::Hang));
    }
}
