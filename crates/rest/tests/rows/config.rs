//! Rows 17 and 18: the settings of a list.

use std::sync::atomic::Ordering;

use posthaste_model::Role;
use posthaste_rest::{Kind, Reach};
use posthaste_store::{AuditWanted, TemplateBody};
use serde_json::{Value, json};

use crate::support::Api;

/// Every attribute that may be set: another value than the default, as a form writes it, and as it is shown.
fn others() -> Vec<(&'static str, &'static str, Value)> {
    let mut all = vec![
        ("accept_these_nonmembers", "@bee@example.com", json!(["@bee@example.com"])),
        ("acceptable_aliases", "Alias@example.com", json!(["alias@example.com"])),
        ("archive_policy", "never", json!("never")),
        ("archive_rendering_mode", "markdown", json!("markdown")),
        ("autorespond_owner", "respond_and_discard", json!("respond_and_discard")),
        ("autorespond_postings", "respond_and_continue", json!("respond_and_continue")),
        ("autorespond_requests", "respond_and_discard", json!("respond_and_discard")),
        ("autoresponse_grace_period", "2h", json!("0d7200.0s")),
        ("bounce_info_stale_after", "1w2d", json!("9d")),
        ("bounce_score_threshold", "7", json!(7)),
        ("bounce_you_are_disabled_warnings", "0", json!(0)),
        ("bounce_you_are_disabled_warnings_interval", "1.5d", json!("1d43200.0s")),
        ("default_member_action", "hold", json!("hold")),
        ("default_nonmember_action", "reject", json!("reject")),
        ("digest_size_threshold", "10.5", json!(10.5)),
        ("digest_volume_frequency", "quarterly", json!("quarterly")),
        ("discard_these_nonmembers", "^.*@spam", json!(["^.*@spam"])),
        ("dmarc_addresses", "^.*@strict", json!(["^.*@strict"])),
        ("dmarc_mitigate_action", "munge_from", json!("munge_from")),
        ("filter_action", "preserve", json!("preserve")),
        ("filter_extensions", "exe", json!(["exe"])),
        ("filter_types", "image/bmp", json!(["image/bmp"])),
        ("forward_unrecognized_bounces_to", "site_owner", json!("site_owner")),
        ("hold_these_nonmembers", "zoe@example.com", json!(["zoe@example.com"])),
        ("linked_newsgroup", "comp.lang.rust", json!("comp.lang.rust")),
        ("max_days_to_hold", "30", json!(30)),
        ("max_message_size", "100", json!(100)),
        ("max_num_recipients", "0", json!(0)),
        ("member_roster_visibility", "members", json!("members")),
        ("newsgroup_moderation", "moderated", json!("moderated")),
        ("pass_extensions", "txt", json!(["txt"])),
        ("pass_types", "text", json!(["text"])),
        ("personalize", "individual", json!("individual")),
        ("posting_pipeline", "default-posting-pipeline", json!("default-posting-pipeline")),
        ("preferred_language", "de", json!("de")),
        ("reject_these_nonmembers", "^x", json!(["^x"])),
        ("reply_goes_to_list", "explicit_header", json!("explicit_header")),
        ("reply_to_address", "bee@example.com", json!("bee@example.com")),
        ("subscription_policy", "moderate", json!("moderate")),
        ("unsubscription_policy", "confirm_then_moderate", json!("confirm_then_moderate")),
    ];
    for name in [
        "autoresponse_owner_text",
        "autoresponse_postings_text",
        "autoresponse_request_text",
        "description",
        "display_name",
        "dmarc_moderation_notice",
        "dmarc_wrapped_message_text",
        "info",
        "subject_prefix",
    ] {
        all.push((name, "Grüße ", json!("Grüße ")));
    }
    for name in [
        "admin_immed_notify",
        "administrivia",
        "advertised",
        "allow_list_posts",
        "bounce_notify_owner_on_disable",
        "bounce_notify_owner_on_removal",
        "collapse_alternatives",
        "digest_send_periodic",
        "digests_enabled",
        "include_rfc2369_headers",
        "nntp_prefix_subject_too",
        "process_bounces",
        "require_explicit_destination",
        "respond_to_post_requests",
        "send_goodbye_message",
        "send_welcome_message",
    ] {
        all.push((name, "False", json!(false)));
    }
    for name in [
        "admin_notify_mchanges",
        "anonymous_list",
        "bounce_notify_owner_on_bounce_increment",
        "convert_html_to_plaintext",
        "dmarc_mitigate_unconditionally",
        "emergency",
        "filter_content",
        "first_strip_reply_to",
        "gateway_to_mail",
        "gateway_to_news",
    ] {
        all.push((name, "True", json!(true)));
    }
    all
}

