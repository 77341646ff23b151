//! The outage this program was written for, played again with its clock turned: lists.wikimedia.org, 7 to 9 March 2023.
//!
//! The database goes silent for twenty minutes under posts; a sender dies on the way; the database comes back. What
//! happened then with Mailman stands beside what happens now.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use posthaste_testkit::Wire;
use posthaste_testkit::message::message;
use posthaste_testkit::source::Job;
use posthaste_watch::{Planted, Vitals};
use serde::Serialize;

use super::stand::{AUTHOR, Engine, LIST, Stand};
use crate::drill::Fault;

/// 14:19:00, where the play begins: seconds of the day.
const BEGIN: u64 = 14 * 3600 + 19 * 60;
/// 14:20:00: the database goes silent.
const SILENT: Duration = Duration::from_mins(1);
/// 14:35:31: the sender dies.
const DEATH: Duration = Duration::from_secs(60 + 931);
/// 14:40:00: the database is back.
const BACK: Duration = Duration::from_mins(21);
/// One post in so much time: 4,000 in 49 hours.
const POST: Duration = Duration::from_secs(44);
/// Nothing in it takes so long.
const STUCK: Duration = Duration::from_mins(1);
/// How far time is turned at once when all is over.
const AFTERWARDS: Duration = Duration::from_secs(10);
/// How far time is turned at once.
const STEP: Duration = Duration::from_secs(3);

/// What was known then, by the published report.
const FACTS: [(Duration, &str); 6] = [
    (SILENT, "network maintenance: the database cannot be reached"),
    (DEATH, "the out runner crashes; the outage begins"),
    (BACK, "the database is back; the runner is not: it has used up its restarts"),
    (Duration::from_mins(24), "PROCS CRITICAL in a channel among 237 hosts; nobody acts"),
    (Duration::from_mins(3_004), "9 March, 16:03: restarted by hand after 49 hours, 4,000 posts waiting"),
    (Duration::from_mins(3_301), "9 March, about 21:00: drained"),
];

/// One line of the timeline.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Line {
    /// On the clock of that day.
    pub(super) time: String,
    /// What happened then.
    pub(super) then: String,
    /// What happens now.
    pub(super) now: String,
}

/// What the play shows.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Play {
    /// On which database.
    pub(super) database: &'static str,
    /// Both timelines, merged.
    pub(super) lines: Vec<Line>,
    /// Posts that were accepted.
    pub(super) posts: usize,
    /// Copies that never came.
    pub(super) lost: u64,
    /// Copies that came twice.
    pub(super) duplicated: u64,
    /// From the return of the database to the first new delivery, seconds.
    pub(super) resume_seconds: f64,
    /// What was promised and did not hold.
    pub(super) broken: Vec<String>,
}

/// Watches while time is turned, and writes down what changes.
struct Chronicle {
    stand: Stand,
    from: Duration,
    ours: Vec<(Duration, String)>,
    last: Vitals,
    mails: usize,
    posted: Vec<String>,
    next_post: Duration,
}

