//! Mail domains and who owns them.

use posthaste_model::{Address, Domain, Mailbox};
use posthaste_store::{DomainChange, DomainOwner};
use serde_json::{Value, json};

use crate::call::{Call, resource};
use crate::encode::{Map, time};
use crate::fault::Fault;
use crate::form::Form;
use crate::percent;
use crate::reply::{Answer, Reply};
use crate::valid;

/// `GET domains`.
pub(crate) async fn all(call: Call) -> Answer {
    let slice = call.page()?;
    let domains = call.api.store.domains().await?;
    let pages = call.api.store.domain_pages().await?;
    let page = |domain: &Domain| pages.iter().find(|(id, _)| *id == domain.id).map(|(_, url)| url.as_str());
    let total = domains.len() as u64;
    let entries = slice.of(domains).iter().map(|domain| shown(&call, domain, page(domain))).collect();
    Ok(Reply::page(slice.skip, total, entries))
}

/// `POST domains`.
pub(crate) async fn create(call: Call) -> Answer {
    let mut form = call.form();
    let host = form.required("mail_host", valid::text);
    let fields = Fields::read(&mut form, false);
    form.check()?;
    let host = host.unwrap_or_default();
    let alias = fields.alias_domain.clone().flatten();
    let description = fields.description.clone().unwrap_or_default();
    let domain = call.api.store.add_domain(&host, &description, alias.as_deref()).await?;
    fields.settle(&call, &domain).await?;
    call.api.names_changed().await;
    call.audit("create domain", &domain.mail_host, Value::Null, fields.told()).await?;
    Ok(Reply::Created { location: format!("domains/{}", percent::encode(&domain.mail_host)) })
}

/// `GET domains/{d}`.
pub(crate) async fn show(call: Call) -> Answer {
    let domain = domain(&call).await?;
    let pages = call.api.store.domain_pages().await?;
    let page = pages.iter().find(|(id, _)| *id == domain.id).map(|(_, url)| url.as_str());
    Ok(Reply::Resource(shown(&call, &domain, page)))
}

/// `PATCH domains/{d}`.
pub(crate) async fn patch(call: Call) -> Answer {
    change(call, false).await
}

/// `PUT domains/{d}`.
pub(crate) async fn put(call: Call) -> Answer {
    change(call, true).await
}

async fn change(call: Call, whole: bool) -> Answer {
    let before = domain(&call).await?;
    let mut form = call.form();
    let fields = Fields::read(&mut form, whole);
    form.check()?;
    let was = json!({ "description": before.description, "alias_domain": before.alias_domain });
    let change = DomainChange {
        description: fields.description.clone(),
        alias_domain: fields.alias_domain.clone(),
        base_url: None,
    };
    call.api.store.change_domain(&before.mail_host, &change).await?;
    fields.settle(&call, &before).await?;
    call.api.names_changed().await;
    call.audit("set domain", &before.mail_host, was, fields.told()).await?;
    Ok(Reply::Done)
}

/// `DELETE domains/{d}`: with every list of it.
pub(crate) async fn remove(call: Call) -> Answer {
    let domain = domain(&call).await?;
    let store = &call.api.store;
    let mut removed = vec![];
    let lists = store.directory().await?.lists;
    for list in lists.into_iter().filter(|list| list.name.host() == domain.mail_host) {
        store.remove_list(list.id).await.or_else(gone_already)?;
        let id = list.list_id.as_str();
        call.audit_on(id, "remove list", id, Value::Null, Value::Null).await?;
        removed.push(list.list_id);
    }
    store.remove_domain(&domain.mail_host).await?;
    call.api.names_changed().await;
    call.audit("remove domain", &domain.mail_host, json!({ "lists": removed }), Value::Null).await?;
    Ok(Reply::Done)
}

fn gone_already(error: posthaste_store::StoreError) -> Result<(), posthaste_store::StoreError> {
    match error {
        posthaste_store::StoreError::NoSuchList(_) => Ok(()),
        error => Err(error),
    }
}

/// `GET domains/{d}/owners`.
pub(crate) async fn owners(call: Call) -> Answer {
    let domain = domain(&call).await?;
    let slice = call.page()?;
    let owners = call.api.store.domain_owners(domain.id).await?;
    let total = owners.len() as u64;
    let entries = slice.of(owners).iter().map(|owner| user(&call, owner)).collect();
    Ok(Reply::page(slice.skip, total, entries))
}