#[tokio::test]
async fn row_17_18_every_attribute_is_set_and_shown() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let fresh = api.get("lists/ant.example.com/config").await.is(200).json();
    assert_eq!(fresh.as_object().unwrap().len(), 94, "93 attributes and the tag");
    assert_eq!(others().len(), 75, "all but the password");
    for (name, text, shown) in others() {
        let path = format!("lists/ant@example.com/config/{name}");
        let before = api.get(&path).await.is(200).json()[name].clone();
        assert_eq!(before, fresh[name], "{name}");
        assert!(before != shown || name == "posting_pipeline", "{name} is so by default");
        api.patch(&path, &[(name, text)]).await.is(204);
        assert_eq!(api.get(&path).await.json()[name], shown, "{name}");
    }
    let whole = api.get("lists/ant.example.com/config").await.json();
    for (name, _, shown) in others() {
        assert_eq!(whole[name], shown, "{name}");
    }
    // The next post is judged by what the store says.
    let settings = api.store.list_by_key(list.id).await.unwrap().unwrap().settings;
    assert!(settings.emergency && settings.max_message_size == 100);
    let sets = AuditWanted { action: Some("set".into()), ..Default::default() };
    let changes = api.store.audit_page(&sets, 200).await.unwrap();
    assert_eq!(changes.len(), 74, "each change is written down, what stays is none");
}

#[tokio::test]
async fn row_17_what_may_only_be_read() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let config = api.get("lists/ant.example.com/config").await.is(200).json();
    for (name, value) in [
        ("bounces_address", json!("ant-bounces@example.com")),
        ("digest_last_sent_at", Value::Null),
        ("fqdn_listname", json!("ant@example.com")),
        ("join_address", json!("ant-join@example.com")),
        ("last_post_at", Value::Null),
        ("leave_address", json!("ant-leave@example.com")),
        ("list_name", json!("ant")),
        ("mail_host", json!("example.com")),
        ("next_digest_number", json!(1)),
        ("no_reply_address", json!("noreply@example.com")),
        ("owner_address", json!("ant-owner@example.com")),
        ("post_id", json!(1)),
        ("posting_address", json!("ant@example.com")),
        ("request_address", json!("ant-request@example.com")),
        ("usenet_watermark", Value::Null),
        ("volume", json!(1)),
        ("moderator_password", Value::Null),
        ("subject_prefix", json!("[Ant] ")),
        ("digest_size_threshold", json!(30.0)),
        ("autoresponse_grace_period", json!("90d")),
    ] {
        assert_eq!(config.get(name), Some(&value), "{name}");
        let one = api.get(&format!("lists/ant.example.com/config/{name}")).await.is(200).json();
        assert_eq!(one.get(name), Some(&value), "{name}");
    }
    let created = config["created_at"].as_str().unwrap();
    assert!(created.len() >= 19 && !created.ends_with('Z') && !created.contains('+'), "{created}");
    assert!(config.get("self_link").is_none() && config.get("list_id").is_none());
    api.store.next_post(list.id, api.tools.clock.now()).await.unwrap();
    assert_eq!(api.get("lists/ant.example.com/config/post_id").await.json()["post_id"], 2);
}

