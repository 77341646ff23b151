//! P39 for the archive: every route of it, asked for by those who may read and those who may not.

use std::sync::Arc;

use bytes::Bytes;
use posthaste_archive::{Bodies, Summary};
use posthaste_lists::archive::{Library, archive_post};
use posthaste_model::{ArchivePolicy, ListName, ListSeed, Style, Timestamp};
use posthaste_store::Store;

use super::tests::{Asked, Pages, method};
use super::*;
use crate::house::Act;

const PUBLIC: &str = "dev@lists.example.org";
const PRIVATE: &str = "board@lists.example.org";
const NEVER: &str = "silent@lists.example.org";
const NOBODY: &str = "nobody@lists.example.org";

/// The one member of the list for members.
const MEMBER: &str = "mia@members.example";

/// What stands in posts of the list for members, and nowhere else.
const SECRETS: [&str; 6] = ["hush", "Walter Whisper", "walter@", "the vault", "plan.pdf", "Board matters"];

struct Archive {
    pages: Pages,
    _folder: tempfile::TempDir,
}

/// A made-up server with three lists, whose posts differ in their words only.
async fn archive() -> Archive {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::connect(&format!("sqlite:{}", folder.path().join("db").display())).await.unwrap();
    store.migrate().await.unwrap();
    store.add_domain("lists.example.org", "", None).await.unwrap();
    let bodies = Bodies::new(folder.path().join("archive"));
    for (name, policy) in
        [(PUBLIC, ArchivePolicy::Public), (PRIVATE, ArchivePolicy::Private), (NEVER, ArchivePolicy::Never)]
    {
        let name = ListName::parse(name).unwrap();
        let secret = policy != ArchivePolicy::Public;
        let seed = ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() };
        let mut list = store.create_list(seed, &[]).await.unwrap();
        list.settings.archive_policy = policy;
        if secret {
            list.settings.display_name = "Board matters".into();
        }
        store.save_settings(list.id, &list.settings).await.unwrap();
        if policy == ArchivePolicy::Private {
            let member = [posthaste_model::Mailbox::parse(MEMBER).unwrap()];
            store
                .add_members(list.id, posthaste_model::Role::Member, &member, Timestamp::default())
                .await
                .unwrap();
        }
        for raw in posts(secret) {
            let raw = Bytes::from(raw);
            let received = crate::made_up::now();
            let summary = Summary::of(&raw, received);
            let post = archive_post(summary, bodies.put(&raw).unwrap(), raw.len() as u64, received);
            store.archive(list.id, &[post]).await.unwrap();
        }
    }
    let pages = Pages::new();
    pages.house.lend(Arc::new(Library::new(store, bodies)));
    Archive { pages, _folder: folder }
}

fn posts(secret: bool) -> [String; 3] {
    let (who, word, file) = if secret {
        ("Walter Whisper <walter@inside.example>", "hush, the vault", "plan.pdf")
    } else {
        ("Anne Person <anne@outside.example>", "hello, the world", "map.pdf")
    };
    let one = format!(
        "From: {who}\r\nSubject: =?utf-8?q?About_{word}?=\r\nMessage-ID: <one@x>\r\nDate: Sun, 22 Nov 2026 01:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{word} \
         https://example.org/?a=1&b=2. Write to bart@outside.example or {PUBLIC}\r\n\r\n--b\r\n\
         Content-Type: application/pdf; name={file}\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"
    );
    let evil =
        "<script>alert(1)</script><img src=x onerror=alert(2)> https://x.example/\"onmouseover=alert(3)";
    let two = format!(
        "From: \"<b>x</b> & Co\" <c@d.example>\r\nSubject: Re: <script>alert(4)</script> {word}\r\nMessage-ID: <two@x>\r\n\
         In-Reply-To: <one@x>\r\nDate: Sun, 22 Nov 2026 02:00:00 +0000\r\n\r\n> {word}\r\n> > older\r\n\r\n{evil}\r\n-- \r\nsig\r\n"
    );
    let three = format!(
        "From: {who}\r\nSubject: other\r\nMessage-ID: <three@x>\r\nDate: Tue, 1 Dec 2015 02:00:00 +0000\r\n\r\n{word}\r\n"
    );
    [one, two, three]
}

