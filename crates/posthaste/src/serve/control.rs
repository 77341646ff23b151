//! The server's side of the control socket.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::{Deed, Server, status};
use crate::control::{Request, Response, pid_file, socket};

/// Longest a request may take to arrive or an answer to leave.
const DEADLINE: Duration = Duration::from_secs(30);

/// Opens the socket. The spool's lock proves that no other server lives here, so a socket that exists was left behind.
pub(crate) fn bind(state: &Path) -> anyhow::Result<UnixListener> {
    let path = socket(state);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| {
        format!(
            "cannot open the control socket {} (a path of more than 107 bytes is too long)",
            path.display()
        )
    })?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    std::fs::write(pid_file(state), format!("{}\n", std::process::id()))?;
    Ok(listener)
}

/// Answers until the stop.
pub(crate) async fn serve(server: Arc<Server>, listener: Arc<UnixListener>) {
    loop {
        let accepted = tokio::select! {
            () = server.stopping().cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let server = server.clone();
                tokio::spawn(async move {
                    let answered = tokio::time::timeout(DEADLINE, answer(&server, stream)).await;
                    if let Ok(Err(error)) = answered {
                        tracing::debug!(%error, "control connection");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "control socket");
                server.clock.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(server: &Arc<Server>, stream: UnixStream) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let response = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            let deed = Deed::of_request(&request);
            let response = perform(server, request).await;
            if let (Some(deed), Response::Done(_)) = (deed, &response) {
                deed.note(
                    &server.store,
                    format!("{} on the command line", said_by(&line)),
                    server.clock.now(),
                );
            }
            response
        }
        Err(error) => Response::Failed(format!("the server does not know this request: {error}")),
    };
    let mut text = serde_json::to_vec(&response)?;
    text.push(b'\n');
    stream.get_mut().write_all(&text).await?;
    Ok(())
}

/// Who asks, as the command line says.
fn said_by(line: &str) -> String {
    let asked = serde_json::from_str::<serde_json::Value>(line).unwrap_or_default();
    asked.get("by").and_then(serde_json::Value::as_str).unwrap_or("somebody").to_owned()
}

async fn perform(server: &Arc<Server>, request: Request) -> Response {
    match request {
        Request::Status => Response::Done(status::of(&server.watch.now())),
        Request::Vitals => match serde_json::to_value(server.watch.latest()) {
            Ok(vitals) => Response::Done(vitals),
            Err(error) => Response::Failed(error.to_string()),
        },
        Request::Canary => match serde_json::to_value(server.canary_vitals()) {
            Ok(told) => Response::Done(told),
            Err(error) => Response::Failed(error.to_string()),
        },
        Request::Ledger { check } => {
            let report = if check { server.watch.check_ledger().await } else { server.watch.ledger() };
            match serde_json::to_value(report) {
                Ok(report) => Response::Done(report),
                Err(error) => Response::Failed(error.to_string()),
            }
        }
        Request::Invite { name } => match server.invite(&name) {
            Ok(link) => Response::Done(link.into()),
            Err(why) => Response::Failed(why),
        },
        Request::Fault { fault } => {
            match server.drill.as_ref().map(|d| d.plant(&fault, &server.supervisor, &server.store)) {
                Some(Ok(())) => Response::Done("planted".into()),
                Some(Err(error)) => Response::Failed(error),
                None => {
                    Response::Failed("this is no drill: faults are planted by posthaste drill only".into())
                }
            }
        }
        Request::Refresh => match server.directory.refresh(&server.store, Duration::ZERO).await {
            Ok(()) => {
                server.keep_maps().await;
                Response::Done("The list of lists was read again".into())
            }
            Err(error) => Response::Failed(error.to_string()),
        },
        Request::Decided => {
            server.moderation.bell().ring();
            Response::Done("It is being carried out".into())
        }
        Request::Settings => {
            let in_force = crate::config::settings_in_force(&server.began_with, &server.config());
            serde_json::to_value(in_force).map_or_else(|e| Response::Failed(e.to_string()), Response::Done)
        }
        Request::Reload => {
            server.reload();
            Response::Done("Reload asked for; posthaste status tells how it went".into())
        }
        Request::SendDigests { list } => match server.digests.send_now(list.as_ref()).await {
            Ok(sent) => Response::Done(sent.into()),
            Err(why) => Response::Failed(why),
        },
        Request::Memberships { ask } => super::memberships::perform(&server.tools, ask).await,
        Request::Hands { ask } => super::hands::answer(&server.tools, ask).await,
        Request::Alerts { ask } => server.alerts(ask).await,
        other => super::offline::perform(&server.spool, &other).await,
    }
}
