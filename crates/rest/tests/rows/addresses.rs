//! Rows 36 to 41.

use posthaste_model::Role;
use serde_json::json;

use crate::support::{Api, BASE};

async fn user(api: &Api, email: &str) -> String {
    api.post("users", &[("email", email)]).await.is(201).location()
}

#[tokio::test]
async fn row_36_37_addresses() {
    let api = Api::start().await;
    assert_eq!(api.get("addresses").await.is(200).json()["total_size"], 0);
    let anne = user(&api, "anne@example.com").await;
    user(&api, "Zoe@Example.com").await;
    let all = api.get("addresses").await.is(200);
    assert_eq!(all.all("original_email"), ["Zoe@Example.com", "anne@example.com"]);
    assert_eq!(api.get("addresses?count=1&page=2").await.all("email"), ["anne@example.com"]);
    api.post("addresses", &[("email", "x@example.com")]).await.is(405);
    let told = api.get("addresses/ZOE@example.com").await.is(200).json();
    assert_eq!(
        (&told["email"], &told["original_email"]),
        (&json!("zoe@example.com"), &json!("Zoe@Example.com"))
    );
    assert_eq!(told["self_link"], format!("{BASE}/3.1/addresses/zoe@example.com"));
    assert!(told["registered_on"].is_string());
    assert!(told.get("display_name").is_none() && told.get("verified_on").is_none());
    assert_eq!(api.get("addresses/anne@example.com").await.json()["user"], format!("{BASE}/3.1/{anne}"));
    for nobody in ["addresses/nobody@example.com", "addresses/nonsense"] {
        api.get(nobody).await.is(404);
        api.patch(nobody, &[("display_name", "x")]).await.is(404);
        api.delete(nobody).await.is(404);
    }
    // A slash within an address stays in its piece of the path.
    user(&api, "a/b@example.com").await;
    let odd = api.get("addresses/a%2Fb@example.com").await.is(200).json();
    assert_eq!(odd["self_link"], format!("{BASE}/3.1/addresses/a%2Fb@example.com"));
}

#[tokio::test]
async fn row_37_38_named_and_gone() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let anne = user(&api, "anne@example.com").await;
    assert_eq!(api.get("addresses/anne@example.com/memberships").await.is(200).json()["total_size"], 0);
    for role in [Role::Owner, Role::Member, Role::Nonmember] {
        api.enlist(&list, role, "Old <anne@example.com>").await;
    }
    api.patch("addresses/anne@example.com", &[("display_name", "Anne P")]).await.is(204);
    assert_eq!(api.get("addresses/anne@example.com").await.json()["display_name"], "Anne P");
    let all = api.get("addresses/anne@example.com/memberships").await.is(200);
    assert_eq!(all.all("role"), ["member", "owner", "nonmember"]);
    assert_eq!(all.all("display_name"), ["Anne P"; 3], "a membership is called as its address is");
    assert_eq!(api.get("addresses/anne@example.com/memberships?count=1&page=2").await.all("role"), ["owner"]);
    api.patch("addresses/anne@example.com", &[]).await.refuses(400, "Missing Parameter: display_name");
    api.patch("addresses/anne@example.com", &[("display_name", "x"), ("email", "y")])
        .await
        .refuses(400, "Unexpected parameters: email");
    api.put("addresses/anne@example.com", &[]).await.is(405);
    api.get("addresses/nobody@example.com/memberships").await.is(404);
    api.delete("addresses/anne@example.com").await.is(204);
    api.get("addresses/anne@example.com").await.is(404);
    assert_eq!(api.store.member_count(list.id, Role::Member).await.unwrap(), 0);
    assert_eq!(api.get(&anne).await.is(200).json()["user_id"], anne.trim_start_matches("users/"));
    assert_eq!(api.get(&format!("{anne}/addresses")).await.json()["total_size"], 0);
}

#[tokio::test]
async fn row_39_preferences_of_an_address() {
    let api = Api::start().await;
    user(&api, "Anne@example.com").await;
    let link = format!("{BASE}/3.1/addresses/anne@example.com/preferences");
    crate::preferences::at(&api, "addresses/ANNE@example.com/preferences", &link).await;
    api.get("addresses/nobody@example.com/preferences").await.is(404);
    api.patch("addresses/nobody@example.com/preferences", &[]).await.is(404);
}

#[tokio::test]
async fn row_40_verified_and_not() {
    let api = Api::start().await;
    user(&api, "anne@example.com").await;
    let path = "addresses/anne@example.com";
    api.post(&format!("{path}/verify"), &[("whatever", "1")]).await.is(204);
    let first = api.get(path).await.json()["verified_on"].clone();
    assert!(first.is_string());
    api.clock.turn(std::time::Duration::from_hours(1));
    api.post(&format!("{path}/verify"), &[]).await.is(204);
    assert_eq!(api.get(path).await.json()["verified_on"], first, "the moment stays");
    api.post(&format!("{path}/unverify"), &[]).await.is(204);
    api.post(&format!("{path}/unverify"), &[]).await.is(204);
    assert!(api.get(path).await.json().get("verified_on").is_none());
    for verb in ["verify", "unverify"] {
        api.get(&format!("{path}/{verb}")).await.is(405);
        api.post(&format!("addresses/nobody@example.com/{verb}"), &[]).await.is(404);
    }
}

#[tokio::test]
async fn row_41_the_user_of_an_address() {
    let api = Api::start().await;
    let (anne, bart) = (user(&api, "anne@example.com").await, user(&api, "bart@example.com").await);
    let path = "addresses/anne@example.com/user";
    let id = |user: &str| user.trim_start_matches("users/").to_owned();
    assert_eq!(api.get(path).await.is(200).json()["user_id"], id(&anne));
    api.post(path, &[("user_id", &id(&bart))]).await.is(409);
    api.delete(path).await.is(204);
    api.delete(path).await.is(404);
    api.get(path).await.is(404);
    assert!(api.get("addresses/anne@example.com").await.json().get("user").is_none());
    let nobody = "00000000000000000000000000000001";
    api.post(path, &[("user_id", nobody)]).await.refuses(400, &format!("No user with ID {nobody}"));
    api.post(path, &[("user_id", "zz")]).await.refuses(400, "No user with ID zz");
    api.post(path, &[("auto_create", "0")]).await.is(403);
    api.post(path, &[("colour", "red")]).await.refuses(400, "Unexpected parameters: colour");
    api.post(path, &[("user_id", &id(&bart))]).await.is(200);
    assert_eq!(api.get(path).await.json()["user_id"], id(&bart));
    // Replaced, and by nobody who is not there.
    api.put(path, &[("user_id", nobody)]).await.is(404);
    assert_eq!(api.get(path).await.json()["user_id"], id(&bart), "it was not taken for nobody");
    api.put(path, &[("user_id", &id(&anne))]).await.is(200);
    assert_eq!(api.get(path).await.json()["user_id"], id(&anne));
    let made = api.put(path, &[("display_name", "New"), ("password", "x")]).await.is(201).location();
    assert_eq!(api.get(&made).await.json()["display_name"], "New");
    assert_eq!(api.get(path).await.json()["user_id"], id(&made));
    api.delete(path).await.is(204);
    let made = api.post(path, &[("display_name", "Newer")]).await.is(201).location();
    assert_eq!(api.get(path).await.json()["user_id"], id(&made));
    for method in ["GET", "POST", "PUT", "DELETE"] {
        api.ask(method, "addresses/nobody@example.com/user", &[]).await.is(404);
    }
}
