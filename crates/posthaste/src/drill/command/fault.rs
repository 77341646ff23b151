//! The faults: how each strikes, how it is seen, how it ends, and what is promised under it.

use std::time::Duration;

use anyhow::Result;
use posthaste_testkit::Wire;
use posthaste_testkit::sink::{Latency, Point, What, When};
use posthaste_watch::{Planted, Vitals};

use super::judge::Promise;
use super::stand::{Database, Stand};
use crate::drill::{DiskFault, Fault};

macro_rules! kinds {
    ($($kind:ident = $name:literal,)+) => {
        /// One kind of fault.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Kind { $($kind,)+ }

        impl Kind {
            pub(super) const ALL: [Self; [$($name),+].len()] = [$(Self::$kind),+];

            /// As `--fault` takes it.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }
        }
    };
}

kinds! {
    DatabaseKill = "database-kill",
    DatabaseStop = "database-stop",
    DatabaseBlackHole = "database-black-hole",
    DatabaseReadOnly = "database-read-only",
    DatabaseFlap = "database-flap",
    MtaDown = "mta-down",
    MtaSlow = "mta-slow",
    MtaLater = "mta-4xx",
    MtaDrop = "mta-drop",
    DiskFull = "disk-full",
    DiskInodes = "disk-inodes",
    DiskReadOnly = "disk-read-only",
    DiskFsync = "disk-fsync",
    RunnerPanic = "runner-panic",
    RunnerWedge = "runner-wedge",
    ClockHour = "clock-hour",
    ClockDay = "clock-day",
    ProcessKill = "process-kill",
}

impl Kind {
    /// True if it needs a database server.
    pub(super) const fn is_of_the_database(self) -> bool {
        matches!(
            self,
            Self::DatabaseKill
                | Self::DatabaseStop
                | Self::DatabaseBlackHole
                | Self::DatabaseReadOnly
                | Self::DatabaseFlap
        )
    }

    /// True if what follows takes minutes by the server's clock, so that it is turned.
    pub(super) const fn takes_minutes(self) -> bool {
        matches!(self, Self::MtaDown | Self::MtaLater | Self::MtaDrop | Self::RunnerPanic | Self::RunnerWedge)
    }

    /// What is promised.
    pub(super) fn promise(self) -> Promise {
        let promise = |name, detect: Option<u64>, resume, duplicates| Promise {
            name,
            detect: detect.map(Duration::from_secs),
            resume: Duration::from_secs(resume),
            duplicates,
        };
        match self {
            Self::DatabaseKill | Self::DatabaseReadOnly => promise("P10", Some(5), 5, 0),
            Self::DatabaseStop | Self::DatabaseBlackHole => promise("P10", Some(15), 5, 0),
            Self::DatabaseFlap => promise("P10", None, 5, 0),
            Self::MtaDown => promise("P15", Some(5), 35, 0),
            Self::MtaSlow => promise("P15", None, 5, 0),
            Self::MtaLater => promise("P15", Some(5), 5, 0),
            Self::MtaDrop => promise("P5", None, 35, 50),
            Self::DiskFull | Self::DiskInodes | Self::DiskReadOnly => promise("P16", Some(5), 10, 0),
            Self::DiskFsync => promise("P4", Some(5), 10, 0),
            Self::RunnerPanic => promise("P11", Some(5), 40, 0),
            Self::RunnerWedge => promise("P13", Some(35), 40, 0),
            Self::ClockHour | Self::ClockDay => promise("P19", None, 5, 0),
            Self::ProcessKill => promise("P1, P5", None, 10, 100),
        }
    }

    /// What the vitals show of it, if they do. `before`: as they were before the stroke.
    pub(super) fn seen(self, now: &Vitals, before: &Vitals) -> bool {
        let down = |name| now.dependency(name).is_some_and(|d| !d.up);
        let grown = |count: fn(&posthaste_watch::TaskVitals) -> u64| {
            let sum = |vitals: &Vitals| vitals.tasks.iter().map(count).sum::<u64>();
            sum(now) > sum(before)
        };
        match self {
            Self::DatabaseKill | Self::DatabaseStop | Self::DatabaseBlackHole | Self::DatabaseReadOnly => {
                down("database")
            }
            Self::MtaDown => down("relay"),
            Self::MtaLater => now.counters.deferred > before.counters.deferred,
            Self::DiskFull | Self::DiskInodes | Self::DiskReadOnly | Self::DiskFsync => {
                now.disk.trouble.is_some()
            }
            Self::RunnerPanic => grown(|t| t.restarts),
            Self::RunnerWedge => grown(|t| t.replaced),
            Self::DatabaseFlap
            | Self::MtaSlow
            | Self::MtaDrop
            | Self::ClockHour
            | Self::ClockDay
            | Self::ProcessKill => false,
        }
    }

