//! Where the texts of the site, a domain or a list are fetched.

use posthaste_lists::check_address;
use posthaste_store::{StoredTemplate, TemplateBody, TemplateEdit};
use serde_json::Value as Json;

use crate::call::{self, Call};
use crate::encode::Map;
use crate::fault::Fault;
use crate::params::Value;
use crate::reply::{Answer, Reply};
use crate::valid::{self, Valid};

/// The key under which one address may stand besides its name: what clients' objects write.
const URI: &str = "uri";

/// Whose texts a request is about.
struct Place {
    /// A list-id, a mail host, or empty for the site.
    context: String,
    /// Where it is found.
    path: String,
    /// True for a list, which has no texts of the domain.
    list: bool,
}

impl Place {
    async fn of(call: &Call) -> Result<Self, Fault> {
        if !call.piece("l").is_empty() {
            let context = call.list().await?.list_id.to_string();
            let path = format!("lists/{context}/uris");
            return Ok(Self { context, path, list: true });
        }
        let host = call.piece("d");
        if host.is_empty() {
            return Ok(Self { context: String::new(), path: "uris".to_owned(), list: false });
        }
        match call.api.store.domain(host).await? {
            // Case matters, as everywhere in paths.
            Some(domain) if domain.mail_host == host => {
                Ok(Self { path: format!("domains/{host}/uris"), context: domain.mail_host, list: false })
            }
            _ => Err(Fault::GONE),
        }
    }

    fn names(&self) -> Vec<&'static str> {
        MAILMANS.into_iter().filter(|name| !self.list || name.starts_with("list:")).collect()
    }

    /// Every address that is set, by name.
    async fn stored(&self, call: &Call) -> Result<Vec<StoredTemplate>, Fault> {
        let mut stored = call.api.store.templates(&self.names(), &[self.context.as_str()]).await?;
        stored.retain(|t| {
            t.template.language.is_empty() && matches!(t.template.body, TemplateBody::Uri { .. })
        });
        stored.sort_by(|a, b| a.template.name.cmp(&b.template.name));
        Ok(stored)
    }
}

/// The names Mailman knows; ours may have more.
const MAILMANS: [&str; 28] = [
    "domain:admin:notice:new-list",
    "list:admin:action:post",
    "list:admin:action:subscribe",
    "list:admin:action:unsubscribe",
    "list:admin:notice:disable",
    "list:admin:notice:increment",
    "list:admin:notice:pending",
    "list:admin:notice:removal",
    "list:admin:notice:subscribe",
    "list:admin:notice:unrecognized",
    "list:admin:notice:unsubscribe",
    "list:member:digest:footer",
    "list:member:digest:header",
    "list:member:digest:masthead",
    "list:member:regular:footer",
    "list:member:regular:header",
    "list:user:action:invite",
    "list:user:action:subscribe",
    "list:user:action:unsubscribe",
    "list:user:notice:goodbye",
    "list:user:notice:hold",
    "list:user:notice:no-more-today",
    "list:user:notice:post",
    "list:user:notice:probe",
    "list:user:notice:refuse",
    "list:user:notice:rejected",
    "list:user:notice:warning",
    "list:user:notice:welcome",
];

/// GET uris.
pub(crate) async fn get(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    let slice = call.page()?;
    let stored = place.stored(&call).await?;
    let total = stored.len() as u64;
    let entries = slice.of(stored).iter().map(|t| entry(&call, &place, t)).collect();
    let more = Map::from_iter([("self_link".to_owned(), call.link(&place.path).into())]);
    Ok(Reply::Page { start: slice.skip, total, entries, more })
}

/// PATCH uris.
pub(crate) async fn patch(call: Call) -> Answer {
    edit(call, false).await
}

/// PUT uris: every name.
pub(crate) async fn put(call: Call) -> Answer {
    edit(call, true).await
}

/// DELETE uris.
pub(crate) async fn delete(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    if call.api.store.clear_templates(&place.context).await? > 0 {
        call.audit("template", "every address", Json::Null, Json::Null).await?;
    }
    Ok(Reply::Done)
}

/// GET uris/{T}.
pub(crate) async fn get_one(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    let stored = place.stored(&call).await?;
    let name = call.piece("T");
    let found = stored.iter().find(|t| t.template.name == name).ok_or(Fault::GONE)?;
    let mut map = entry(&call, &place, found);
    map.remove("name");
    Ok(Reply::Resource(map))
}

