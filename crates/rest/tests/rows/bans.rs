//! Rows 31, 32, 55 and 56: bans.

use posthaste_rest::{Kind, Reach};
use posthaste_store::Scope;

use crate::support::{Api, BASE};

#[tokio::test]
async fn row_31_32_bans_of_a_list() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let path = "lists/ant.example.com/bans";
    assert!(api.get(path).await.is(200).json().get("entries").is_none());
    let made = api.post(path, &[("email", "Zoe@example.com")]).await.is(201);
    assert_eq!(made.location(), format!("{path}/Zoe@example.com"));
    let made = api.post("lists/ant@example.com/bans", &[("email", "^bad.*@x/y?")]).await.is(201);
    let pattern = made.location();
    assert!(pattern.ends_with("%5Ebad.*@x%2Fy%3F"), "{pattern}");
    let all = api.get(path).await.is(200);
    assert_eq!(all.all("email"), ["Zoe@example.com", "^bad.*@x/y?"]);
    assert_eq!(all.all("list_id"), ["ant.example.com", "ant.example.com"]);
    assert_eq!(all.entries()[1]["self_link"], format!("{BASE}/3.1/{pattern}"));
    assert_eq!(api.get(&format!("{path}?count=1&page=2")).await.all("email"), ["^bad.*@x/y?"]);
    let told = api.get(&pattern).await.is(200).json();
    assert_eq!(told["email"], "^bad.*@x/y?");
    // Whoever is met by any rule is banned.
    assert_eq!(api.get(&format!("{path}/zoe@EXAMPLE.com")).await.is(200).json()["email"], "zoe@EXAMPLE.com");
    api.store.add_ban(Scope::Site, "@spam.example", list.created_at).await.unwrap();
    api.get(&format!("{path}/x@spam.example")).await.is(200);
    api.get(&format!("{path}/anne@example.com")).await.refuses(404, "Email is not banned: anne@example.com");
    api.delete(&format!("{path}/x@spam.example")).await.is(204);
    api.get(&format!("{path}/x@spam.example")).await.is(200);
    api.delete(&format!("{path}/anne@example.com"))
        .await
        .refuses(404, "Email is not banned: anne@example.com");
    api.delete(&pattern).await.is(204);
    api.delete(&pattern).await.is(404);
    api.delete(&format!("{path}/zoe@example.com")).await.is(204);
    assert_eq!(api.get(path).await.json()["total_size"], 0);
}

#[tokio::test]
async fn row_31_55_bans_that_are_not_made() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let list = "lists/ant.example.com/bans";
    api.post("bans", &[("email", "^.*@spam.example")]).await.is(201);
    for path in ["bans", list] {
        api.post(path, &[("email", "x@spam.example")]).await.refuses(400, "Address is already banned");
        for (email, shown) in [("nobody", "nobody"), ("", "empty"), ("^(", "^(")] {
            let told = format!(
                "Invalid Parameter \"email\": Expected a valid email address or regular expression, got {shown}."
            );
            api.post(path, &[("email", email)]).await.refuses(400, &told);
        }
        api.post(path, &[]).await.refuses(400, "Missing Parameter: email");
    }
    for (method, path) in
        [("GET", "lists/bee.example.com/bans"), ("GET", "lists/bee.example.com/bans/a@b.org")]
    {
        api.ask(method, path, &[]).await.is(404);
    }
}

#[tokio::test]
async fn row_55_56_bans_of_the_site() {
    let (api, list) = Api::with_list("ant@example.com").await;
    api.post("bans", &[("email", "zoe@example.com")]).await.is(201);
    let all = api.get("bans").await.is(200);
    assert_eq!(all.all("self_link"), [format!("{BASE}/3.1/bans/zoe@example.com")]);
    assert!(all.entries()[0].get("list_id").is_none());
    api.get("lists/ant.example.com/bans/zoe@example.com").await.is(200);
    assert_eq!(api.get("lists/ant.example.com/bans").await.json()["total_size"], 0);
    let moderates = api.token(Reach::List(list.list_id.clone()), &[Kind::Moderate]).await;
    api.ask_as(&moderates, "POST", "lists/ant.example.com/bans", &[("email", "a@b.org")]).await.is(201);
    for (method, path) in [("GET", "bans"), ("POST", "bans"), ("DELETE", "bans/zoe@example.com")] {
        api.ask_as(&moderates, method, path, &[("email", "c@b.org")]).await.is(403);
    }
    api.delete("bans/zoe@example.com").await.is(204);
    api.get("bans/zoe@example.com").await.refuses(404, "Email is not banned: zoe@example.com");
}
