//! Rows 47 to 54.

use posthaste_model::Role;
use posthaste_store::AuditWanted;
use serde_json::json;

use crate::support::{Api, BASE};

async fn make(api: &Api, email: &str, name: &str) -> String {
    api.post("users", &[("email", email), ("display_name", name)]).await.is(201).location()
}

#[tokio::test]
async fn row_47_49_users() {
    let api = Api::start().await;
    assert!(api.get("users").await.is(200).json().get("entries").is_none());
    let zoe = make(&api, "Zoe@Example.com", "Zoë").await;
    let form = [("email", "anne@example.com"), ("password", "abc"), ("is_server_owner", "yes")];
    let anne = api.post("users", &form).await.is(201).location();
    let told = api.get(&zoe).await.is(200).json();
    let id = zoe.trim_start_matches("users/");
    assert_eq!((&told["user_id"], &told["display_name"]), (&json!(id), &json!("Zoë")));
    assert_eq!(told["self_link"], format!("{BASE}/3.1/{zoe}"));
    assert_eq!(told["is_server_owner"], false);
    assert!(told["password"].as_str().unwrap().starts_with('$'), "nobody chose one, and none fits");
    assert!(told["created_on"].is_string());
    let other = api.get("users/ANNE@example.com").await.is(200).json();
    assert_eq!(other["self_link"], format!("{BASE}/3.1/{anne}"));
    assert!(other.get("display_name").is_none());
    // The first who came first; which their ids say too.
    let all = api.get("users").await.is(200);
    let links = all.all("self_link");
    assert_eq!(links, [format!("{BASE}/3.1/{zoe}"), format!("{BASE}/3.1/{anne}")]);
    assert!(links.is_sorted());
    let page = api.get("users?count=1&page=2").await.json();
    assert_eq!((&page["start"], &page["total_size"]), (&json!(1), &json!(2)));
    assert_eq!(page["entries"][0]["user_id"], anne.trim_start_matches("users/"));
    assert_eq!(api.get("users?count=0&page=1").await.json()["total_size"], 2);
    let number = u128::from_str_radix(id, 16).unwrap();
    let old = api.get(&format!("/3.0/users/{number}")).await.is(200);
    assert!(old.body.contains(&format!("\"user_id\": {number}")), "{}", old.body);
    // Owners of the site.
    assert_eq!(api.get("owners").await.all("self_link"), [format!("{BASE}/3.1/{anne}")]);
}

#[tokio::test]
async fn row_47_users_that_are_not_made() {
    let api = Api::start().await;
    make(&api, "Dana@Example.com", "Dana").await;
    let dana = api.post("users", &[("email", "dana@example.com")]).await;
    dana.refuses(400, "User already exists: Dana@Example.com");
    api.post("users", &[("email", "bad")]).await.refuses(400, "Invalid email address bad");
    api.post("users", &[("email", "")]).await.refuses(400, "Invalid email address ");
    api.post("users", &[]).await.refuses(400, "Invalid email address Missing Parameter: email");
    api.post("users", &[("email", "x@example.com"), ("zz", "1")])
        .await
        .refuses(400, "Invalid email address Unexpected parameters: zz");
    api.post("users", &[("email", "x@example.com"), ("is_server_owner", "t")]).await.refuses(
        400,
        "Invalid email address Invalid Parameter \"is_server_owner\": Invalid boolean value: t.",
    );
    assert_eq!(api.get("users").await.json()["total_size"], 1);
    // An address that nobody has gets a user.
    let list = api.list("ant@example.com").await;
    api.enlist(&list, Role::Nonmember, "stray@example.com").await;
    let user = make(&api, "stray@example.com", "Stray").await;
    assert_eq!(api.get(&format!("{user}/addresses")).await.all("email"), ["stray@example.com"]);
}