/// A path of this route on that list.
fn path_of(route: &Route, list: &str) -> String {
    let one = posthaste_mime::message_id_hash("<one@x>");
    route
        .path
        .replace("/listinfo/{l}", &format!("/listinfo/{}", list.split('@').next().unwrap()))
        .replace("/pipermail/{l}/", &format!("/pipermail/{}/", list.split('@').next().unwrap()))
        .replace("/pipermail/{l}/{*rest}", "/pipermail/x/2026-November/thread.html")
        .replace("{l}", list)
        .replace("{hash}", &one)
        .replace("{year}", "2026")
        .replace("{month}", "11")
        .replace("{day}", "22")
        .replace("{n}", "1")
        .replace("{name}", "all.mbox.gz")
        .replace("{id}", "one@x")
        .replace("hyperkitty/{*rest}", &format!("hyperkitty/list/{list}/message/{one}/"))
        .replace("archives/{*rest}", &format!("archives/list/{list}/message/{one}"))
        .replace("{*rest}", "2026-November/thread.html")
}

fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.right == Right::Archive)
}

fn leaks_nothing(asked: &Asked, what: &str) {
    for secret in SECRETS {
        assert!(!asked.body.contains(secret), "{what} leaks {secret:?}: {}", asked.body);
    }
}

/// To strangers a list for members is one that does not exist: not one octet differs, but for the name they asked by.
#[tokio::test]
async fn p39_to_strangers_a_private_archive_does_not_exist() {
    let archive = archive().await;
    assert!(routes().count() >= 18);
    for route in routes() {
        let ask = async |list: &str| archive.pages.ask(method(route), &path_of(route, list), &[], "").await;
        let nobody = ask(NOBODY).await;
        for list in [PRIVATE, NEVER] {
            let asked = ask(list).await;
            leaks_nothing(&asked, route.path);
            let told = |asked: &Asked, list: &str| {
                let headers: Vec<_> = asked
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().replace(list, "LIST")))
                    .collect();
                (asked.status, headers, asked.body.replace(list, "LIST"))
            };
            assert_eq!(told(&asked, list), told(&nobody, NOBODY), "{} of {list}", route.path);
            assert!(matches!(asked.status, 404 | 301) || !route.path.contains("{l}"), "{}", route.path);
        }
        // What is said of all lists together says nothing of these.
        leaks_nothing(&ask(PUBLIC).await, route.path);
    }
    for more in [
        "/archives/list/board.lists.example.org/",
        "/archives/list/BOARD@lists.example.org/",
        "/archives/list/board@lists.example.org/search?q=hush",
        "/archives/list/board@lists.example.org/export/x?message=AAAA",
        "/archives/?name=board",
        "/archives/message-id/three@x",
    ] {
        leaks_nothing(&archive.pages.ask("GET", more, &[], "").await, more);
    }
}

/// The other half: who may read gets every page, and finds there what the test above looks for in vain.
#[tokio::test]
async fn p39_who_may_read_gets_every_page() {
    let archive = archive().await;
    let cookie = archive.pages.log_in("Olive").await;
    let mut read = String::new();
    for (list, headers) in [(PUBLIC, vec![]), (PRIVATE, vec![("cookie", &*cookie)])] {
        for route in routes() {
            let asked = archive.pages.ask_bytes(method(route), &path_of(route, list), &headers).await;
            let moved = ["hyperkitty", "archives/{*rest}", "listinfo", "pipermail"]
                .iter()
                .any(|m| route.path.contains(m));
            let wanted = match route.path {
                "/archives/sign-out" | "/archives/message-id/{id}" => 303,
                // Found among archives for everybody only.
                "/listinfo/{l}" | "/pipermail/{l}/" | "/pipermail/{l}/{*rest}" if list == PRIVATE => 404,
                path if moved || path == "/archives" => 301,
                _ => 200,
            };
            assert_eq!(asked.0, wanted, "{} of {list}", route.path);
            if list == PRIVATE {
                read.push_str(&asked.1);
            }
        }
    }
    for secret in SECRETS {
        assert!(read.contains(secret), "{secret} is what the test above looks for in vain");
    }
    let one = posthaste_mime::message_id_hash("<one@x>");
    let own = archive
        .pages
        .ask("GET", &format!("/archives/list/{PRIVATE}/message/{one}/"), &[("cookie", &cookie)], "")
        .await;
    assert!(
        own.header("cache-control").starts_with("private") && own.body.contains("bart@outside.example"),
        "{}",
        own.body
    );
}

