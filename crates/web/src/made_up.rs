//! A made-up server behind the pages: for tests, and for working on the pages (`examples/pages.rs`).

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthaste_lists::archive::Library;
use posthaste_model::{Clock, ListId, Stage, Timestamp};
use posthaste_watch::{
    CanaryVitals, Counters, Dependency, DiskVitals, LedgerRow, LedgerVitals, QuarantineVitals, StageVitals,
    TaskVitals, Vitals, Waiting,
};

use crate::house::{Act, Acting, House, Looking};
use crate::moderate::HeldPost;
use crate::seen::{Acked, Grade, Incident, Line, OpenAlert, Planned, Seen, SetAside, Trend, Window};

/// The moment of everything here: 2026-11-22, a quarter past three in the night.
pub fn now() -> Timestamp {
    Timestamp::from_micros(1_795_317_300_000_000)
}

fn ago(seconds: u64) -> Timestamp {
    now().minus(Duration::from_secs(seconds))
}

/// A server that is well.
pub fn seen() -> Seen {
    let stages: Vec<_> = Stage::ALL.into_iter().map(quiet).collect();
    let vitals = Vitals {
        at: now(),
        hostname: "lists.example.org".into(),
        version: "0.1.0".into(),
        uptime_seconds: 1_234_567,
        config_error: None,
        lists: 812,
        scanned: true,
        stages,
        waiting: Waiting::default(),
        quarantine: QuarantineVitals::default(),
        disk: DiskVitals {
            trouble: None,
            free_bytes: 42_949_672_960,
            total_bytes: 85_899_345_920,
            reserve_bytes: 4_294_967_296,
            free_inodes: 4_811_223,
            total_inodes: 5_242_880,
            ..DiskVitals::default()
        },
        dependencies: [
            ("database", "postgresql at db1.example.org:5432"),
            ("relay", "127.0.0.1:25"),
            ("dns", "192.0.2.53"),
        ]
        .map(|(name, address)| Dependency {
            name: name.into(),
            address: address.into(),
            up: true,
            since: ago(800_000),
            error: None,
            owner: (name == "database").then(|| "Data Persistence, dba@example.org".into()),
        })
        .into(),
        tasks: [("listener", 2), ("incoming", 8), ("out feeder", 4), ("out", 20), ("database", 1)]
            .map(|(name, wanted)| TaskVitals {
                name: name.into(),
                wanted,
                running: wanted,
                ..TaskVitals::default()
            })
            .into(),
        canary: CanaryVitals {
            enabled: true,
            interval_seconds: 30,
            sent: 41_152,
            returned: 41_151,
            lost: 1,
            last_returned: Some(ago(12)),
            latency_ms: Some(814),
            ..CanaryVitals::default()
        },
        ledger: LedgerVitals {
            checked: Some(ago(21)),
            total: LedgerRow {
                accepted: 48_211,
                delivered: 47_904,
                held: 211,
                rejected: 40,
                discarded: 56,
                ..LedgerRow::default()
            },
            ..LedgerVitals::default()
        },
        counters: Counters {
            accepted: 48_211,
            posts_done: 47_904,
            delivered: 4_402_118,
            ..Counters::default()
        },
        ..Vitals::default()
    };
    let depth = (0..360).map(|minute: u64| if minute % 97 < 6 { minute % 7 } else { 0 }).collect();
    Seen {
        vitals: Arc::new(vitals),
        trends: vec![Trend { stage: Stage::Out, step_seconds: 60, depth }],
        incidents: vec![past()],
        ..Seen::default()
    }
}

