//! Everything a running server holds.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use posthaste_lists::subscription::Desk;
use posthaste_lists::{
    Archiving, Bounces, Chores, Commands, Digests, Directory, Events, Gate, History, Incoming, Intake,
    LiveSite, Moderation, News, OutLimits, Outgoing, Tools, Working,
};
use posthaste_model::Clock;
use posthaste_smtp::client::Pool;
use posthaste_smtp::server::{self, Listener};
use posthaste_spool::{SeenLog, Spool};
use posthaste_store::Store;
use posthaste_watch::alerts::Alerts;
use posthaste_watch::{Canary, Rooms, Supervisor, Watch};
use tokio::net::UnixListener;

use super::{Layout, Sockets, Stop, alerting, canary, control, listen, maps, pages, reload, rest, watching};
use crate::config::Config;
use crate::drill::{Drill, Ground};
use crate::logging::LogLevel;

/// A server with everything open and nothing started.
pub(crate) struct Server {
    pub(crate) clock: Arc<dyn Clock>,
    pub(super) file: PathBuf,
    pub(super) config: watching::Shared,
    /// The configuration of the start: what takes a restart is still as it says.
    pub(super) began_with: Arc<Config>,
    /// Why the last reload was refused, if it was.
    pub(super) config_error: watching::Refused,
    pub(super) log: LogLevel,
    pub(super) store: Store,
    pub(super) gate: Arc<Gate>,
    pub(super) directory: Arc<Directory>,
    pub(super) spool: Arc<Spool>,
    pub(super) pool: Arc<Pool>,
    pub(super) site: Arc<LiveSite>,
    pub(super) intake: Arc<Intake>,
    pub(super) watch: Arc<Watch>,
    pub(super) incoming: Arc<Incoming>,
    pub(super) bounces: Arc<Bounces>,
    pub(super) chores: Arc<Chores>,
    pub(super) moderation: Arc<Moderation>,
    pub(super) archiving: Arc<Archiving>,
    pub(super) digests: Arc<Digests>,
    pub(super) news: Arc<News>,
    pub(super) commands: Arc<Commands>,
    pub(super) tools: Tools,
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) doors: Mutex<Vec<(Listener, Arc<server::Options>)>>,
    pub(super) control: Mutex<Option<UnixListener>>,
    pub(super) pages: pages::Pages,
    pub(super) rest: rest::Rest,
    pub(super) lookup: Option<Arc<Listener>>,
    pub(super) kept_maps: Mutex<maps::Kept>,
    /// Tasks that send. A reload may give the relay fewer connections than these, not more.
    pub(super) workers: usize,
    pub(super) stop: Stop,
    /// What is being worked on, should the process die of it.
    pub(super) working: Option<Arc<Working>>,
    /// Where faults are planted, in a drill.
    pub(super) drill: Option<Drill>,
    /// The post that goes round and round, if one is wanted.
    pub(super) canary: Option<Arc<Canary>>,
    pub(super) alerts: Arc<Alerts>,
    pub(super) events: Arc<Events>,
    /// Keeps the tasks, once they are started.
    pub(super) supervisor: Supervisor,
}

/// How much is asked of the relay at once.
fn limits(config: &Config) -> OutLimits {
    OutLimits {
        max_recipients: AtomicUsize::new(config.relay.max_recipients),
        window: 4 * config.relay.max_connections.clamp(4, 64),
        workers: config.relay.max_connections.max(1),
    }
}

/// The notes of what is being worked on; the server does without if they cannot be written.
fn working(layout: &Layout, clock: &Arc<dyn Clock>) -> Option<Arc<Working>> {
    let working = Working::open(&layout.working, clock.clone()).inspect_err(|error| {
        tracing::warn!(%error, "cannot note what is being worked on; an entry that kills the process is not found");
    });
    working.ok().map(Arc::new)
}

