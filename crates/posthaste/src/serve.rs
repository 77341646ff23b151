//! The server: opens the rooms, starts their tasks, listens to signals and to the control socket.

mod alerting;
mod announce;
mod authenticity;
mod canary;
mod control;
mod database;
mod deeds;
mod folder;
mod hands;
mod listen;
mod maps;
mod memberships;
mod offline;
mod owners;
mod pages;
mod reload;
mod rest;
mod state;
mod status;
mod surgery;
mod systemd;
mod tasks;
mod watching;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use posthaste_store::Store;
use posthaste_watch::watchdog;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

pub(crate) use self::authenticity::{keyring, keys_folder};
pub(crate) use self::canary::door;
pub(crate) use self::deeds::Deed;
pub(crate) use self::folder::prepare as prepare_state;
pub(crate) use self::hands::{intake, open as hands, perform as by_hand};
pub(crate) use self::listen::tcp;
pub(crate) use self::offline::run as offline;
pub(crate) use self::reload::{hostname, site};
pub(crate) use self::state::Server;
pub(crate) use self::surgery::list_id;
use self::systemd::Init;
pub(crate) use self::systemd::Sockets;
use crate::cli::output::{BadInput, Exit};
use crate::config::{Config, Severity};
use crate::drill::Ground;
use crate::logging;

/// What is under way at a stop may take so long (P18).
const DRAIN: Duration = Duration::from_secs(30);

#[derive(clap::Args, Debug, Default)]
pub(crate) struct Options {
    /// Plant faults on command; for `posthaste drill` only
    #[arg(long, hide = true)]
    drill: bool,
}

/// `posthaste serve`
pub(crate) fn run(options: &Options, file: &Path) -> anyhow::Result<Exit> {
    let config = Config::load(file).map_err(|problems| BadInput::problems(&problems))?;
    let (errors, warnings): (Vec<_>, Vec<_>) =
        config.check().into_iter().partition(|p| p.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(BadInput::problems(&errors).into());
    }
    let log = logging::start(&config);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let ground = if options.drill {
        tracing::warn!(
            "THIS IS A DRILL: faults are planted into this server on command; no mail may pass here"
        );
        Ground::shaking(&config.paths.state)?
    } else {
        Ground::real()
    };
    let sockets = Sockets::from_env();
    let runtime = runtime()?;
    let exit = runtime.block_on(async move {
        let server = Server::open(config, file.to_owned(), log, sockets, ground).await?;
        until_stopped(server).await
    });
    // A disk or a task that hangs must not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(2));
    exit
}

/// The runtime of the server: as many threads as processors.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")
}

/// Serves until SIGTERM or SIGINT, reloads at SIGHUP.
pub(crate) async fn until_stopped(server: Arc<Server>) -> anyhow::Result<Exit> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = signal(SignalKind::hangup())?;
    let supervisor = server.start();
    let system = Arc::new(Init::from_env());
    let (told, about) = (system.clone(), server.clone());
    let helpless = watchdog(supervisor.clone(), move || {
        told.say(&format!("WATCHDOG=1\nSTATUS={}", status::line(&about.watch.latest())));
    })?;
    system.say("READY=1");
    tracing::info!(version = env!("CARGO_PKG_VERSION"), state = %server.state_folder().display(), "accepting mail");
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            () = helpless.cancelled() => break,
            _ = hup.recv() => {
                system.say("RELOADING=1");
                server.reload();
                system.say("READY=1");
            }
        }
    }
    tracing::info!("stopping; what is under way is finished first");
    system.say("STOPPING=1");
    server.stop();
    if let Some(working) = server.working.as_ref().filter(|_| !helpless.is_cancelled()) {
        working.close();
    }
    let ended = supervisor.finished(DRAIN).await;
    let _ = std::fs::remove_file(crate::control::pid_file(&server.state_folder()));
    if ended {
        tracing::info!("stopped");
    } else {
        tracing::warn!("stopped; some transactions did not end in time and are repeated at the next start");
    }
    anyhow::ensure!(!helpless.is_cancelled(), "ended because a task hung; what waits is in the spool");
    Ok(Exit::Done)
}

/// The database of this configuration; works while it is away.
pub(crate) async fn connect(config: &Config) -> anyhow::Result<Store> {
    let url = config.database_url().map_err(|problem| BadInput::problems(&[problem]))?;
    Ok(Store::connect(url.as_str()).await?)
}

/// What every task of the server shares to stop it.
#[derive(Clone, Default)]
pub(crate) struct Stop {
    /// Begin nothing new.
    pub(crate) soft: CancellationToken,
}

/// Where the rooms keep their files, below the state folder.
pub(crate) struct Layout {
    pub(crate) spool: PathBuf,
    pub(crate) seen: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) history: PathBuf,
    pub(crate) working: PathBuf,
}

impl Layout {
    pub(crate) fn of(state: &Path) -> Self {
        Self {
            spool: state.join("spool"),
            seen: state.join("seen"),
            directory: state.join("directory.json"),
            history: state.join("history"),
            working: state.join("working"),
        }
    }
}
