use std::fs;

use posthaste_model::{ListName, ListSeed, Style};
use uuid::Uuid;

use super::*;

fn list() -> MailingList {
    let name = ListName::parse("dev@lists.example.org").unwrap();
    ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() }.into_list(Uuid::nil())
}

async fn keep(archiver: &dyn Archiver, number: u128, text: &'static str) {
    let message = Bytes::from_static(text.as_bytes());
    let list = list();
    let received = Timestamp::parse_rfc3339("2026-05-02T03:04:05Z").unwrap();
    let piece = Piece {
        id: EntryId::new(Uuid::from_u128(number)),
        list: &list,
        message: &message,
        whole: &message,
        received,
    };
    archiver.keep(piece).await.unwrap();
}

#[tokio::test]
async fn a_maildir_has_each_post_once() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(folder.path().to_owned());
    for number in [1, 2, 1] {
        keep(&maildir, number, "A: 1\r\n\r\nx\r\n").await;
    }
    let list = folder.path().join("dev@lists.example.org");
    let names = |part: &str| -> Vec<_> {
        fs::read_dir(list.join(part)).unwrap().map(|f| f.unwrap().path()).collect()
    };
    assert_eq!((names("new").len(), names("tmp").len()), (2, 0));
    let read = names("new").pop().unwrap();
    assert_eq!(fs::read(&read).unwrap(), b"A: 1\n\nx\n");
    let mut seen = list.join("cur").join(read.file_name().unwrap()).into_os_string();
    seen.push(":2,S");
    fs::rename(&read, &seen).unwrap();
    for number in [1, 2] {
        keep(&maildir, number, "A: 1\r\n\r\nx\r\n").await;
    }
    assert_eq!((names("new").len(), names("cur").len()), (1, 1), "what was read does not come again");
}

const FIRST: &str = "From MAILER-DAEMON Sat May  2 03:04:05 2026\nA: 1\n\n>From x\n>>From y\nz\n\n";

#[tokio::test]
async fn an_mbox_has_each_post_once_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mbox = Mbox::new(folder.path().to_owned());
    let path = folder.path().join("dev@lists.example.org.mbox");
    let text = || fs::read_to_string(&path).unwrap();
    keep(&mbox, 1, "A: 1\r\n\r\nFrom x\r\n>From y\r\nz").await;
    assert_eq!(text(), FIRST);
    keep(&mbox, 1, "A: 1\r\n\r\nFrom x\r\n>From y\r\nz").await;
    assert_eq!(text(), FIRST, "brought again");
    keep(&mbox, 2, "B: 2\r\n\r\nmore\r\n").await;
    let both = text();
    // The power went while the second was written.
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(FIRST.len() as u64 + 20).unwrap();
    keep(&mbox, 2, "B: 2\r\n\r\nmore\r\n").await;
    assert_eq!(text(), both);
    // Before anything of it was written.
    file.set_len(FIRST.len() as u64).unwrap();
    keep(&mbox, 2, "B: 2\r\n\r\nmore\r\n").await;
    assert_eq!(text(), both);
    // It was emptied by hand: that is respected.
    file.set_len(0).unwrap();
    keep(&mbox, 3, "B: 2\r\n\r\nmore\r\n").await;
    assert_eq!(text(), both.strip_prefix(FIRST).unwrap());
}

#[test]
fn authors_may_say_no() {
    for (policy, head, may) in [
        (ArchivePolicy::Public, "A: 1", true),
        (ArchivePolicy::Private, "A: 1", true),
        (ArchivePolicy::Never, "A: 1", false),
        (ArchivePolicy::Public, "X-No-Archive: yes", false),
        (ArchivePolicy::Public, "X-No-Archive:", false),
        (ArchivePolicy::Public, "X-No-Archive: no", true),
        (ArchivePolicy::Public, "X-Archive: No", false),
        (ArchivePolicy::Public, "X-Archive: yes", true),
    ] {
        let mut list = list();
        list.settings.archive_policy = policy;
        let message = posthaste_mime::Message::parse(Bytes::from(format!("{head}\r\n\r\nx")));
        assert_eq!(may_archive(&list, &message.head), may, "{policy} {head}");
    }
}

#[test]
fn archivers_are_switched_off_list_by_list() {
    let mail = || Box::new(MailArchive::new("https://m.example", "a@m.example")) as Box<dyn Archiver>;
    let maildir = Box::new(Maildir::new("x".into()));
    let all = Archivers::new(vec![maildir, mail()], Clobbering::default());
    let names = |list: &MailingList| all.of(list).map(Archiver::name).collect::<Vec<_>>();
    let mut list = list();
    assert_eq!(names(&list), ["prototype", "mail-archive"]);
    let links = all.links(&list, "HASH").unwrap();
    assert_eq!(links.list, "https://m.example/dev%40lists.example.org");
    assert_eq!(links.post.as_deref(), Some("https://m.example/HASH"));
    list.settings.archive_policy = ArchivePolicy::Private;
    assert_eq!(names(&list), ["prototype"]);
    list.settings.disabled_archivers = vec!["prototype".into()];
    assert!(names(&list).is_empty() && all.links(&list, "HASH").is_none());
}