#[tokio::test]
async fn row_17_18_what_is_refused_changes_nothing() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let path = "lists/ant.example.com/config";
    let before = api.get(path).await.json();
    for (form, told) in [
        (&[("nothing", "1")][..], "Unknown attribute: nothing"),
        (&[("volume", "2")][..], "Read-only attribute: volume"),
        (&[("footer_uri", "")][..], "Unknown attribute: footer_uri"),
        (
            &[("info", "new"), ("emergency", "maybe"), ("max_message_size", "-1")][..],
            "Invalid Parameter \"emergency\": Invalid boolean value: maybe. \
             Invalid Parameter \"max_message_size\": Expected a non-negative integer: -1.",
        ),
        (
            &[("info", "new"), ("acceptable_aliases", "nobody")][..],
            "Invalid Parameter \"acceptable_aliases\": nobody.",
        ),
        (&[("bounce_info_stale_after", "7")][..], "Invalid Parameter \"bounce_info_stale_after\": ."),
        (&[("posting_pipeline", "x")][..], "Invalid Parameter \"posting_pipeline\": Unknown pipeline: x."),
    ] {
        api.patch(path, form).await.refuses(400, told);
    }
    let one = |name: &str| format!("{path}/{name}");
    for (method, name, form, status, told) in [
        ("PATCH", "nothing", &[("nothing", "1")][..], 404, "Unknown attribute: nothing"),
        ("PATCH", "volume", &[("volume", "2")], 400, "Read-only attribute: volume"),
        ("PATCH", "info", &[("info", "a"), ("emergency", "1")], 400, "Expected 1 attribute, got 2"),
        ("PATCH", "info", &[], 400, "Expected 1 attribute, got 0"),
        ("PATCH", "emergency", &[("info", "a")], 400, "Unknown attribute: info"),
        ("PUT", "emergency", &[("info", "a")], 400, "Unexpected parameters: info"),
        ("PUT", "emergency", &[], 400, "Missing Parameter: emergency"),
        ("PUT", "volume", &[("volume", "2")], 400, "Read-only attribute: volume"),
        ("DELETE", "volume", &[], 400, "Read-only attribute: volume"),
        ("DELETE", "nothing", &[], 400, "Read-only attribute: nothing"),
        ("DELETE", "info", &[], 400, "Attribute cannot be DELETEd: info"),
    ] {
        api.ask(method, &one(name), form).await.refuses(status, told);
    }
    api.get(&one("nothing")).await.refuses(404, "Unknown attribute: nothing");
    api.delete(path).await.refuses(400, "Cannot delete the list configuration itself");
    api.post(path, &[]).await.is(405);
    api.patch(path, &[]).await.is(204);
    assert_eq!(api.get(path).await.json(), before);
    for path in ["lists/bee.example.com/config", "lists/bee.example.com/config/info"] {
        for method in ["GET", "PATCH", "PUT", "DELETE"] {
            api.ask(method, path, &[]).await.is(404);
        }
    }
}

#[tokio::test]
async fn row_17_put_wants_all() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let path = "lists/ant.example.com/config";
    let mut form: Vec<_> = others().iter().map(|(name, text, _)| (*name, *text)).collect();
    api.put(path, &form).await.refuses(400, "Missing Parameter: moderator_password");
    form.push(("moderator_password", ""));
    form.push(("volume", "2"));
    api.put(path, &form).await.refuses(400, "Unexpected parameters: volume");
    assert_eq!(api.get(path).await.json()["emergency"], false);
    form.pop();
    api.put(path, &form).await.is(204);
    let whole = api.get(path).await.json();
    for (name, _, shown) in others() {
        assert_eq!(whole[name], shown, "{name}");
    }
}

#[tokio::test]
async fn row_17_18_json_and_lists_of_texts() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let path = "lists/ant.example.com/config";
    let body = json!({
        "filter_types": ["a/b", "c/d"], "emergency": true, "max_message_size": 7, "info": null, "acceptable_aliases": [],
    });
    api.json("PATCH", path, &body).await.is(204);
    let config = api.get(path).await.json();
    assert_eq!((&config["filter_types"], &config["max_message_size"]), (&json!(["a/b", "c/d"]), &json!(7)));
    assert_eq!((&config["info"], &config["emergency"]), (&json!(""), &json!(true)));
    let twice = [("acceptable_aliases", "^B"), ("acceptable_aliases", "A@example.com")];
    api.patch(path, &twice).await.is(204);
    let aliases = async || api.get(path).await.json()["acceptable_aliases"].clone();
    assert_eq!(aliases().await, json!(["^B", "a@example.com"]));
    api.delete(&format!("{path}/acceptable_aliases")).await.is(204);
    assert_eq!(aliases().await, json!([]));
    api.patch(path, &twice).await.is(204);
    api.patch(path, &[("acceptable_aliases", "")]).await.is(204);
    assert_eq!(aliases().await, json!([]), "clients write an empty text for an empty list");
    api.patch(path, &[("info", "a"), ("info", "b")]).await.is(400);
    api.ask("PATCH", &format!("{path}?description=by+query"), &[]).await.is(204);
    assert_eq!(api.get(path).await.json()["description"], "by query");
}

