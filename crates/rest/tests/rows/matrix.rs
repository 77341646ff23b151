//! No route without its right: the table of routes is asked by everybody who has too little, and by who has enough.

use posthaste_model::ListId;
use posthaste_rest::{Kind, Reach, RouteInfo, routes};

use crate::support::Api;

/// A path for a route; what stands in its braces need not exist, but the list and the domain do.
fn path(route: &RouteInfo) -> String {
    let piece = |piece: &str| match piece {
        "{l}" => "ant.example.com".to_owned(),
        "{d}" => "example.com".to_owned(),
        "{role}" => "member".to_owned(),
        "{e}" => "nobody@example.net".to_owned(),
        "{id}" | "{position}" => "999".to_owned(),
        piece if piece.starts_with('{') => "none".to_owned(),
        piece => piece.to_owned(),
    };
    let path: Vec<_> = route.path.split('/').map(piece).collect();
    format!("/{}/{}", if route.in_31 { "3.1" } else { "3.0" }, path.join("/"))
}

/// What a request says so that it names the list, where that counts.
fn form(route: &RouteInfo) -> Vec<(&'static str, &'static str)> {
    if route.scope == "named" { vec![("list_id", "ant.example.com")] } else { vec![] }
}

fn named(route: &RouteInfo, path: &str) -> String {
    // A form does not count when somebody only looks.
    if route.scope == "named" && route.method == "GET" {
        format!("{path}?list_id=ant.example.com")
    } else {
        path.to_owned()
    }
}

async fn setup() -> Api {
    let (api, _) = Api::with_list("ant@example.com").await;
    api.list("bee@example.org").await;
    api
}

#[tokio::test]
async fn every_route_wants_to_know_who_asks() {
    let api = setup().await;
    for route in routes() {
        let refused = api.raw(route.method, &path(&route), &[], b"").await;
        assert_eq!(refused.status, 401, "{route:?}");
    }
}

#[tokio::test]
async fn every_route_wants_its_kind_of_right() {
    let api = setup().await;
    for kind in Kind::ALL {
        let token = api.token(Reach::Site, &[kind]).await;
        for route in routes() {
            // What is done is done: nothing that would make the rest of the table meaningless.
            if kind == route.kind && route.method != "GET" {
                continue;
            }
            let path = named(&route, &path(&route));
            let status = api.ask_as(&token, route.method, &path, &form(&route)).await.status;
            let enough = kind == route.kind || route.kind == Kind::Read;
            assert_eq!(status == 403, !enough, "{route:?} with {kind:?}: {status}");
            assert!(status != 401 && status < 500, "{route:?} with {kind:?}: {status}");
        }
    }
}

#[tokio::test]
async fn a_token_reaches_no_farther_than_it_says() {
    let api = setup().await;
    let here = ["domain", "list"].map(|what| reach(what, "ant.example.com", "example.com"));
    let elsewhere = ["domain", "list"].map(|what| reach(what, "bee.example.org", "example.org"));
    for (reach, near) in here.into_iter().map(|r| (r, true)).chain(elsewhere.into_iter().map(|r| (r, false)))
    {
        let token = api.token(reach.clone(), &Kind::ALL).await;
        for route in routes() {
            if near && route.method != "GET" {
                continue;
            }
            let path = named(&route, &path(&route));
            let status = api.ask_as(&token, route.method, &path, &form(&route)).await.status;
            let within =
                near && matches!((route.scope, &reach), ("list" | "named", _) | ("domain", Reach::Domain(_)));
            assert_eq!(status == 403, !within, "{route:?} with {reach:?}: {status}");
        }
    }
}

fn reach(what: &str, list: &str, domain: &str) -> Reach {
    match what {
        "domain" => Reach::Domain(domain.to_owned()),
        _ => Reach::List(ListId::new(list)),
    }
}

#[tokio::test]
async fn a_list_that_is_named_nowhere_is_nobodys() {
    let api = setup().await;
    let token = api.token(Reach::List(ListId::new("ant.example.com")), &Kind::ALL).await;
    for route in routes().into_iter().filter(|route| route.scope == "named") {
        for (path, form) in [
            (path(&route), vec![]),
            (path(&route), vec![("list_id", "nothing.example.com")]),
            (path(&route), vec![("list_id", "ant.example.com"), ("list_id", "bee.example.org")]),
            (format!("{}?list_id=ant.example.com", path(&route)), vec![("list_id", "bee.example.org")]),
        ] {
            if route.method == "GET" && !form.is_empty() {
                continue;
            }
            let status = api.ask_as(&token, route.method, &path, &form).await.status;
            assert_eq!(status, 403, "{route:?} {path} {form:?}");
        }
    }
}
