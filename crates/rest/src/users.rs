//! Users: the people behind addresses.

pub(crate) mod addresses;
pub(crate) mod password;
pub(crate) mod preferred;

use posthaste_model::{Address, Mailbox};
use posthaste_store::{Level, NewUser, User, UserChange, UserMade, UsersWanted};
use serde_json::{Value, json};

use self::password::{hashed, unusable};
use crate::call::{Call, resource};
use crate::encode::{Map, time};
use crate::fault::Fault;
use crate::paged::paged;
use crate::preferences;
use crate::reply::{Answer, Reply};
use crate::valid;

/// A user as clients see one.
pub(crate) fn entry(call: &Call, user: &User) -> Map {
    let name = Some(user.display_name.as_str()).filter(|name| !name.is_empty());
    resource([
        ("created_on", time(user.created_at)),
        ("is_server_owner", user.is_server_owner.into()),
        ("self_link", call.link(&path(call, user)).into()),
        ("user_id", call.id(user.id)),
        ("password", user.password_hash.clone().into()),
        ("display_name", name.into()),
    ])
}

/// The path of a user.
pub(crate) fn path(call: &Call, user: &User) -> String {
    format!("users/{}", call.uuid_text(user.id))
}

/// The user of the path, by id or address; 404 if there is none.
pub(crate) async fn of_path(call: &Call) -> Result<User, Fault> {
    let (store, piece) = (&call.api.store, call.piece("u"));
    let user = if piece.contains('@') {
        let address = Address::parse(piece).map_err(|_| Fault::GONE)?;
        store.user_by_address(&address).await?
    } else {
        store.user(call.parse_id(piece).ok_or(Fault::GONE)?).await?
    };
    user.ok_or(Fault::GONE)
}

/// `GET users`: the first who came first.
pub(crate) async fn all(call: Call) -> Answer {
    collection(call, UsersWanted::default()).await
}

/// `GET owners`: who run the site.
pub(crate) async fn owners(call: Call) -> Answer {
    collection(call, UsersWanted { server_owners: true, ..UsersWanted::default() }).await
}

/// `GET users/find`: whose name, or an address, holds a text.
pub(crate) async fn find(call: Call) -> Answer {
    let mut form = call.form();
    let text = form.required("q", valid::text);
    form.also(&["count", "page"]);
    form.check()?;
    collection(call, UsersWanted { holds: text, ..UsersWanted::default() }).await
}

async fn collection(call: Call, wanted: UsersWanted) -> Answer {
    let slice = call.page()?;
    let store = call.api.store.clone();
    let total = store.user_count(&wanted).await?;
    let pages = move |after: Option<User>, skip, limit| {
        let (store, wanted) = (store.clone(), wanted.clone());
        async move { Ok(store.users(&wanted, after.as_ref(), skip, limit).await?) }
    };
    let entries = paged(slice, total, pages, move |user| entry(&call, user));
    Ok(Reply::Stream { start: slice.skip, total, entries })
}

/// What a client says of a user who is to be made.
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) password: Option<String>,
    pub(crate) is_server_owner: bool,
}

impl Wish {
    /// Makes the user, with this address.
    pub(crate) async fn make(self, call: &Call, address: Address) -> Result<UserMade, Fault> {
        let password_hash = match self.password {
            Some(password) => hashed(password).await?,
            None => unusable(),
        };
        let new = NewUser {
            mailbox: Mailbox { name: self.name, address },
            password_hash: Some(password_hash),
            is_server_owner: self.is_server_owner,
            at: call.now(),
        };
        let made = call.api.store.create_user(&new).await?;
        if let UserMade::Done(_) = made {
            let became = json!({ "name": new.mailbox.name, "server_owner": new.is_server_owner });
            call.audit("create user", new.mailbox.address.as_str(), Value::Null, became).await?;
        }
        Ok(made)
    }
}

