use posthaste_lists::Trace;
use serde_json::{Value, json};

use crate::call::Call;
use crate::fault::Fault;

/// `GET trace/{id}`
pub(super) async fn one(call: Call) -> Result<Value, Fault> {
    let with_recipients = match call.params.text("recipients").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(Fault::Bad(format!("recipients is {other:?}; it is true or false"))),
    };
    let wanted = call.piece("id").trim_start_matches('<').trim_end_matches('>').to_owned();
    let (history, name) = (call.api.tools.history.clone(), wanted.clone());
    let finished = tokio::task::spawn_blocking(move || history.find(&name));
    let finished = finished.await.map_err(|error| Fault::ours(&error))?;
    let mut traces = finished.map_err(|error| Fault::ours(&error))?;
    let spool = &call.api.tools.spool;
    for summary in spool.list().await? {
        // It may be done by now; then the history tells of it at the next call.
        let Ok(entry) = spool.show(summary.id).await else { continue };
        let trace = Trace::of(&entry);
        if trace.is(&wanted) {
            traces.retain(|known| known.id != trace.id);
            traces.push(trace);
        }
    }
    if traces.is_empty() {
        return Err(Fault::no("Nothing is known of it"));
    }
    if !with_recipients {
        for group in
            traces.iter_mut().flat_map(|trace| &mut trace.events).flat_map(|event| &mut event.recipients)
        {
            group.addresses.clear();
        }
    }
    Ok(json!({ "traces": traces }))
}
