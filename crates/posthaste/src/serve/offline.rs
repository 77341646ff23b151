//! Queue surgery: the same for a running server and for the command line that holds the spool's lock itself.

use std::sync::Arc;

use posthaste_spool::{RealDisk, Spool};

use super::surgery::Cut;
use super::{Layout, reload, surgery};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::control::{Request, Response};

/// Does `request` on a spool that no server has open.
pub(crate) fn run(config: &Config, request: &Request) -> anyhow::Result<Response> {
    let layout = Layout::of(&config.paths.state);
    super::runtime()?.block_on(async {
        let clock = Arc::new(SystemClock::new());
        let spool = Spool::open(&layout.spool, reload::spool_options(config), clock, Arc::new(RealDisk))?;
        spool.scan_complete().await;
        Ok(perform(&spool, request).await)
    })
}

/// Does what concerns the spool alone.
pub(super) async fn perform(spool: &Arc<Spool>, request: &Request) -> Response {
    let outcome = match request {
        Request::Retry { id } => spool.retry(*id).await.map(|()| format!("{id} is due now")),
        Request::Remove { id } => spool.remove(*id).await.map(|()| format!("{id} removed")),
        Request::Pause { stage } => spool.pause(*stage).await.map(|()| {
            format!(
                "{stage} rests; mail for it is accepted and waits. Go on with: posthaste queue resume {stage}"
            )
        }),
        Request::PauseList { list } => {
            let told = format!(
                "{list} rests at every stage; mail for it is accepted and waits. Go on with: posthaste queue resume --list {list}"
            );
            spool.pause_list(&surgery::list_id(list)).await.map(|()| told)
        }
        Request::ResumeList { list } => {
            spool.resume_list(&surgery::list_id(list)).await.map(|()| format!("{list} goes on"))
        }
        Request::PauseDestination { domain } => spool.pause_destination(domain).await.map(|()| {
            format!(
                "mail to {domain} rests; nobody there is given up meanwhile. Go on with: posthaste queue resume \
                 --destination {domain}"
            )
        }),
        Request::ResumeDestination { domain } => surgery::resume_destination(spool, domain).await,
        Request::RetryMany { which } => surgery::many(spool, which, Cut::Retry).await,
        Request::RemoveMany { which } => surgery::many(spool, which, Cut::Remove).await,
        Request::SetAside { id, why } => {
            let told = format!("{id} is set aside. Take it back with: posthaste queue retry {id}");
            spool.move_aside(*id, why).await.map(|()| told)
        }
        Request::Resume { stage } => spool.resume(*stage).await.map(|()| format!("{stage} goes on")),
        _ => {
            return Response::Failed("this needs a running server; start one with: posthaste serve".into());
        }
    };
    match outcome {
        Ok(told) => Response::Done(told.into()),
        Err(error) => Response::Failed(error.to_string()),
    }
}