#[tokio::test]
async fn row_48_54_found() {
    let api = Api::start().await;
    make(&api, "anne@example.com", "Anne Person").await;
    make(&api, "bart@example.org", "Bart").await;
    for (text, found) in [("EXAMPLE", 2), ("person", 1), ("bart@", 1), ("nobody", 0), ("", 2), ("100%25", 0)]
    {
        let told = api.get(&format!("users/find?q={text}")).await.is(200).json();
        assert_eq!(told["total_size"], found, "{text}");
    }
    let page = api.get("users/find?q=example&count=1&page=2").await.is(200);
    assert_eq!((page.all("display_name"), page.json()["start"].clone()), (vec!["Bart".to_owned()], json!(1)));
    api.get("users/find").await.refuses(400, "Missing Parameter: q");
    api.get("users/find?q=a&x=1").await.refuses(400, "Unexpected parameters: x");
    api.post("users/find", &[("q", "a")]).await.is(405);
    assert_eq!(api.get("owners").await.is(200).json()["total_size"], 0);
    api.get("owners/x").await.is(404);
}

#[tokio::test]
async fn row_49_a_user_changes_and_goes() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let user = make(&api, "anne@example.com", "Anne").await;
    api.enlist(&list, Role::Member, "anne@example.com").await;
    api.patch(&user, &[("display_name", "Anna"), ("is_server_owner", "True")]).await.is(204);
    let told = api.get(&user).await.json();
    assert_eq!((&told["display_name"], &told["is_server_owner"]), (&json!("Anna"), &json!(true)));
    api.patch("users/Anne@Example.com", &[("display_name", "")]).await.is(204);
    assert!(api.get(&user).await.json().get("display_name").is_none());
    api.patch(&user, &[("password", "x")]).await.refuses(400, "Unknown attribute: password");
    api.patch(&user, &[("is_server_owner", "t")])
        .await
        .refuses(400, "Invalid Parameter \"is_server_owner\": Invalid boolean value: t.");
    api.patch(&user, &[("cleartext_password", "")]).await.is(400);
    api.put(&user, &[("display_name", "A")])
        .await
        .refuses(400, "Missing Parameter: cleartext_password, is_server_owner");
    let whole = [("display_name", "Anne P"), ("cleartext_password", "pw"), ("is_server_owner", "0")];
    api.put(&user, &whole).await.is(204);
    assert_eq!(api.get(&user).await.json()["is_server_owner"], false);
    for nobody in ["users/nobody@example.com", "users/1", "users/00000000000000000000000000000001", "users/@"]
    {
        api.get(nobody).await.refuses(404, "404 Not Found");
        api.patch(nobody, &[]).await.is(404);
        api.put(nobody, &whole).await.is(404);
        api.delete(nobody).await.is(404);
    }
    let records = api.store.audit_page(&AuditWanted::default(), 20).await.unwrap();
    assert!(records.iter().all(|r| !r.became.to_string().contains("pw\"")), "no password is written down");
    api.delete(&user).await.is(204);
    api.get(&user).await.is(404);
    api.get("addresses/anne@example.com").await.is(404);
    assert_eq!(api.store.member_count(list.id, Role::Member).await.unwrap(), 0);
    api.post(&user, &[]).await.is(405);
}

#[tokio::test]
async fn row_50_addresses_of_a_user() {
    let api = Api::start().await;
    let anne = make(&api, "zz@example.com", "Anne").await;
    let path = format!("{anne}/addresses");
    let form = [("email", "Anne@Example.com"), ("display_name", "A. P.")];
    let made = api.post(&path, &form).await.is(201);
    assert_eq!(made.location(), "addresses/anne@example.com");
    let all = api.get(&path).await.is(200);
    assert_eq!(all.all("original_email"), ["Anne@Example.com", "zz@example.com"], "upper case first");
    assert_eq!(all.entries()[0]["display_name"], "A. P.");
    assert!(all.entries()[0].get("verified_on").is_none());
    assert_eq!(api.get(&format!("{path}?count=1&page=2")).await.all("email"), ["zz@example.com"]);
    api.post(&path, &form).await.refuses(400, "Address belongs to other user");
    api.post(&path, &[("email", "bad")]).await.refuses(400, "Invalid email address");
    api.post(&path, &[]).await.refuses(400, "Missing Parameter: email");
    api.post(&path, &[("email", "x@example.com"), ("zz", "")])
        .await
        .refuses(400, "Unexpected parameters: zz");
    // Another user, absorbed.
    let bart = make(&api, "bart@example.com", "Bart").await;
    let bee = [("email", "bart@example.com"), ("absorb_existing", "1")];
    api.post(&path, &bee[..1]).await.refuses(400, "Address belongs to other user");
    api.post(&path, &bee).await.is(201);
    api.get(&bart).await.is(404);
    assert_eq!(api.get(&path).await.json()["total_size"], 3);
    api.post(&path, &bee).await.is(201);
    api.get("users/nobody@example.com/addresses").await.is(404);
    api.post("users/nobody@example.com/addresses", &[("email", "n@example.com")]).await.is(404);
}