/// The night of the seed: the relay stands still, and a post kills its worker.
pub fn trouble() -> Seen {
    let mut seen = seen();
    let vitals = Arc::make_mut(&mut seen.vitals);
    vitals.waiting = Waiting { posts: 214, lists: 37, recipients: 31_408 };
    *stage(vitals, Stage::Out) = StageVitals {
        stage: Stage::Out,
        depth: 214,
        due: 194,
        leased: 20,
        paused: false,
        oldest_due_seconds: Some(1_530),
        rate: 0.0,
        eta_seconds: None,
    };
    let bounce = stage(vitals, Stage::Bounce);
    (bounce.depth, bounce.due, bounce.oldest_due_seconds, bounce.rate, bounce.eta_seconds) =
        (12, 12, Some(40), 0.4, Some(30));
    let relay = dependency(vitals, "relay");
    (relay.up, relay.since) = (false, ago(1_520));
    relay.error = Some("connection to 127.0.0.1:25 refused".into());
    relay.owner = Some("Mail team, mail@example.org".into());
    vitals.canary.missing = 48;
    vitals.canary.last_returned = Some(ago(1_541));
    if let Some(out) = vitals.tasks.iter_mut().find(|task| task.name == "out") {
        (out.restarts, out.recent_restarts, out.replaced, out.stuck_seconds) = (3, 3, 2, 41);
        out.last_error = Some("panicked at delivery/plan.rs: index out of bounds".into());
    }
    vitals.quarantine = QuarantineVitals { count: 1, oldest_seconds: Some(900) };
    let rising = (0..360_u64).map(|minute| minute.saturating_sub(335) * 9).collect();
    seen.trends = vec![Trend { stage: Stage::Out, step_seconds: 60, depth: rising }];
    seen.alerts = vec![
        OpenAlert {
            text: "List mail is NOT being delivered since 02:49:30 (25 min). 214 posts to 37 lists (31,408 recipients) \
                   wait; mail is still accepted, 0 lost."
                .into(),
            cause: Some("relay 127.0.0.1:25 refuses connections".into()),
            look: Some("posthaste doctor".into()),
            owner: Some("Collaboration Services".into()),
            ..alert("MailNotDelivered")
        },
        OpenAlert {
            id: "3".into(),
            name: "DependencyDown".into(),
            grade: Grade::Degraded,
            state: "acknowledged".into(),
            symptom: false,
            since: ago(1_400),
            text: "The relay 127.0.0.1:25 does not answer.".into(),
            look: Some("posthaste depends".into()),
            owner: Some("Mail team, mail@example.org".into()),
            acked: Some(Acked { by: "Olive".into(), until: now().plus(Duration::from_hours(3)), note: "called the mail team".into() }),
            ..OpenAlert::default()
        },
    ];
    seen.quarantine = vec![SetAside {
        id: "0193a2b4-7c11-7e02-9d5e-5a3f1b2c4d6e".into(),
        at: ago(900),
        list: "dev.lists.example.org".into(),
        why: "killed the runner incoming three times: index out of bounds".into(),
        size: 48_211,
    }];
    seen.windows = vec![Window {
        about: "row A loses its network".into(),
        by: "Bart".into(),
        from: ago(3_600),
        until: now().plus(Duration::from_mins(45)),
    }];
    let goes_on = Incident {
        id: "2026-11-22-1".into(),
        title: "List mail not delivered: relay away".into(),
        grade: Grade::Critical,
        public: true,
        began: ago(1_530),
        ended: None,
        lines: vec![
            Line { at: ago(1_530), what: "relay 127.0.0.1:25: connection refused".into() },
            Line { at: ago(1_410), what: "MailNotDelivered is critical: the canary was late twice".into() },
            Line { at: ago(1_409), what: "Olive was told by mail and by webhook ops".into() },
        ],
    };
    seen.incidents.insert(0, goes_on);
    seen
}

/// The same after an hour in which nobody answered: every page says so.
pub fn unanswered() -> Seen {
    Seen {
        banner: Some(ago(3_700)),
        planned: Some(Planned {
            why: "Row A loses its network".into(),
            until: now().plus(Duration::from_mins(45)),
        }),
        ..trouble()
    }
}

fn past() -> Incident {
    Incident {
        id: "2026-11-19-1".into(),
        title: "List mail delayed: database away".into(),
        grade: Grade::Degraded,
        public: true,
        began: ago(260_000),
        ended: Some(ago(258_900)),
        lines: vec![
            Line { at: ago(260_000), what: "database db1.example.org: timed out".into() },
            Line { at: ago(258_900), what: "18 min of delay, 31 posts, 0 lost".into() },
        ],
    }
}