/// Plays it.
pub(super) async fn play(engine: Engine) -> Result<Play> {
    let stand = Stand::start(engine).await.context("cannot set up a scratch instance")?;
    let mut last = stand.vitals().await?.context("the scratch server does not answer")?;
    while last.dependencies.iter().any(|d| !d.up) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        last = stand.vitals().await?.context("the scratch server does not answer")?;
    }
    let from = stand.now();
    let mut book =
        Chronicle { stand, from, ours: vec![], last, mails: 0, posted: vec![], next_post: Duration::ZERO };
    book.stand.plant(Fault::Hurry { millis: 300 }).await?;
    book.until(SILENT).await?;
    book.wire(Wire::BlackHole);
    book.note("the database goes silent");
    book.until(DEATH).await?;
    book.plant(Planted::PanicAtWork).await?;
    book.note("the sender dies as soon as it has work (planted)");
    book.until(BACK).await?;
    let waiting = book.last.waiting.posts;
    book.note(&format!("the database is back; {waiting} posts wait"));
    let count = book.stand.sink.read(posthaste_testkit::sink::Tally::distinct);
    let back = tokio::time::Instant::now();
    book.wire(Wire::Whole);
    // The sender dies of the first post it gets, and is started again like every task.
    book.look_until(async |book| Ok(restarts(&book.last) > 0)).await?;
    book.plant(Planted::None).await?;
    book.look_until(async |book| Ok(book.stand.sink.read(|tally| tally.distinct() > count))).await?;
    let resume = back.elapsed();
    book.note(&format!(
        "mail is delivered again, {:.1} s after the database came back",
        resume.as_secs_f64()
    ));
    book.look_until(async |book| Ok(book.missing() == 0)).await?;
    book.note(&format!(
        "nobody waits any more: {} posts accepted, {} copies lost",
        book.posted.len(),
        book.missing()
    ));
    book.until(BACK + Duration::from_mins(40)).await?;
    Ok(book.end(engine, resume))
}

impl Chronicle {
    fn now(&self) -> Duration {
        self.stand.now().saturating_sub(self.from)
    }

    fn note(&mut self, what: &str) {
        let now = self.now();
        self.ours.push((now, what.to_owned()));
    }

    fn wire(&self, how: Wire) {
        if let Some(proxy) = &self.stand.proxy {
            proxy.set(how);
        }
    }

    async fn plant(&self, how: Planted) -> Result<()> {
        self.stand.plant(Fault::Task { name: "out".into(), how }).await
    }

    /// Turns time until `end`, posting on the way.
    async fn until(&mut self, end: Duration) -> Result<()> {
        while self.now() < end {
            if self.now() >= self.next_post && self.now() < BACK + POST {
                self.post().await?;
            }
            let left = Duration::from_secs(end.saturating_sub(self.now()).as_secs().max(1));
            let step = if self.now() > BACK { AFTERWARDS } else { STEP };
            self.stand.turn(step.min(left)).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.look().await?;
        }
        Ok(())
    }

    /// Lets time go its own pace until `enough`.
    async fn look_until(&mut self, enough: impl AsyncFn(&Self) -> Result<bool>) -> Result<()> {
        let began = tokio::time::Instant::now();
        while !enough(self).await? {
            anyhow::ensure!(began.elapsed() < STUCK, "the play is stuck:\n{}", self.stand.server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.look().await?;
        }
        Ok(())
    }

    async fn post(&mut self) -> Result<()> {
        self.next_post = self.now() + POST;
        let id = format!("<{}@seed.example>", self.posted.len());
        let job = Job::new(&id, AUTHOR, vec![LIST.into()], &message(&id, AUTHOR, LIST, "the seed", 600));
        let outcome = self.stand.server.source().send(job).await?;
        anyhow::ensure!(outcome.accepted == 1, "a post was refused: {:?}", outcome.refusals);
        self.posted.push(id);
        Ok(())
    }

    /// Writes down what is new.
    async fn look(&mut self) -> Result<()> {
        let Some(now) = self.stand.vitals().await? else { return Ok(()) };
        for line in changes(&self.last, &now) {
            self.note(&line);
        }
        self.last = now;
        let mails = self.stand.alert_mails();
        for line in told(mails.get(self.mails..).unwrap_or_default()) {
            self.note(&line);
        }
        self.mails = mails.len();
        Ok(())
    }

    fn missing(&self) -> u64 {
        self.stand.missing(&self.posted)
    }

    fn end(self, engine: Engine, resume: Duration) -> Play {
        let (lost, duplicated) = (self.missing(), self.stand.twice(&self.posted));
        let mut broken = vec![];
        if lost > 0 {
            broken.push(format!("{lost} copies lost"));
        }
        if duplicated > 50 {
            broken.push(format!("{duplicated} copies came twice"));
        }
        if resume > Duration::from_secs(5) {
            broken.push(format!("delivery came back after {:.1} s only", resume.as_secs_f64()));
        }
        Play {
            database: engine.name(),
            posts: self.posted.len(),
            lines: merge(&self.ours),
            lost,
            duplicated,
            resume_seconds: (resume.as_secs_f64() * 10.0).round() / 10.0,
            broken,
        }
    }
}

fn restarts(vitals: &Vitals) -> u64 {
    vitals.tasks.iter().filter(|t| t.name == "out").map(|t| t.restarts).sum()
}

/// One line for each message, whoever got it, without the hour of the scratch instance's own clock.
fn told(mails: &[(String, String)]) -> Vec<String> {
    let mut lines: Vec<(String, Vec<&str>)> = vec![];
    for (to, subject) in mails {
        let (before, rest) = subject.split_once(" since ").unwrap_or((subject, ""));
        let text = format!("{before}{}", rest.split_once(" UTC").map_or("", |(_, after)| after));
        let name = to.split('@').next().unwrap_or_default();
        match lines.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(name),
            None => lines.push((text, vec![name])),
        }
    }
    lines.into_iter().map(|(text, names)| format!("mail to {}: {text}", names.join(", "))).collect()
}