/// `POST domains/{d}/owners`.
pub(crate) async fn add_owners(call: Call) -> Answer {
    let domain = domain(&call).await?;
    let mut form = call.form();
    let owners = form.required("owner", valid::emails);
    form.check()?;
    let owners = owners.unwrap_or_default();
    call.api.store.add_domain_owners(domain.id, &mailboxes(&owners), call.now()).await?;
    let became = json!(owners.iter().map(Address::as_str).collect::<Vec<_>>());
    call.audit("add domain owners", &domain.mail_host, Value::Null, became).await?;
    Ok(Reply::Done)
}

/// `DELETE domains/{d}/owners`.
pub(crate) async fn remove_owners(call: Call) -> Answer {
    let domain = domain(&call).await?;
    call.form().check()?;
    let gone = call.api.store.remove_domain_owners(domain.id).await?;
    call.audit("remove domain owners", &domain.mail_host, json!(gone), Value::Null).await?;
    Ok(Reply::Done)
}

/// The domain of the path; case matters.
pub(crate) async fn domain(call: &Call) -> Result<Domain, Fault> {
    let host = call.piece("d");
    let domain = call.api.store.domain(host).await?;
    domain.filter(|domain| domain.mail_host == host).ok_or(Fault::GONE)
}

fn shown(call: &Call, domain: &Domain, page: Option<&str>) -> Map {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map_or(Value::Null, Value::from);
    // The three that may be null are there all the same: clients read them.
    Map::from_iter([
        ("alias_domain".to_owned(), text(domain.alias_domain.as_deref())),
        ("base_url".to_owned(), text(page)),
        ("description".to_owned(), text(Some(&domain.description))),
        ("mail_host".to_owned(), domain.mail_host.as_str().into()),
        (
            "self_link".to_owned(),
            call.link(&format!("domains/{}", percent::encode(&domain.mail_host))).into(),
        ),
    ])
}

fn user(call: &Call, owner: &DomainOwner) -> Map {
    let name = Some(owner.display_name.as_str()).filter(|name| !name.is_empty());
    resource([
        ("created_on", time(owner.created_at)),
        ("display_name", name.map_or(Value::Null, Value::from)),
        ("is_server_owner", owner.is_server_owner.into()),
        ("password", owner.password_hash.as_deref().map_or(Value::Null, Value::from)),
        ("self_link", call.link(&format!("users/{}", call.uuid_text(owner.id))).into()),
        ("user_id", call.id(owner.id)),
    ])
}

fn mailboxes(owners: &[Address]) -> Vec<Mailbox> {
    owners.iter().map(|address| Mailbox { name: String::new(), address: address.clone() }).collect()
}

/// A text, or none from now on.
type Cleared = Option<String>;

/// What can be said of a domain besides its name.
struct Fields {
    description: Option<String>,
    alias_domain: Option<Cleared>,
    base_url: Option<Cleared>,
    owner: Option<Vec<Address>>,
}

impl Fields {
    fn read(form: &mut Form<'_>, whole: bool) -> Self {
        let word = |value: &crate::params::Value| Ok(Some(valid::name(value)?).filter(|w| !w.is_empty()));
        let url = |value: &crate::params::Value| match valid::name(value)?.as_str() {
            "" => Ok(None),
            _ => valid::url(value).map(Some),
        };
        if whole {
            return Self {
                description: form.required("description", valid::name),
                alias_domain: form.required("alias_domain", word),
                base_url: form.required("base_url", url),
                owner: form.required("owner", valid::emails),
            };
        }
        Self {
            description: form.optional("description", valid::name),
            alias_domain: form.optional("alias_domain", word),
            base_url: form.optional("base_url", url),
            owner: form.optional("owner", valid::emails),
        }
    }

    /// Pages and owners; owners are only ever added.
    async fn settle(&self, call: &Call, domain: &Domain) -> Result<(), Fault> {
        let store = &call.api.store;
        if let Some(url) = &self.base_url {
            let change = DomainChange { base_url: Some(url.clone()), ..DomainChange::default() };
            store.change_domain(&domain.mail_host, &change).await?;
        }
        if let Some(owners) = &self.owner {
            store.add_domain_owners(domain.id, &mailboxes(owners), call.now()).await?;
        }
        Ok(())
    }

    fn told(&self) -> Value {
        let owners = self.owner.as_ref().map(|all| all.iter().map(Address::as_str).collect::<Vec<_>>());
        json!({
            "description": self.description,
            "alias_domain": self.alias_domain,
            "base_url": self.base_url,
            "owner": owners,
        })
    }
}
