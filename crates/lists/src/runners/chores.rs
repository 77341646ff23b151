//! What happens by itself in time: reminders, expiry, what is due today.
//!
//! A chore finds out from the database what is due. So it may run at any time, late after an outage, or twice, and does
//! the same.

use std::pin::Pin;
use std::time::Duration;

use posthaste_model::Beat;
use tokio_util::sync::CancellationToken;

use super::station::{Tools, Trouble};
use super::steady::surely;
use crate::moderation;

/// Something done every so often.
struct Chore {
    name: &'static str,
    every: Duration,
    run: for<'t> fn(&'t Tools) -> Work<'t>,
}

type Work<'t> = Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send + 't>>;

/// All there are.
const CHORES: &[Chore] = &[
    Chore {
        name: "tokens nobody came back for",
        every: Duration::from_hours(1),
        run: |tools| Box::pin(expire_tokens(tools)),
    },
    Chore {
        name: "posts that wait too long",
        every: Duration::from_hours(1),
        run: |tools| Box::pin(moderation::expire(tools)),
    },
    Chore {
        name: "reminders of what waits",
        every: Duration::from_mins(30),
        run: |tools| Box::pin(moderation::remind(tools)),
    },
    Chore {
        name: "posts that several lists got",
        every: Duration::from_hours(6),
        run: |tools| Box::pin(forget_crossposts(tools)),
    },
    Chore {
        name: "digests that are due",
        every: Duration::from_mins(1),
        run: |tools| Box::pin(digests(tools)),
    },
    Chore {
        name: "digests long gone",
        every: Duration::from_hours(24),
        run: |tools| Box::pin(forget_digests(tools)),
    },
    Chore {
        name: "articles of newsgroups",
        every: Duration::from_secs(10),
        run: |tools| Box::pin(articles(tools)),
    },
    Chore {
        name: "what people did long ago",
        every: Duration::from_hours(6),
        run: |tools| Box::pin(forget_deeds(tools)),
    },
    Chore {
        name: "failures to judge",
        every: Duration::from_mins(2),
        run: |tools| Box::pin(super::bounce::settle::settle(tools)),
    },
    Chore {
        name: "warnings after failures",
        every: Duration::from_mins(15),
        run: |tools| Box::pin(super::bounce::due::warn_and_remove(tools)),
    },
    Chore {
        name: "failures to forget",
        every: Duration::from_hours(6),
        run: |tools| Box::pin(super::bounce::due::forget(tools)),
    },
];

/// The runner of chores.
pub struct Chores {
    tools: Tools,
}

impl Chores {
    /// A runner with these.
    pub fn new(tools: Tools) -> Self {
        Self { tools }
    }

    /// Does what is due until `stop`; everything once at the start. While the database is away nothing is due.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        let clock = &self.tools.clock;
        let mut due = vec![Duration::ZERO; CHORES.len()];
        loop {
            beat.waiting("the next chore");
            let pause = due.iter().min().copied().unwrap_or_default().saturating_sub(clock.monotonic());
            tokio::select! { () = stop.cancelled() => return, () = clock.sleep(pause) => {} }
            tokio::select! { () = stop.cancelled() => return, () = self.tools.gate.opened() => {} }
            for (chore, due) in CHORES.iter().zip(&mut due) {
                let now = clock.monotonic();
                if *due > now {
                    continue;
                }
                beat.begin(chore.name).await;
                *due = now + chore.every;
                if let Err(error) = (chore.run)(&self.tools).await {
                    if let Trouble::Store(error) = &error
                        && error.is_outage()
                    {
                        self.tools.gate.close(&error.to_string());
                    }
                    tracing::warn!(chore = chore.name, %error, "a chore was not done; tried again in a minute");
                    *due = now + chore.every.min(Duration::from_mins(1));
                }
            }
        }
    }
}

async fn forget_crossposts(tools: &Tools) -> Result<(), Trouble> {
    let gone = tools.store.forget_crossposts(tools.clock.now().minus(Duration::from_hours(24))).await?;
    tracing::debug!(gone, "posts to several lists forgotten");
    Ok(())
}

async fn digests(tools: &Tools) -> Result<(), Trouble> {
    super::digests::send_due(tools, None, false).await?;
    Ok(())
}

/// A digest is remembered for a month, so that a post that is collected once more is known.
async fn forget_digests(tools: &Tools) -> Result<(), Trouble> {
    tools.store.forget_digests(tools.clock.now().minus(Duration::from_hours(30 * 24))).await?;
    Ok(())
}

async fn articles(tools: &Tools) -> Result<(), Trouble> {
    let Some(server) = &tools.outlets.news else { return Ok(()) };
    let now = tools.clock.monotonic();
    if tools.outlets.is_time_for_news(now) {
        crate::news::fetch(tools, server).await?;
    }
    Ok(())
}

/// What has expired is worth nothing from that moment on; here it is only swept away.
async fn expire_tokens(tools: &Tools) -> Result<(), Trouble> {
    let Some(past) = surely(tools, "tokens swept").await? else { return Ok(()) };
    let gone = tools.store.expire_pendings(past).await? + crate::subscription::expire(tools, past).await?;
    tracing::debug!(gone, "tokens expired");
    Ok(())
}

/// The audit log is kept as long as the site says, for ever if it says nothing.
async fn forget_deeds(tools: &Tools) -> Result<(), Trouble> {
    let Some(keep) = tools.site.get().audit_keep else { return Ok(()) };
    let Some(past) = surely(tools, "audit swept").await? else { return Ok(()) };
    let gone = tools.store.forget_audit(past.minus(keep)).await?;
    if gone > 0 {
        tracing::info!(gone, "what people did so long ago is forgotten");
    }
    Ok(())
}