/// `POST users`.
pub(crate) async fn create(call: Call) -> Answer {
    let mut form = call.form();
    let email = form.required("email", valid::text);
    let name = form.optional("display_name", valid::name).unwrap_or_default();
    let password = form.optional("password", valid::text);
    let is_server_owner = form.optional("is_server_owner", valid::bool).unwrap_or_default();
    let prefixed = |fault| match fault {
        Fault::Bad(text) => Fault::Bad(format!("Invalid email address {text}")),
        fault => fault,
    };
    form.check().map_err(prefixed)?;
    let email = email.unwrap_or_default();
    let address = valid::address(&email).ok_or_else(|| prefixed(Fault::Bad(email)))?;
    // A password of no letters is none.
    let password = password.filter(|password| !password.is_empty());
    match (Wish { name, password, is_server_owner }).make(&call, address).await? {
        UserMade::Done(id) => Ok(Reply::Created { location: format!("users/{}", call.uuid_text(id)) }),
        UserMade::Exists(address) => Err(Fault::Bad(format!("User already exists: {address}"))),
    }
}

/// `GET users/{u}`.
pub(crate) async fn show(call: Call) -> Answer {
    let user = of_path(&call).await?;
    Ok(Reply::Resource(entry(&call, &user)))
}

const ATTRIBUTES: [&str; 3] = ["cleartext_password", "display_name", "is_server_owner"];

/// `PATCH users/{u}`.
pub(crate) async fn patch(call: Call) -> Answer {
    let user = of_path(&call).await?;
    if let Some(name) = call.params.names().find(|name| !ATTRIBUTES.contains(name)) {
        return Err(Fault::Bad(format!("Unknown attribute: {name}")));
    }
    let mut form = call.form();
    let password = form.optional("cleartext_password", valid::text);
    let display_name = form.optional("display_name", valid::name);
    let is_server_owner = form.optional("is_server_owner", valid::bool);
    form.check()?;
    change(&call, &user, password, UserChange { display_name, is_server_owner, password_hash: None }).await
}

/// `PUT users/{u}`.
pub(crate) async fn put(call: Call) -> Answer {
    let user = of_path(&call).await?;
    let mut form = call.form();
    let password = form.required("cleartext_password", valid::text);
    let display_name = form.required("display_name", valid::name);
    let is_server_owner = form.required("is_server_owner", valid::bool);
    form.check()?;
    change(&call, &user, password, UserChange { display_name, is_server_owner, password_hash: None }).await
}

async fn change(call: &Call, user: &User, password: Option<String>, mut change: UserChange) -> Answer {
    let secret = password.is_some();
    if let Some(password) = password {
        change.password_hash = Some(hashed(password).await?);
    }
    if !call.api.store.change_user(user.id, &change).await? {
        return Err(Fault::GONE);
    }
    let was = json!({ "name": user.display_name, "server_owner": user.is_server_owner });
    let became = json!({
        "name": change.display_name, "server_owner": change.is_server_owner, "new_password": secret,
    });
    call.audit("set user", &user.id.simple().to_string(), was, became).await?;
    Ok(Reply::Done)
}

/// `DELETE users/{u}`: with all addresses and memberships.
pub(crate) async fn remove(call: Call) -> Answer {
    let user = of_path(&call).await?;
    let addresses = call.api.store.addresses(Some(user.id), None, 0, 1_000).await?;
    if !call.api.store.remove_user(user.id).await? {
        return Err(Fault::GONE);
    }
    let addresses: Vec<_> = addresses.iter().map(|row| row.address.as_str()).collect();
    let was = json!({ "name": user.display_name, "addresses": addresses });
    call.audit("remove user", &user.id.simple().to_string(), was, Value::Null).await?;
    Ok(Reply::Done)
}

/// `POST users/{u}/login`: whether this is the password.
pub(crate) async fn login(call: Call) -> Answer {
    let user = of_path(&call).await?;
    let mut form = call.form();
    let password = form.required("cleartext_password", valid::text);
    form.check()?;
    let (password, hash) = (password.unwrap_or_default(), user.password_hash.clone().unwrap_or_default());
    if !password::fits(password.clone(), hash.clone()).await? {
        return Err(Fault::Forbidden(None));
    }
    if !hash.starts_with("$argon2id$") {
        // It was made elsewhere, and can be made better only now that the password is known.
        let password_hash = Some(hashed(password).await?);
        call.api.store.change_user(user.id, &UserChange { password_hash, ..UserChange::default() }).await?;
    }
    Ok(Reply::Done)
}

/// Where the preferences of the user of the path are set.
pub(crate) async fn level(call: &Call) -> Result<preferences::Place, Fault> {
    let user = of_path(call).await?;
    Ok(preferences::Place {
        level: Level::User(user.id),
        link: format!("{}/preferences", path(call, &user)),
        list: String::new(),
        whose: format!("user {}", user.id.simple()),
    })
}