/// PATCH or PUT uris/{T}.
pub(crate) async fn set_one(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    let Some(name) = place.names().into_iter().find(|name| *name == call.piece("T")) else {
        return Err(Fault::GONE);
    };
    let (uri, login) = {
        let mut form = call.form();
        let login = login(&mut form);
        let under =
            if call.params.get(name).is_none() && call.params.get(URI).is_some() { URI } else { name };
        let uri = form.required(under, address);
        form.check()?;
        (uri, login)
    };
    store(&call, &place, uri.map(|uri| (name, uri)).into_iter().collect(), login.both()?).await
}

/// DELETE uris/{T}.
pub(crate) async fn delete_one(call: Call) -> Answer {
    let place = Place::of(&call).await?;
    let name = call.piece("T").to_owned();
    let there = place.stored(&call).await?.iter().any(|t| t.template.name == name);
    if there {
        let edit = TemplateEdit { name: name.clone(), uri: None, login: (String::new(), String::new()) };
        call.api.store.edit_templates(&place.context, &[edit]).await?;
        call.audit("template", &name, Json::Null, Json::Null).await?;
    }
    Ok(Reply::Done)
}

/// Reads an address; an empty one takes the address away.
pub(crate) fn address(value: &Value) -> Valid<String> {
    let uri = valid::text(value)?;
    match check_address(&uri) {
        Some(why) if !uri.is_empty() => Err(why),
        _ => Ok(uri),
    }
}

/// Name and password of a login, each if it was given.
struct Login(Option<String>, Option<String>);

fn login(form: &mut crate::form::Form<'_>) -> Login {
    Login(form.optional("username", valid::text), form.optional("password", valid::text))
}

impl Login {
    fn both(self) -> Result<(String, String), Fault> {
        match (self.0, self.1) {
            (Some(name), Some(password)) => Ok((name, password)),
            (None, None) => Ok((String::new(), String::new())),
            _ => Err(Fault::bad("Specify both username and password, or neither")),
        }
    }
}

async fn edit(call: Call, all: bool) -> Answer {
    let place = Place::of(&call).await?;
    let names = place.names();
    let (wanted, login) = {
        let mut form = call.form();
        let login = login(&mut form);
        let mut wanted = vec![];
        for name in names {
            let uri = if all { form.required(name, address) } else { form.optional(name, address) };
            wanted.extend(uri.map(|uri| (name, uri)));
        }
        form.check()?;
        (wanted, login)
    };
    store(&call, &place, wanted, login.both()?).await
}

async fn store(
    call: &Call,
    place: &Place,
    wanted: Vec<(&'static str, String)>,
    login: (String, String),
) -> Answer {
    let edit = |(name, uri): &(&'static str, String)| TemplateEdit {
        name: (*name).to_owned(),
        uri: Some(uri.clone()).filter(|uri| !uri.is_empty()),
        login: login.clone(),
    };
    let edits: Vec<_> = wanted.iter().map(edit).collect();
    if !edits.is_empty() {
        call.api.store.edit_templates(&place.context, &edits).await?;
    }
    for (name, uri) in &wanted {
        call.audit("template", name, Json::Null, uri.as_str().into()).await?;
    }
    Ok(Reply::Done)
}

fn entry(call: &Call, place: &Place, stored: &StoredTemplate) -> Map {
    let name = &stored.template.name;
    let TemplateBody::Uri { uri, username, password } = &stored.template.body else { return Map::new() };
    let login =
        |text: &str| if username.is_empty() || password.is_empty() { Json::Null } else { text.into() };
    call::resource([
        ("uri", uri.as_str().into()),
        ("name", name.as_str().into()),
        ("self_link", call.link(&format!("{}/{name}", place.path)).into()),
        ("username", login(username)),
        ("password", login(password)),
    ])
}

#[cfg(test)]
mod tests {
    use posthaste_lists::Templates;

    use super::*;

    #[test]
    fn every_name_is_one_of_ours() {
        let ours = Templates::names();
        for name in MAILMANS {
            assert!(ours.contains(&name), "{name}");
        }
    }

    #[test]
    fn addresses_of_texts() {
        let read = |text: &str| address(&Value::One(text.to_owned()));
        for good in ["", "https://x.example/api/templates/list/$list_id/x", "mailman:///x.txt", "file:///x"] {
            assert_eq!(read(good), Ok(good.to_owned()));
        }
        assert!(read("gopher://x").is_err());
    }
}
