//! Whether the process as a whole still does its work, judged by what moves and not by a timer (P13).
//!
//! The judge is a thread of its own: where the runtime stands still, no task of it could say so. While all is well it
//! calls `alive`, from which the init system is fed; otherwise it falls silent, asks for an orderly end where that can
//! help, and at last ends the process, so that whoever started it starts it again. What is in the spool is safe.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Supervisor;

/// How often the judge looks. It counts looks and not time: a process that was stopped for an hour is none the worse.
const LOOK: Duration = Duration::from_secs(1);
/// The runtime has turned no task for so many looks: it stands still.
const STANDS_STILL: u32 = 15;
/// Trouble that has lasted for so many looks ends the process.
const GIVE_UP: u32 = 60;

/// What the judge says at one look.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    /// Go on.
    Well,
    /// Say nothing; it may pass.
    Silent(String),
    /// Ask for an orderly end.
    End(String),
    /// End.
    Abort(String),
}

#[derive(Debug, Default)]
struct Judge {
    turns: u64,
    still: u32,
    helpless: u32,
}

impl Judge {
    /// `turns` grows while the runtime turns; `helpless`: why new starts of tasks do not help, if so.
    fn look(&mut self, turns: u64, helpless: Option<String>) -> Verdict {
        self.still = if turns == self.turns { self.still + 1 } else { 0 };
        self.turns = turns;
        self.helpless = if helpless.is_some() { self.helpless + 1 } else { 0 };
        let still = || format!("no task has run for {} s", self.still);
        match (self.still, helpless) {
            (GIVE_UP.., _) => Verdict::Abort(still()),
            (STANDS_STILL.., _) => Verdict::Silent(still()),
            (_, Some(why)) if self.helpless >= GIVE_UP => Verdict::Abort(why),
            (_, Some(why)) => Verdict::End(why),
            (_, None) => Verdict::Well,
        }
    }
}

/// Starts the judge; to be called within the runtime that it watches. `alive` is called once a second while all is well.
/// The token that is given back is cancelled when the process had better be ended in order.
pub fn watchdog(
    supervisor: Supervisor,
    alive: impl Fn() + Send + 'static,
) -> std::io::Result<CancellationToken> {
    let turns = Arc::new(AtomicU64::new(0));
    let turning = Arc::downgrade(&turns);
    tokio::spawn(async move {
        while let Some(turns) = turning.upgrade() {
            turns.fetch_add(1, Ordering::Relaxed);
            drop(turns);
            tokio::time::sleep(LOOK / 2).await;
        }
    });
    let end = CancellationToken::new();
    let asked = end.clone();
    std::thread::Builder::new().name("watchdog".into()).spawn(move || {
        let mut judge = Judge::default();
        let mut said = Verdict::Well;
        loop {
            std::thread::sleep(LOOK);
            let verdict = judge.look(turns.load(Ordering::Relaxed), supervisor.helpless());
            match &verdict {
                Verdict::Well => alive(),
                Verdict::Silent(why) if matches!(said, Verdict::Well) => {
                    tracing::error!(why, "the process hangs; it is ended unless it comes back");
                }
                Verdict::End(why) if !asked.is_cancelled() => {
                    tracing::error!(
                        why,
                        "new tasks do not help; ending, to be started again by the init system"
                    );
                    asked.cancel();
                }
                Verdict::Abort(why) => {
                    tracing::error!(
                        why,
                        "the process hangs for good; ending it at once, to be started again"
                    );
                    std::process::abort();
                }
                Verdict::Silent(_) | Verdict::End(_) => {}
            }
            said = verdict;
        }
    })?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p13_a_runtime_that_stands_still_is_silence_then_the_end() {
        let mut judge = Judge::default();
        for turns in 1..100 {
            assert_eq!(judge.look(turns, None), Verdict::Well);
        }
        let verdicts: Vec<_> = (0..60).map(|_| judge.look(99, None)).collect();
        assert!(verdicts[..14].iter().all(|v| *v == Verdict::Well));
        assert!(verdicts[14..59].iter().all(|v| matches!(v, Verdict::Silent(_))));
        assert!(matches!(&verdicts[59], Verdict::Abort(_)));
        assert_eq!(judge.look(100, None), Verdict::Well, "it came back");
    }

    #[test]
    fn p13_where_new_tasks_do_not_help_the_end_is_orderly_first() {
        let mut judge = Judge::default();
        let verdicts: Vec<_> = (1..=60).map(|turns| judge.look(turns, Some("x".into()))).collect();
        assert!(verdicts[..59].iter().all(|v| *v == Verdict::End("x".into())));
        assert_eq!(verdicts[59], Verdict::Abort("x".into()));
    }
}
