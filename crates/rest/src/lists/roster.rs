//! Who is what on a list.

mod entry;

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use posthaste_model::Role;
use posthaste_store::{RosterOrder, RosterWanted};
use serde_json::Value as Json;
use uuid::Uuid;

pub(crate) use self::entry::{Fields, resource};
use crate::call::{Call, Slice};
use crate::encode::Map;
use crate::fault::Fault;
use crate::reply::{Answer, Reply};
use crate::valid;

/// So many memberships are read at once.
const PAGE: usize = 500;

/// GET lists/{l}/roster/{role}.
pub(crate) async fn get(call: Call) -> Answer {
    let list = call.list().await?;
    let role = role(&call)?;
    let fields = {
        let mut form = call.form();
        let fields = form.optional("fields", valid::strings);
        form.also(&["count", "page"]);
        form.check()?;
        fields
    };
    let wanted = RosterWanted { list: Some(list.id), roles: vec![role], ..RosterWanted::default() };
    let slice = call.page()?;
    collection(call, &wanted, RosterOrder::Address, slice, fields).await
}

/// DELETE lists/{l}/roster/member: many leave at once, whatever it takes to leave, and nobody says goodbye.
pub(crate) async fn delete(call: Call) -> Answer {
    let list = call.list().await?;
    role(&call)?;
    let emails = {
        let mut form = call.form();
        let emails = form.required("emails", valid::strings);
        form.check()?;
        emails.unwrap_or_default()
    };
    let gone = call.api.store.unsubscribe_all(list.id, &emails).await?;
    if !gone.is_empty() {
        let mut was: Vec<_> = gone.iter().map(String::as_str).collect();
        was.sort_unstable();
        let many = format!("{} members", was.len());
        call.audit(
            "unsubscribe",
            if let [one] = was.as_slice() { one } else { &many },
            Json::from(was.clone()),
            Json::Null,
        )
        .await?;
    }
    Ok(Reply::Resource(
        emails.into_iter().map(|email| (email.clone(), gone.contains(&email).into())).collect(),
    ))
}

/// The role of the path; what is none is not there.
fn role(call: &Call) -> Result<Role, Fault> {
    let name = call.piece("role");
    Role::ALL.into_iter().find(|role| role.name() == name).ok_or(Fault::GONE)
}

/// The memberships that are wanted, as clients see them. `fields` names what each shows; all of it if nothing is named.
pub(crate) async fn collection(
    call: Call,
    wanted: &RosterWanted,
    order: RosterOrder,
    slice: Slice,
    fields: Option<Vec<String>>,
) -> Answer {
    let total = call.api.store.roster_count(wanted).await?;
    if total == 0 || slice.skip >= total || slice.limit == 0 {
        return Ok(Reply::page(slice.skip, total, vec![]));
    }
    let fields = Fields::of(fields.unwrap_or_default())?;
    let ids = call.api.store.roster_ids(wanted, order, slice.skip, slice.limit).await?;
    if ids.len() <= PAGE {
        let rows = call.api.store.roster_rows(&ids).await?;
        let entries = rows.iter().map(|row| fields.cut(resource(&call, row))).collect();
        return Ok(Reply::page(slice.skip, total, entries));
    }
    let shared = Arc::new((call, fields));
    let pages: Vec<Vec<Uuid>> = ids.chunks(PAGE).map(<[Uuid]>::to_vec).collect();
    let entries = stream::iter(pages)
        .then(move |ids| {
            let shared = shared.clone();
            async move { stream::iter(page(&shared.0, &shared.1, &ids).await) }
        })
        .flatten()
        .boxed();
    Ok(Reply::Stream { start: slice.skip, total, entries })
}

async fn page(call: &Call, fields: &Fields, ids: &[Uuid]) -> Vec<Result<Map, Fault>> {
    match call.api.store.roster_rows(ids).await {
        Ok(rows) => rows.iter().map(|row| Ok(fields.cut(resource(call, row)))).collect(),
        Err(error) => vec![Err(error.into())],
    }
}