impl Server {
    /// Opens spool, names and doors. The database need not be there.
    #[expect(clippy::too_many_lines, reason = "everything there is, one after the other")]
    pub(crate) async fn open(
        config: Config,
        file: PathBuf,
        log: LogLevel,
        mut sockets: Sockets,
        ground: Ground,
    ) -> anyhow::Result<Arc<Self>> {
        let Ground { clock, disk, drill } = ground;
        let state = config.paths.state.clone();
        super::prepare_state(&state)?;
        let layout = Layout::of(&state);
        let spool = Spool::open(&layout.spool, reload::spool_options(&config), clock.clone(), disk)?;
        let seen = Arc::new(SeenLog::open(&layout.seen, clock.clone())?);
        let directory = Arc::new(Directory::open(&layout.directory, clock.clone()));
        let history = Arc::new(History::open(&layout.history, clock.as_ref())?);
        let store = super::connect(&config).await?;
        let site = Arc::new(LiveSite::new(reload::site(&config)));
        let pool = Pool::new(reload::relay(&config)?, clock.clone());
        let gate = Arc::new(Gate::default());
        let events = Arc::new(Events::default());
        let canary = canary::of(&config, &state, &clock)?;
        let alerts = alerting::open(&config, &state, &clock)?;
        let keeper = canary::keeper(canary.as_ref());
        let outgoing = Outgoing::new(
            spool.clone(),
            pool.clone(),
            clock.clone(),
            site.clone(),
            history.clone(),
            limits(&config),
            events.clone(),
        );
        let working = working(&layout, &clock);
        let outgoing = Arc::new(outgoing.with_canary(keeper.clone()).with_working(working.clone()));
        let tools = Tools {
            spool: spool.clone(),
            store: store.clone(),
            gate: gate.clone(),
            site: site.clone(),
            templates: Arc::new(crate::texts::templates(&config, site.clone(), clock.clone())),
            clock: clock.clone(),
            history,
            events: events.clone(),
            decisions: Arc::default(),
            outlets: Arc::new(crate::outlets::outlets(&config, &store)),
            working: working.clone(),
        };
        let incoming = Arc::new(Incoming::new(tools.clone(), keeper.clone()));
        let moderation = Arc::new(Moderation::new(tools.clone()));
        let archiving = Arc::new(Archiving::new(tools.clone()));
        let digests = Arc::new(Digests::new(tools.clone()));
        let news = Arc::new(News::new(tools.clone()));
        let commands = Arc::new(Commands::new(tools.clone()));
        let desk = Desk::new(tools.clone());
        let bounces = Arc::new(Bounces::new(tools.clone()));
        let chores = Arc::new(Chores::new(tools.clone()));
        let intake =
            Intake::new(directory.clone(), store.clone(), spool.clone(), seen, clock.clone(), events.clone());
        let intake = Arc::new(intake.with_canary(keeper).with_answers(alerts.clone()));
        let rest =
            posthaste_rest::Rooms { tools: tools.clone(), intake: intake.clone(), digests: digests.clone() };
        let rest = rest::Rest::open(&config, rest, &directory, &mut sockets).await?;
        let doors = listen::doors(&config, &mut sockets).await?;
        let lookup = listen::lookup(&config).await?;
        let control = control::bind(&state)?;
        let served = config.clone();
        let (workers, config) = (config.relay.max_connections.max(1), Arc::new(Mutex::new(Arc::new(config))));
        let config_error = watching::Refused::default();
        let rooms = Rooms {
            spool: spool.clone(),
            pool: pool.clone(),
            gate: gate.clone(),
            directory: directory.clone(),
            events: events.clone(),
            clock: clock.clone(),
            settings: watching::settings(&config, &config_error, store.label()),
        };
        let watch = Watch::new(rooms, &state);
        if let Some(canary) = canary.clone() {
            watch.canary_from(move || canary.vitals());
        }
        let rooms = pages::Rooms {
            clock: clock.clone(),
            watch: watch.clone(),
            spool: spool.clone(),
            store: store.clone(),
            desk,
            alerts: alerts.clone(),
            site: site.clone(),
            bell: moderation.bell(),
            library: crate::outlets::library(&served, &store),
        };
        let pages = pages::Pages::open(&served, rooms, &mut sockets).await?;
        let stop = Stop::default();
        Ok(Arc::new(Self {
            pages,
            rest,
            file,
            config,
            config_error,
            began_with: Arc::new(served),
            log,
            store,
            gate,
            directory,
            spool,
            pool,
            site,
            intake,
            watch,
            workers,
            incoming,
            bounces,
            chores,
            moderation,
            archiving,
            digests,
            news,
            commands,
            tools,
            outgoing,
            doors: Mutex::new(doors),
            lookup,
            kept_maps: Mutex::default(),
            control: Mutex::new(Some(control)),
            supervisor: Supervisor::new(clock.clone(), stop.soft.clone()),
            clock,
            stop,
            working,
            drill,
            canary,
            alerts,
            events,
        }))
    }

    /// Begins no new work.
    pub(crate) fn stop(&self) {
        self.stop.soft.cancel();
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn state_folder(&self) -> PathBuf {
        self.config().paths.state.clone()
    }

    pub(crate) fn stopping(&self) -> &tokio_util::sync::CancellationToken {
        &self.stop.soft
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}