#[tokio::test]
async fn row_51_preferred_address() {
    let api = Api::start().await;
    let dana = make(&api, "Dana@Example.com", "Dana D").await;
    let path = format!("{dana}/preferred_address");
    api.get(&path).await.is(404);
    api.delete(&path).await.is(404);
    let this = [("email", "dana@example.com")];
    api.post(&path, &this)
        .await
        .refuses(400, "Dana D <Dana@Example.com> must be verified before setting as primary");
    api.post("addresses/dana@example.com/verify", &[]).await.is(204);
    api.post(&path, &this).await.is(201);
    let told = api.get(&path).await.is(200).json();
    assert_eq!(
        (&told["email"], &told["original_email"]),
        (&json!("dana@example.com"), &json!("Dana@Example.com"))
    );
    api.post(&path, &[("email", "x@example.com")])
        .await
        .refuses(400, "Address does not exist: x@example.com");
    api.post(&path, &[]).await.refuses(400, "Missing Parameter: email");
    make(&api, "bart@example.com", "Bart").await;
    api.post("addresses/bart@example.com/verify", &[]).await.is(204);
    api.post(&path, &[("email", "bart@example.com")]).await.refuses(400, "bart@example.com");
    // One that nobody has becomes the user's.
    api.delete("addresses/bart@example.com/user").await.is(204);
    api.post(&path, &[("email", "bart@example.com")]).await.is(201);
    assert_eq!(api.get(&format!("{dana}/addresses")).await.json()["total_size"], 2);
    api.delete(&path).await.is(204);
    api.get(&path).await.is(404);
    api.put(&path, &this).await.is(405);
    api.get("users/nobody@example.com/preferred_address").await.is(404);
}

#[tokio::test]
async fn row_52_preferences_of_a_user() {
    let api = Api::start().await;
    let user = make(&api, "anne@example.com", "Anne").await;
    let link = format!("{BASE}/3.1/{user}/preferences");
    crate::preferences::at(&api, &format!("{user}/preferences"), &link).await;
    // By address it is the same place.
    assert_eq!(api.get("users/anne@example.com/preferences").await.json()["self_link"], link);
    api.get("users/nobody@example.com/preferences").await.is(404);
}

#[tokio::test]
async fn row_53_login() {
    let api = Api::start().await;
    let form = [("email", "anne@example.com"), ("password", "s3cret ü")];
    let user = api.post("users", &form).await.is(201).location();
    let login = format!("{user}/login");
    api.post(&login, &[("cleartext_password", "s3cret ü")]).await.is(204);
    api.post(&login, &[("cleartext_password", "S3cret ü")]).await.refuses(403, "403 Forbidden");
    api.post(&login, &[("cleartext_password", "")]).await.is(403);
    api.post(&login, &[]).await.refuses(400, "Missing Parameter: cleartext_password");
    api.get(&login).await.is(405);
    api.post("users/nobody@example.com/login", &[("cleartext_password", "x")]).await.is(404);
    api.patch(&user, &[("cleartext_password", "other")]).await.is(204);
    api.post(&login, &[("cleartext_password", "s3cret ü")]).await.is(403);
    api.post("users/anne@example.com/login", &[("cleartext_password", "other")]).await.is(204);
    // What Mailman wrote is understood, and made better.
    let old = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
    let id = uuid::Uuid::parse_str(user.trim_start_matches("users/")).unwrap();
    let change = posthaste_store::UserChange { password_hash: Some(old.into()), ..Default::default() };
    api.store.change_user(id, &change).await.unwrap();
    api.post(&login, &[("cleartext_password", "Hello world!")]).await.is(204);
    let hash = api.store.user(id).await.unwrap().unwrap().password_hash.unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    api.post(&login, &[("cleartext_password", "Hello world!")]).await.is(204);
}