#[tokio::test]
async fn row_17_18_passwords_are_hashes() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let path = "lists/ant.example.com/config/moderator_password";
    api.patch(path, &[("moderator_password", "secret")]).await.is(204);
    let hash = api.get(path).await.json()["moderator_password"].as_str().unwrap().to_owned();
    assert!(posthaste_lists::verify_password("secret", &hash), "{hash}");
    api.put(path, &[("moderator_password", &hash)]).await.is(204);
    assert_eq!(api.get(path).await.json()["moderator_password"], hash, "what was read may be written back");
    let reads = api.token(Reach::Site, &[Kind::Read]).await;
    let told = api.ask_as(&reads, "GET", path, &[]).await.is(200).json();
    assert_eq!(told["moderator_password"], Value::Null, "who may not set it does not need it");
    let audit = api.store.audit_page(&AuditWanted::default(), 10).await.unwrap();
    let audit = format!("{audit:?}");
    assert!(!audit.contains("secret") && !audit.contains("argon2"), "{audit}");
    api.patch(path, &[("moderator_password", "")]).await.is(204);
    assert_eq!(api.get(path).await.json()["moderator_password"], Value::Null);
}

#[tokio::test]
async fn row_17_18_texts_in_version_3_0() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let path = "/3.0/lists/ant.example.com/config";
    let config = api.get(path).await.is(200).json();
    assert_eq!(config.as_object().unwrap().len(), 100);
    assert_eq!(config["footer_uri"], "");
    api.patch(path, &[("footer_uri", "mailman:///footer.txt"), ("info", "x")]).await.is(204);
    api.patch(&format!("{path}/welcome_message_uri"), &[("welcome_message_uri", "https://x.org/w")])
        .await
        .is(204);
    let one = api.get(&format!("{path}/footer_uri")).await.is(200).json();
    assert_eq!(one["footer_uri"], "mailman:///footer.txt");
    let stored =
        api.store.templates(&["list:member:regular:footer"], &[list.list_id.as_str()]).await.unwrap();
    assert!(
        matches!(&stored[0].template.body, TemplateBody::Uri { uri, .. } if uri == "mailman:///footer.txt")
    );
    assert_eq!(api.get("lists/ant.example.com/uris").await.all("name").len(), 2);
    api.patch(path, &[("footer_uri", "")]).await.is(204);
    assert_eq!(api.get(path).await.json()["footer_uri"], "");
    api.get("lists/ant.example.com/config/footer_uri").await.is(404);
}

/// What Mailman has not is not among the attributes, and may be named.
#[tokio::test]
async fn row_18_our_own_settings() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let path = "lists/ant.example.com/config/umbrella_lists";
    assert_eq!(api.get(path).await.is(200).json()["umbrella_lists"], json!([]));
    api.patch(path, &[("umbrella_lists", "all@example.com")]).await.is(204);
    assert_eq!(api.get(path).await.json()["umbrella_lists"], json!(["all@example.com"]));
    api.patch(path, &[("umbrella_lists", "nobody")]).await.is(400);
    assert!(api.get("lists/ant.example.com/config").await.json().get("umbrella_lists").is_none());
}

#[tokio::test]
async fn row_17_18_at_once_and_by_whom() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let before = api.refreshed.load(Ordering::Relaxed);
    api.patch("lists/ant.example.com/config", &[("info", "x")]).await.is(204);
    assert_eq!(api.refreshed.load(Ordering::Relaxed), before);
    api.patch("lists/ant.example.com/config", &[("max_message_size", "7")]).await.is(204);
    assert!(api.refreshed.load(Ordering::Relaxed) > before, "where mail is taken it is known at once");
    let path = format!("lists/{}/config", list.list_id);
    let reads = api.token(Reach::List(list.list_id.clone()), &[Kind::Read]).await;
    api.ask_as(&reads, "GET", &path, &[]).await.is(200);
    api.ask_as(&reads, "PATCH", &path, &[("info", "y")]).await.is(403);
    api.ask_as(&reads, "PATCH", &format!("{path}/info"), &[("info", "y")]).await.is(403);
    let sets = api.token(Reach::Domain("example.com".into()), &[Kind::Settings]).await;
    api.ask_as(&sets, "PATCH", &path, &[("info", "y")]).await.is(204);
    let others = api.token(Reach::Domain("example.org".into()), &[Kind::Settings]).await;
    api.ask_as(&others, "PATCH", &path, &[("info", "z")]).await.is(403);
    api.enlist(&list, Role::Owner, "anne@example.com").await;
    assert_eq!(api.get(&path).await.json()["info"], "y");
}
