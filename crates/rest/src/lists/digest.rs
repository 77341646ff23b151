//! The digests of a list: their numbers, and sending one now.

use posthaste_lists::digest::next;
use serde_json::json;

use crate::call::Call;
use crate::encode::Map;
use crate::fault::Fault;
use crate::reply::{Answer, Reply};
use crate::valid;

/// GET lists/{l}/digest.
pub(crate) async fn get(call: Call) -> Answer {
    let list = call.list().await?;
    Ok(Reply::Resource(Map::from_iter([
        ("next_digest_number".to_owned(), list.next_digest_number.into()),
        ("volume".to_owned(), list.volume.into()),
    ])))
}

/// POST lists/{l}/digest: other numbers first, then what was collected goes out.
pub(crate) async fn post(call: Call) -> Answer {
    let list = call.list().await?;
    let mut form = call.form();
    let send = form.optional("send", valid::bool);
    let bump = form.optional("bump", valid::bool);
    let periodic = form.optional("periodic", valid::bool);
    form.check()?;
    let nothing_said = send.or(bump).or(periodic).is_none();
    if nothing_said {
        return Ok(Reply::Empty);
    }
    let [send, bump, periodic] = [send, bump, periodic].map(Option::unwrap_or_default);
    if send && periodic {
        return Err(Fault::bad("send and periodic options are mutually exclusive"));
    }
    if bump {
        let (frequency, now) = (list.settings.digest_volume_frequency, call.now());
        let numbering =
            |at: posthaste_store::Numbers| match next(at.volume, at.number, at.last, now, frequency) {
                (volume, number) if volume == at.volume => (volume, number + 1),
                new_volume => new_volume,
            };
        let (volume, number) = call.api.store.bump_digest(list.id, now, numbering).await?;
        let was = json!({ "volume": list.volume, "number": list.next_digest_number });
        let became = json!({ "volume": volume, "number": number });
        call.audit("bump", "digest", was, became).await?;
    }
    if send || (periodic && list.settings.digest_send_periodic) {
        call.api.digests.send_now(Some(&list.name)).await.map_err(|error| Fault::ours(&error))?;
    }
    Ok(Reply::Accepted(None))
}
