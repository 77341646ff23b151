//! The long-lived tasks of a server.

use std::sync::{Arc, PoisonError};

use posthaste_smtp::server;
use posthaste_spool::Spool;
use posthaste_watch::Supervisor;

use super::{Server, control, database};
use crate::mta::lookup;

/// Posts judged at once.
const INCOMING: usize = 8;
/// Mails of commands worked on at once.
const COMMANDS: usize = 2;
/// Entries read ahead for delivery at once.
const FEEDERS: usize = 4;

impl Server {
    /// Starts every task.
    pub(crate) fn start(self: &Arc<Self>) -> Supervisor {
        let supervisor = &self.supervisor;
        let doors = std::mem::take(&mut *self.doors.lock().unwrap_or_else(PoisonError::into_inner));
        for (door, options) in doors {
            let door = Arc::new(door);
            let (intake, stop) = (self.intake.clone(), self.stop.soft.clone());
            supervisor.keep("listener", 1, move |_| {
                server::serve(door.clone(), options.clone(), intake.clone(), stop.clone())
            });
        }
        if let Some(socket) = self.control.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let (server, socket) = (self.clone(), Arc::new(socket));
            supervisor.keep("control", 1, move |_| control::serve(server.clone(), socket.clone()));
        }
        if let Some(listener) = &self.lookup {
            let (server, listener) = (self.clone(), listener.clone());
            supervisor.keep("lookup", 1, move |_| lookup::serve(server.clone(), listener.clone()));
        }
        let server = self.clone();
        supervisor.keep("database", 1, move |beat| database::watch(server.clone(), beat));
        let (spool, stop) = (self.spool.clone(), self.stop.soft.clone());
        supervisor.keep("spool guard", 1, move |_| {
            let (spool, stop) = (spool.clone(), stop.clone());
            async move {
                tokio::select! { () = stop.cancelled() => {}, () = spool.guard() => {} }
            }
        });
        self.second_chances();
        if self.drill.is_some() {
            self.incoming.swallow_poison();
            self.outgoing.swallow_poison();
        }
        let (incoming, stop) = (self.incoming.clone(), self.stop.soft.clone());
        supervisor.keep("incoming", INCOMING, move |beat| {
            let (incoming, stop) = (incoming.clone(), stop.clone());
            async move { incoming.run(&stop, &beat).await }
        });
        let (commands, stop) = (self.commands.clone(), self.stop.soft.clone());
        supervisor.keep("commands", COMMANDS, move |beat| {
            let (commands, stop) = (commands.clone(), stop.clone());
            async move { commands.run(&stop, &beat).await }
        });
        let (bounces, stop) = (self.bounces.clone(), self.stop.soft.clone());
        supervisor.keep("bounces", 2, move |beat| {
            let (bounces, stop) = (bounces.clone(), stop.clone());
            async move { bounces.run(&stop, &beat).await }
        });
        let (chores, stop) = (self.chores.clone(), self.stop.soft.clone());
        supervisor.keep("chores", 1, move |beat| {
            let (chores, stop) = (chores.clone(), stop.clone());
            async move { chores.run(&stop, &beat).await }
        });
        let (moderation, stop) = (self.moderation.clone(), self.stop.soft.clone());
        supervisor.keep("moderation", 1, move |beat| {
            let (moderation, stop) = (moderation.clone(), stop.clone());
            async move { moderation.run(&stop, &beat).await }
        });
        self.keep_outlets(supervisor);
        let (outgoing, stop) = (self.outgoing.clone(), self.stop.soft.clone());
        supervisor.keep("out feeder", FEEDERS, move |beat| {
            let (outgoing, stop) = (outgoing.clone(), stop.clone());
            async move { outgoing.feed(&stop, &beat).await }
        });
        let kept = supervisor.clone();
        self.watch.tasks_from(move || kept.tasks());
        let server = self.clone();
        supervisor.keep("list owners", 1, move |_| super::owners::keep_told(server.clone()));
        let told = self.alerts.clone();
        self.watch.ways_from(move || told.ways());
        let (watch, stop) = (self.watch.clone(), self.stop.soft.clone());
        supervisor.keep("watch", 1, move |_| {
            let (watch, stop) = (watch.clone(), stop.clone());
            async move { watch.run(&stop).await }
        });
        let (watch, stop) = (self.watch.clone(), self.stop.soft.clone());
        supervisor.keep("ledger", 1, move |_| {
            let (watch, stop) = (watch.clone(), stop.clone());
            async move { watch.keep_ledger(&stop).await }
        });
        self.pages.start(supervisor, &self.stop.soft);
        self.rest.start(self, supervisor, &self.stop.soft);
        let (pool, stop) = (self.pool.clone(), self.stop.soft.clone());
        supervisor.keep("relay pool", 1, move |_| {
            let (pool, stop) = (pool.clone(), stop.clone());
            async move { pool.tend(&stop).await }
        });
        let (outgoing, stop) = (self.outgoing.clone(), self.stop.soft.clone());
        supervisor.keep("out", self.workers, move |beat| {
            let (outgoing, stop) = (outgoing.clone(), stop.clone());
            async move { outgoing.work(&stop, &beat).await }
        });
        let (alerts, watch, stop) = (self.alerts.clone(), self.watch.clone(), self.stop.soft.clone());
        supervisor.keep("alerts", 1, move |_| alerts.clone().run(watch.subscribe(), stop.clone()));
        if let Some(canary) = &self.canary {
            let (canary, stop) = (canary.clone(), self.stop.soft.clone());
            supervisor.keep("canary", 1, move |beat| {
                let (canary, stop) = (canary.clone(), stop.clone());
                async move { canary.run(&stop, &beat).await }
            });
        }
        supervisor.clone()
    }

    /// What posts go to besides members.
    fn keep_outlets(&self, supervisor: &Supervisor) {
        let (archiving, stop) = (self.archiving.clone(), self.stop.soft.clone());
        supervisor.keep("archive", 1, move |beat| {
            let (archiving, stop) = (archiving.clone(), stop.clone());
            async move { archiving.run(&stop, &beat).await }
        });
        let (digests, stop) = (self.digests.clone(), self.stop.soft.clone());
        supervisor.keep("digest", 2, move |beat| {
            let (digests, stop) = (digests.clone(), stop.clone());
            async move { digests.run(&stop, &beat).await }
        });
        let (news, stop) = (self.news.clone(), self.stop.soft.clone());
        supervisor.keep("news", 1, move |beat| {
            let (news, stop) = (news.clone(), stop.clone());
            async move { news.run(&stop, &beat).await }
        });
    }

    /// Tries again what was set aside when nothing went well.
    fn second_chances(&self) {
        let (spool, folder) = (self.spool.clone(), super::Layout::of(&self.state_folder()).spool);
        tokio::spawn(async move {
            spool.scan_complete().await;
            let look = move || Spool::peek(&folder).and_then(|peek| peek.quarantined());
            match tokio::task::spawn_blocking(look).await {
                Ok(Ok(set_aside)) => posthaste_lists::second_chances(&spool, set_aside).await,
                Ok(Err(error)) => tracing::warn!(%error, "cannot look into the quarantine"),
                Err(_) => {}
            }
        });
    }
}