/// What an operator would see change from one look to the next.
fn changes(before: &Vitals, now: &Vitals) -> Vec<String> {
    let mut lines = vec![];
    for dependency in &now.dependencies {
        if before.dependency(&dependency.name).is_none_or(|was| was.up == dependency.up) {
            continue;
        }
        let name = &dependency.name;
        lines.push(if dependency.up {
            format!("{name}: answers again")
        } else {
            format!("{name}: known to be away; mail is accepted and waits")
        });
    }
    if restarts(now) > restarts(before) {
        lines.push(format!("out: died, started again (restart {})", restarts(now)));
    }
    if now.canary.missing != before.canary.missing && now.canary.missing <= 2 {
        lines.push(match now.canary.missing {
            0 => "canary: comes back again".to_owned(),
            missing => format!("canary: {missing} missing"),
        });
    }
    lines
}

/// Both stories in the order of time.
fn merge(ours: &[(Duration, String)]) -> Vec<Line> {
    let times: BTreeSet<_> =
        ours.iter().map(|(at, _)| seconds(*at)).chain(FACTS.map(|(at, _)| seconds(at))).collect();
    let mut lines = vec![];
    for time in times {
        let then: Vec<_> =
            FACTS.iter().filter(|(at, _)| seconds(*at) == time).map(|(_, what)| *what).collect();
        let now: Vec<_> =
            ours.iter().filter(|(at, _)| seconds(*at) == time).map(|(_, what)| what.as_str()).collect();
        lines.push(Line { time: clock(time), then: then.join("; "), now: now.join("; ") });
    }
    lines
}

const fn seconds(at: Duration) -> u64 {
    at.as_secs()
}

/// On the clock of that day; what comes days later says so itself.
fn clock(seconds: u64) -> String {
    let day = BEGIN + seconds;
    if day >= 86_400 {
        return "later".into();
    }
    format!("{:02}:{:02}:{:02}", day / 3600, day / 60 % 60, day % 60)
}

impl Play {
    pub(super) const HEAD: [&'static str; 3] = ["7 March 2023", "then, with Mailman", "now, played again"];

    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        self.lines.iter().map(|l| vec![l.time.clone(), l.then.clone(), l.now.clone()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_stories_stand_in_the_order_of_time() {
        let lines = merge(&[(SILENT, "a".into()), (Duration::from_secs(65), "b".into())]);
        assert_eq!(lines.first().map(|l| (l.time.as_str(), l.now.as_str())), Some(("14:20:00", "a")));
        assert_eq!(lines.get(1).map(|l| (l.time.as_str(), l.then.as_str())), Some(("14:20:05", "")));
        assert_eq!(lines.get(2).map(|l| l.time.as_str()), Some("14:35:31"));
        assert_eq!(lines.last().map(|l| l.time.as_str()), Some("later"));
    }
}