    /// It happens.
    pub(super) async fn strike(self, stand: &mut Stand) -> Result<()> {
        match self {
            Self::DatabaseKill => match &mut stand.database {
                Database::Postgres(server) => server.kill(),
                Database::Mariadb(server) => server.kill(),
                Database::None => {}
            },
            Self::DatabaseStop => match &stand.database {
                Database::Postgres(server) => server.freeze(),
                Database::Mariadb(server) => server.freeze(),
                Database::None => {}
            },
            Self::DatabaseBlackHole => wire(stand, Wire::BlackHole),
            Self::DatabaseReadOnly => read_only(stand, true)?,
            Self::DatabaseFlap => {
                for _ in 0..6 {
                    wire(stand, Wire::Cut);
                    tokio::time::sleep(Duration::from_millis(150)).await;
                    wire(stand, Wire::Whole);
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            }
            Self::MtaDown => stand.sink.stop(),
            Self::MtaSlow => stand.sink.set_latency(Latency::EachReply(Duration::from_millis(300))),
            Self::MtaLater => {
                stand.sink.trouble(Point::Rcpt, When::Always, What::Reply("451 4.3.0 not now".into()));
            }
            Self::MtaDrop => stand.sink.trouble(Point::Counted, When::First(2), What::Drop),
            Self::DiskFull => disk(stand, DiskFault::Full).await?,
            Self::DiskInodes => disk(stand, DiskFault::NoInodes).await?,
            Self::DiskReadOnly => disk(stand, DiskFault::ReadOnly).await?,
            Self::DiskFsync => disk(stand, DiskFault::Fsync).await?,
            Self::RunnerPanic => {
                // Whoever works now dies of it, and then nobody can start.
                let restarts = |vitals: &Vitals| vitals.tasks.iter().map(|t| t.restarts).sum::<u64>();
                let before = stand.vitals().await?.as_ref().map_or(0, restarts);
                task(stand, Planted::PanicAtWork).await?;
                for _ in 0..200 {
                    if stand.vitals().await?.as_ref().is_some_and(|now| restarts(now) > before) {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                task(stand, Planted::PanicOnStart).await?;
            }
            Self::RunnerWedge => task(stand, Planted::Wedge).await?,
            Self::ClockHour => jump(stand, 3_600).await?,
            Self::ClockDay => jump(stand, 86_400).await?,
            Self::ProcessKill => {
                stand.server.sigkill().await?;
            }
        }
        Ok(())
    }

    /// Its cause goes away.
    pub(super) async fn heal(self, stand: &mut Stand) -> Result<()> {
        match self {
            Self::DatabaseKill => match &mut stand.database {
                Database::Postgres(server) => server.start()?,
                Database::Mariadb(server) => server.start()?,
                Database::None => {}
            },
            Self::DatabaseStop => match &stand.database {
                Database::Postgres(server) => server.thaw(),
                Database::Mariadb(server) => server.thaw(),
                Database::None => {}
            },
            Self::DatabaseBlackHole | Self::DatabaseFlap => wire(stand, Wire::Whole),
            Self::DatabaseReadOnly => read_only(stand, false)?,
            Self::MtaDown => stand.sink.resume().await?,
            Self::MtaSlow => stand.sink.set_latency(Latency::None),
            Self::MtaLater | Self::MtaDrop => stand.sink.calm(),
            Self::DiskFull | Self::DiskInodes | Self::DiskReadOnly | Self::DiskFsync => {
                disk(stand, DiskFault::None).await?;
            }
            Self::RunnerPanic | Self::RunnerWedge => task(stand, Planted::None).await?,
            // Twice as far the other way, so that both directions are seen, and at last where it was.
            Self::ClockHour => there_and_back(stand, 3_600).await?,
            Self::ClockDay => there_and_back(stand, 86_400).await?,
            Self::ProcessKill => stand.server.start().await?,
        }
        Ok(())
    }
}

fn wire(stand: &Stand, how: Wire) {
    if let Some(proxy) = &stand.proxy {
        proxy.set(how);
    }
}

async fn disk(stand: &Stand, how: DiskFault) -> Result<()> {
    stand.plant(Fault::Disk { how }).await
}

async fn task(stand: &Stand, how: Planted) -> Result<()> {
    stand.plant(Fault::Task { name: "out".into(), how }).await
}

async fn jump(stand: &Stand, seconds: i64) -> Result<()> {
    stand.plant(Fault::Jump { seconds }).await
}

async fn there_and_back(stand: &Stand, seconds: i64) -> Result<()> {
    jump(stand, -2 * seconds).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    jump(stand, seconds).await
}

fn read_only(stand: &Stand, on: bool) -> Result<()> {
    match &stand.database {
        Database::Postgres(server) => {
            let word = if on { "on" } else { "off" };
            server.sql("postgres", &format!("ALTER SYSTEM SET default_transaction_read_only = {word}"))?;
            server.sql("postgres", "SELECT pg_reload_conf()")?;
        }
        Database::Mariadb(server) => {
            server.sql("", &format!("SET GLOBAL read_only = {}", u8::from(on)))?;
        }
        Database::None => {}
    }
    Ok(())
}