/// An alert that says that members do not get mail.
pub fn alert(name: &str) -> OpenAlert {
    OpenAlert {
        id: "2".into(),
        name: name.into(),
        grade: Grade::Critical,
        state: "critical".into(),
        symptom: true,
        since: ago(1_530),
        text: "List mail is NOT being delivered.".into(),
        ..OpenAlert::default()
    }
}

fn quiet(stage: Stage) -> StageVitals {
    StageVitals {
        stage,
        depth: 0,
        due: 0,
        leased: 0,
        paused: false,
        oldest_due_seconds: None,
        rate: 0.0,
        eta_seconds: None,
    }
}

/// The figures of a stage, to be changed.
///
/// # Panics
/// If there are none; a made-up server has all.
pub fn stage(vitals: &mut Vitals, stage: Stage) -> &mut StageVitals {
    if !vitals.stages.iter().any(|one| one.stage == stage) {
        vitals.stages.push(quiet(stage));
    }
    #[expect(clippy::unwrap_used, reason = "it was put there if it was missing")]
    vitals.stages.iter_mut().find(|one| one.stage == stage).unwrap()
}

/// Something it needs of others, to be changed.
///
/// # Panics
/// If it needs no such thing.
pub fn dependency<'a>(vitals: &'a mut Vitals, name: &str) -> &'a mut Dependency {
    #[expect(clippy::unwrap_used, reason = "made up, and for tests")]
    vitals.dependencies.iter_mut().find(|one| one.name == name).unwrap()
}

/// A clock that stands at [`now`], so that no figure grows old.
pub struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }

    fn monotonic(&self) -> Duration {
        static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        BEGAN.get_or_init(std::time::Instant::now).elapsed()
    }

    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(for_))
    }
}

/// A server that shows what it is told to, and remembers what it was asked to do.
pub struct MadeUp {
    seen: Mutex<Seen>,
    acts: Mutex<Vec<Act>>,
    answer: Mutex<Result<String, String>>,
    library: Mutex<Option<Arc<Library>>>,
}

/// The moderator of the only list with a held post.
pub const MODERATOR: &str = "mo@example.org";

/// A post that waits.
fn held() -> HeldPost {
    HeldPost {
        list: "hello@lists.example.org".into(),
        sender: "stranger@far.example".into(),
        subject: "Cheap <b>pills</b>".into(),
        reasons: vec![
            "The message is not from a list member.".into(),
            "The message is larger than 40 KB.".into(),
        ],
        since: ago(7_200),
        size: 51_200,
        excerpt: "Hello,\n\n<script>alert(1)</script>".into(),
        claimed: None,
        decided: None,
    }
}

/// The end of the only link that acknowledges an alert of a [`MadeUp`].
pub const LINK: &str = "c2lnbmVk.dG9rZW4";

impl MadeUp {
    /// Shows `seen`.
    pub fn new(seen: Seen) -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::new(seen),
            acts: Mutex::default(),
            answer: Mutex::new(Ok("Done.".into())),
            library: Mutex::default(),
        })
    }

    /// Shows something else from now on.
    pub fn show(&self, seen: Seen) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Has this archive from now on.
    pub fn lend(&self, library: Arc<Library>) {
        *self.library.lock().unwrap_or_else(PoisonError::into_inner) = Some(library);
    }

    /// What it was asked to do, in order.
    pub fn acts(&self) -> Vec<Act> {
        self.acts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says this to everything it is asked to do from now on.
    pub fn say(&self, answer: Result<&str, &str>) {
        let answer = answer.map(str::to_owned).map_err(str::to_owned);
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

impl House for MadeUp {
    fn see(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn act(&self, act: Act) -> Acting<'_> {
        self.acts.lock().unwrap_or_else(PoisonError::into_inner).push(act);
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move { answer })
    }

    fn held<'a>(&'a self, list: &ListId, _: i64, moderator: &str) -> Looking<'a> {
        let waits = moderator == MODERATOR && list.as_str() == "hello.lists.example.org";
        Box::pin(async move { Ok(waits.then(held)) })
    }

    fn library(&self) -> Option<Arc<Library>> {
        self.library.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn linked(&self, token: &str) -> Option<OpenAlert> {
        (token == LINK).then(|| self.see().alerts.into_iter().next()).flatten()
    }
}