/// A link that came by mail signs one browser in, as one address; that address sees the archives of its lists.
#[tokio::test]
async fn p39_members_read_what_their_address_may() {
    let archive = archive().await;
    let pages = &archive.pages;
    let form = |address: &str| format!("list={PRIVATE}&address={address}").replace('@', "%40");
    let asked = pages.ask("POST", "/archives/sign-in", &[], &form(MEMBER)).await;
    assert!(asked.status == 200 && asked.body.contains("Done."), "{}", asked.body);
    let Some(Act::SendReadingLink { link, .. }) = pages.house.acts().pop() else {
        panic!("nothing was asked for")
    };
    let path = link.strip_prefix("https://lists.example.org").unwrap();
    let looked = pages.ask("GET", path, &[], "").await;
    assert_eq!((looked.status, looked.header("set-cookie")), (200, ""), "looking signs nobody in");
    let elsewhere = pages.ask("POST", path, &[("origin", "https://evil.example")], "").await;
    assert_eq!(elsewhere.status, 403);
    let entered = pages.ask("POST", path, &[], "").await;
    let home = format!("/archives/list/{PRIVATE}/");
    assert_eq!((entered.status, entered.header("location")), (303, &*home));
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-posthaste-reader="), "{cookie}");
    let read = async |list: &str, cookie: &str| {
        pages.ask("GET", &format!("/archives/list/{list}/"), &[("cookie", cookie)], "").await.status
    };
    assert_eq!(read(PRIVATE, &cookie).await, 200);
    assert_eq!((read(NEVER, &cookie).await, read(NOBODY, &cookie).await), (404, 404));
    let (name, token) = path.rsplit_once('/').map(|(_, token)| ("__Host-posthaste-reader", token)).unwrap();
    assert_eq!(read(PRIVATE, &format!("{name}={token}")).await, 404, "a link is no session");
    // Somebody else, just as well signed in.
    let other = crate::archive::Ticket {
        address: posthaste_model::Address::parse("eve@members.example").unwrap(),
        list: PRIVATE.into(),
    };
    let other = other.sign(&pages.site.reading, crate::archive::Use::Stay, pages.site.clock.now());
    let other = format!("{name}={other}");
    for route in routes() {
        let asked = pages.ask(method(route), &path_of(route, PRIVATE), &[("cookie", &other)], "").await;
        leaks_nothing(&asked, route.path);
    }
    let out = pages.ask("POST", "/archives/sign-out", &[("cookie", &cookie)], "").await;
    assert!(out.header("set-cookie").contains("=; Max-Age=0"), "{}", out.header("set-cookie"));
    for bad in ["", "list=x&address=y", "list=dev%40x.example&address=nobody"] {
        let asked = pages.ask("POST", "/archives/sign-in", &[], bad).await;
        assert!(asked.status == 200 && asked.body.contains("class=\"said bad\""), "{bad}");
    }
    assert_eq!(pages.house.acts().len(), 1);
}

#[tokio::test]
async fn posts_are_shown_and_not_obeyed() {
    let archive = archive().await;
    let one = posthaste_mime::message_id_hash("<one@x>");
    let thread = archive.pages.ask("GET", &format!("/archives/list/{PUBLIC}/thread/{one}/"), &[], "").await;
    assert_eq!(thread.status, 200);
    for evil in ["<script", "<img src=x", "<b>x", "\"onmouseover"] {
        assert!(!thread.body.contains(evil), "{evil}: {}", thread.body);
    }
    for shown in [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<a rel=\"nofollow noreferrer ugc\" href=\"https://example.org/?a=1&amp;b=2\">https://example.org/?a=1&amp;b=2</a>.",
        "bart@…",
        PUBLIC,
        "map.pdf",
        "<blockquote>",
        "class=\"signature\"",
        "2 posts",
    ] {
        assert!(thread.body.contains(shown), "{shown:?} is not in {}", thread.body);
    }
    for hidden in ["anne@outside", "bart@outside", "c@d.example"] {
        assert!(!thread.body.contains(hidden), "{hidden}");
    }
    let file = format!("/archives/list/{PUBLIC}/message/{one}/attachment/1/map.pdf");
    let file = archive.pages.ask("GET", &file, &[], "").await;
    assert_eq!(
        (file.status, file.body.as_str(), file.header("content-type")),
        (200, "hello", "application/octet-stream")
    );
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"map.pdf\""));
    assert!(file.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    let raw = archive.pages.ask("GET", &format!("/archives/list/{PUBLIC}/message/{one}/raw"), &[], "").await;
    assert_eq!(raw.body, posts(false)[0], "byte for byte");
    let header = archive
        .pages
        .ask("GET", &format!("/archives/list/{PUBLIC}/message/{one}/?headers=yes"), &[], "")
        .await;
    assert!(
        header.body.contains("multipart/mixed") && !header.body.contains("anne@outside"),
        "{}",
        header.body
    );
    let found =
        archive.pages.ask("GET", &format!("/archives/list/{PUBLIC}/search?q=WORL+anne"), &[], "").await;
    assert!(found.body.contains(&one) && !found.body.contains("No post has"), "{}", found.body);
    let feed = archive.pages.ask("GET", &format!("/archives/list/{PUBLIC}/feed/"), &[], "").await;
    assert!(
        feed.body.contains("<entry>") && feed.header("content-type").starts_with("application/atom+xml"),
        "{}",
        feed.body
    );
}

