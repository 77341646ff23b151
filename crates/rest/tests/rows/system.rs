//! What the server says of itself, plugins, and what is reserved: rows 1-6 and 62-66.

use posthaste_rest::Section;

use crate::support::{Api, BASE};

#[tokio::test]
async fn row_1_versions() {
    let api = Api::start().await;
    for path in ["system", "system/versions"] {
        let told = api.get(path).await.is(200).json();
        let words = told["mailman_version"].as_str().unwrap();
        assert!(words.starts_with("GNU Mailman ") && words.contains('(') && words.ends_with(')'), "{words}");
        assert_eq!(told["api_version"], "3.1");
        assert_eq!(told["self_link"], format!("{BASE}/3.1/system/versions"));
        assert!(told["python_version"].is_string() && told["http_etag"].is_string());
    }
    assert_eq!(api.get("/3.0/system").await.is(200).json()["api_version"], "3.0");
    api.get("system/versions/x").await.is(404);
    api.get("system/x").await.is(404);
    api.post("system", &[]).await.is(405);
}

#[tokio::test]
async fn row_2_3_configuration() {
    let section = |name: &str| Section {
        name: name.to_owned(),
        keys: vec![("site_owner".to_owned(), "me@example.com".to_owned())],
    };
    let api = Api::start_with(|mut settings| {
        settings.sections = vec![section("mta"), section("archiver.x"), section("mailman")];
        settings
    })
    .await;
    let told = api.get("system/configuration").await.is(200).json();
    assert_eq!(told["sections"], serde_json::json!(["archiver.x", "mailman", "mta"]));
    assert_eq!(told["self_link"], format!("{BASE}/3.1/system/configuration"));
    let told = api.get("system/configuration/mailman").await.is(200).json();
    assert_eq!(told["site_owner"], "me@example.com");
    assert_eq!(told["self_link"], format!("{BASE}/3.1/system/configuration/mailman"));
    api.get("system/configuration/nothing").await.refuses(404, "404 Not Found");
}

#[tokio::test]
async fn row_4_preferences() {
    let api = Api::start().await;
    let told = api.get("system/preferences").await.is(200).json();
    for (key, value) in [
        ("acknowledge_posts", serde_json::json!(false)),
        ("delivery_mode", "regular".into()),
        ("delivery_status", "enabled".into()),
        ("hide_address", true.into()),
        ("preferred_language", "en".into()),
        ("receive_list_copy", true.into()),
        ("receive_own_postings", true.into()),
    ] {
        assert_eq!(told[key], value, "{key}");
    }
    let refused = api.patch("system/preferences", &[("hide_address", "no")]).await.is(405);
    assert_eq!(refused.header("allow"), "GET, OPTIONS");
}

#[tokio::test]
async fn row_5_6_pipelines_and_chains() {
    let api = Api::start().await;
    let pipelines = api.get("system/pipelines").await.is(200).json()["pipelines"].clone();
    assert_eq!(
        pipelines,
        serde_json::json!(["default-owner-pipeline", "default-posting-pipeline", "virgin"])
    );
    let chains = api.get("system/chains").await.is(200).json()["chains"].clone();
    assert_eq!((chains.as_array().unwrap().len(), &chains[0]), (9, &"accept".into()));
    api.delete("system/chains").await.is(405);
}

#[tokio::test]
async fn row_62_63_plugins() {
    let api = Api::start().await;
    let none = api.get("plugins").await.is(200).json();
    assert_eq!((none["total_size"].as_u64(), none["start"].as_u64()), (Some(0), Some(0)));
    assert!(none.get("entries").is_none());
    api.get("plugins/x").await.is(404);
    api.get("/3.0/plugins").await.is(404);
}

#[tokio::test]
async fn row_64_templates_are_never_found() {
    let api = Api::start().await;
    api.get("/3.0/templates/ant@example.com/list:user:notice:welcome").await.is(404);
    api.get("/3.0/templates/ant@example.com/list:user:notice:welcome/en").await.is(404);
    api.get("templates/ant@example.com/list:user:notice:welcome").await.is(404);
}

#[tokio::test]
async fn row_65_66_reserved() {
    let api = Api::start().await;
    api.delete("reserved/uids/orphans").await.is(204);
    api.get("reserved/reset").await.is(204);
    api.get("reserved/uids/orphans").await.is(405);
    api.get("reserved/else").await.is(404);
}
