//! What changes memberships and writes to people: done by the running server, or, while none runs, by a command that holds
//! the spool's lock itself. What it writes is sent when a server runs again.

use std::sync::Arc;

use posthaste_lists::moderation::remind_list;
use posthaste_lists::subscription::Desk;
use posthaste_lists::{Digests, Directory, Events, Gate, History, LiveSite};
use posthaste_lists::{Intake, Tools};
use posthaste_spool::{RealDisk, SeenLog, Spool};

use super::{Layout, memberships, offline, reload};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::control::{HandRequest, Request, Response};

/// The tools of a server that does not run. Fails if one runs: the spool is locked then.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Tools> {
    let state = config.paths.state.clone();
    super::prepare_state(&state)?;
    let layout = Layout::of(&state);
    let clock: Arc<dyn posthaste_model::Clock> = Arc::new(SystemClock::new());
    let spool = Spool::open(&layout.spool, reload::spool_options(config), clock.clone(), Arc::new(RealDisk))?;
    let site = Arc::new(LiveSite::new(reload::site(config)));
    let store = super::connect(config).await?;
    Ok(Tools {
        spool,
        gate: Arc::new(Gate::default()),
        templates: Arc::new(crate::texts::templates(config, site.clone(), clock.clone())),
        site,
        history: Arc::new(History::open(&layout.history, clock.as_ref())?),
        clock,
        events: Arc::new(Events::default()),
        decisions: Arc::default(),
        outlets: Arc::new(crate::outlets::outlets(config, &store)),
        store,
        working: None,
    })
}

/// The door through which mail comes in, without a socket before it.
pub(crate) async fn intake(config: &Config, tools: &Tools) -> anyhow::Result<Intake> {
    let layout = Layout::of(&config.paths.state);
    let seen = Arc::new(SeenLog::open(&layout.seen, tools.clock.clone())?);
    let directory = Arc::new(Directory::open(&layout.directory, tools.clock.clone()));
    directory.refresh(&tools.store, std::time::Duration::ZERO).await?;
    let (store, spool) = (tools.store.clone(), tools.spool.clone());
    Ok(Intake::new(directory, store, spool, seen, tools.clock.clone(), tools.events.clone()))
}

/// Does here what a running server would do.
pub(crate) async fn perform(tools: &Tools, request: Request) -> Response {
    match request {
        Request::Memberships { ask } => memberships::perform(tools, ask).await,
        Request::Hands { ask } => answer(tools, ask).await,
        Request::SendDigests { list } => match Digests::new(tools.clone()).send_now(list.as_ref()).await {
            Ok(sent) => Response::Done(sent.into()),
            Err(why) => Response::Failed(why),
        },
        other => {
            tools.spool.scan_complete().await;
            offline::perform(&tools.spool, &other).await
        }
    }
}

/// Does what writes to people.
pub(super) async fn answer(tools: &Tools, ask: HandRequest) -> Response {
    let done = match ask {
        HandRequest::Remind { list } => match memberships::find(tools, &list.to_string()).await {
            Ok(list) => remind_list(tools, &list).await.map(Into::into).map_err(|e| e.to_string()),
            Err(why) => Err(why),
        },
        HandRequest::NewList { list, owners } => match memberships::find(tools, &list.to_string()).await {
            Ok(list) => {
                let told = Desk::new(tools.clone()).tell_owners_of_new(&list, &owners).await;
                told.map(|()| "told".into()).map_err(|e| e.to_string())
            }
            Err(why) => Err(why),
        },
    };
    done.map_or_else(Response::Failed, Response::Done)
}