#[tokio::test]
async fn old_addresses_lead_here() {
    let archive = archive().await;
    let (one, two) = (posthaste_mime::message_id_hash("<one@x>"), posthaste_mime::message_id_hash("<two@x>"));
    for (from, to) in [
        (
            format!("/hyperkitty/list/{PUBLIC}/message/{one}/"),
            format!("/archives/list/{PUBLIC}/message/{one}/"),
        ),
        (
            "/hyperkitty/list/dev@lists.example.org/export/a.mbox.gz?start=2026-11-01&end=2026-12-01".into(),
            "/archives/list/dev@lists.example.org/export/a.mbox.gz?end=2026-12-01&start=2026-11-01".into(),
        ),
        ("/archives/list/dev.lists.example.org/2015/12/".into(), format!("/archives/list/{PUBLIC}/2015/12/")),
        (format!("/archives/list/{PUBLIC}"), format!("/archives/list/{PUBLIC}/")),
        (
            format!("/archives/list/{PUBLIC}/thread/{two}/"),
            format!("/archives/list/{PUBLIC}/thread/{one}/#{two}"),
        ),
        ("/pipermail/dev/2015-December/thread.html".into(), format!("/archives/list/{PUBLIC}/2015/12/")),
        ("/pipermail/dev/2015-December.txt.gz".into(), format!("/archives/list/{PUBLIC}/2015/12/")),
        ("/listinfo/dev".into(), format!("/archives/list/{PUBLIC}/")),
        ("/archives".into(), "/archives/".into()),
    ] {
        let asked = archive.pages.ask("GET", &from, &[], "").await;
        assert_eq!((asked.status, asked.header("location")), (301, &*to), "{from}");
    }
    let by_id = archive.pages.ask("GET", "/archives/message-id/%3Cone@x%3E", &[], "").await;
    assert_eq!(
        (by_id.status, by_id.header("location")),
        (303, &*format!("/archives/list/{PUBLIC}/message/{one}/"))
    );
    for nonsense in [
        "2026/13/",
        "2026/0/",
        "99999/1/",
        "x/y/",
        "2026/2/30/",
        "thread/x/",
        "message/../",
        "latest?before=x",
        "message/x/attachment/1/a",
    ] {
        let asked = archive.pages.ask("GET", &format!("/archives/list/{PUBLIC}/{nonsense}"), &[], "").await;
        assert!(matches!(asked.status, 404 | 301), "{nonsense}: {}", asked.status);
    }
}

#[tokio::test]
async fn pages_that_did_not_change_are_not_made_again() {
    let archive = archive().await;
    let one = posthaste_mime::message_id_hash("<one@x>");
    for rest in [
        "",
        "latest",
        "2026/11/",
        "feed/",
        &format!("thread/{one}/"),
        &format!("message/{one}/"),
        &format!("message/{one}/raw"),
    ] {
        let path = format!("/archives/list/{PUBLIC}/{rest}");
        let first = archive.pages.ask("GET", &path, &[], "").await;
        let tag = first.header("etag").to_owned();
        assert!(first.header("cache-control").starts_with("public") && tag.starts_with('"'), "{path}");
        let again = archive.pages.ask("GET", &path, &[("if-none-match", &tag)], "").await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
    }
}
