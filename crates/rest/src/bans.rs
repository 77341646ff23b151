//! Who may neither write nor join: on the whole site, or on one list.

use posthaste_model::MailingList;
use posthaste_store::Scope;
use serde_json::Value as Json;

use crate::call::Call;
use crate::encode::Map;
use crate::fault::Fault;
use crate::percent;
use crate::reply::{Answer, Reply};
use crate::valid;

/// Whose bans a request is about.
struct Place {
    list: Option<MailingList>,
}

impl Place {
    /// The list's if the path names one, else the site's.
    async fn of(call: &Call) -> Result<Self, Fault> {
        let list = if call.piece("l").is_empty() { None } else { Some(call.list().await?) };
        Ok(Self { list })
    }

    fn scope(&self) -> Scope {
        self.list.as_ref().map_or(Scope::Site, |list| Scope::List(list.id))
    }

    /// The path of one ban.
    fn path(&self, entry: &str) -> String {
        let piece = percent::encode(entry);
        match &self.list {
            Some(list) => format!("lists/{}/bans/{piece}", list.list_id),
            None => format!("bans/{piece}"),
        }
    }

    fn resource(&self, call: &Call, entry: &str) -> Map {
        let mut map = Map::from_iter([
            ("email".to_owned(), entry.into()),
            ("self_link".to_owned(), call.link(&self.path(entry)).into()),
        ]);
        if let Some(list) = &self.list {
            map.insert("list_id".to_owned(), list.list_id.as_str().into());
        }
        map
    }
}

/// GET bans, lists/{l}/bans.
pub(crate) async fn get(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    let slice = call.page()?;
    let mut bans = call.api.store.bans(place.scope()).await?;
    bans.sort_by(|a, b| a.entry.cmp(&b.entry));
    let total = bans.len() as u64;
    let entries = slice.of(bans).iter().map(|ban| place.resource(&call, &ban.entry)).collect();
    Ok(Reply::page(slice.skip, total, entries))
}

/// POST bans, lists/{l}/bans.
pub(crate) async fn post(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    let mut form = call.form();
    let email = form.required("email", valid::email_or_regexp);
    form.check()?;
    let email = email.unwrap_or_default();
    if call.api.store.ban_meeting(place.scope(), &email).await?.is_some() {
        return Err(Fault::bad("Address is already banned"));
    }
    call.api.store.add_ban(place.scope(), &email, call.now()).await?;
    call.audit("ban", &email, Json::Null, Json::Null).await?;
    Ok(Reply::Created { location: place.path(&email) })
}

/// GET bans/{e}, lists/{l}/bans/{e}: there if anything bans it.
pub(crate) async fn get_one(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    let email = call.piece("e").to_owned();
    must_be_banned(&call, &place, &email).await?;
    Ok(Reply::Resource(place.resource(&call, &email)))
}

/// DELETE bans/{e}, lists/{l}/bans/{e}: what else bans it stays.
pub(crate) async fn delete(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    let email = call.piece("e").to_owned();
    must_be_banned(&call, &place, &email).await?;
    if call.api.store.remove_ban(place.scope(), &email).await? {
        call.audit("unban", &email, Json::Null, Json::Null).await?;
    }
    Ok(Reply::Done)
}

async fn must_be_banned(call: &Call, place: &Place, email: &str) -> Result<(), Fault> {
    match call.api.store.ban_meeting(place.scope(), email).await? {
        Some(_) => Ok(()),
        None => Err(Fault::no(format!("Email is not banned: {email}"))),
    }
}
