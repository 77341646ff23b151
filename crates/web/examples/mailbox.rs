//! Serves the mailbox page with sample mail, for working on its templates:
//! `cargo run -p posthaste-web --example mailbox -- FOLDER [empty]`, then open <http://127.0.0.1:18080>.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use posthaste_model::Timestamp;
use posthaste_web::{Mailbox, mailbox_router, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const MEMBERS: [&str; 3] = ["anne@people.example", "bart@people.example", "cate@people.example"];

/// From, Subject, text, seconds after the first, whether it comes with HTML and an attachment.
const POSTS: [(&str, &str, &str, u64, bool); 6] = [
    ("Olive Okafor <olive@people.example>", "Welcome to hello@lists.example", WELCOME, 0, false),
    ("Anne Persson <anne@people.example>", "[Hello] Is anybody here?", "Who can read me?\n", 95, false),
    ("Bart Jansen <bart@people.example>", "Re: [Hello] Is anybody here?", REPLY, 161, false),
    (
        "=?utf-8?q?C=C3=A9leste?= <cate@people.example>",
        "[Hello] =?utf-8?q?Caf=C3=A9?=?",
        "At four?\n",
        540,
        true,
    ),
    (
        "Anne Persson <anne@people.example>",
        "Re: [Hello] =?utf-8?q?Caf=C3=A9?=?",
        "Count me in.\n",
        702,
        false,
    ),
    (
        "Bart Jansen <bart@people.example>",
        "[Hello] Minutes of the meeting",
        "See the attached file.\n",
        1260,
        true,
    ),
];

const WELCOME: &str = "Hello everybody,\n\nthis list is for trying things out. Post whatever you like; nothing leaves \
                       this machine.\n\nOlive\n";
const REPLY: &str = "Anne Persson wrote:\n> Who can read me?\n\nLoud and clear!\n";
const FOOTER: &str = "\n_______________________________________________\nhello mailing list -- hello@lists.example\n\
                      To unsubscribe send an email to hello-leave@lists.example\n";
const HTML: &str = "<body style='font-family: sans-serif'><h2>Caf&eacute;</h2><p>At <b>four</b>?</p>\
                    <img src='https://tracker.example/x.png' alt='a remote picture'><script>alert(1)</script>";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let folder = words.next().ok_or("name a folder for the mail")?;
    let mailbox = Arc::new(Mailbox::open(Path::new(&folder))?);
    if mailbox.is_empty() && words.next().is_none() {
        fill(&mailbox)?;
    }
    let listener = TcpListener::bind("127.0.0.1:18080").await?;
    let inject = "printf 'Subject: Hello\\n\\nIs anybody here?\\n' | target/release/posthaste \
                  --config posthaste-dev/posthaste.toml inject hello@lists.example --from anne@people.example";
    serve(listener, mailbox_router(mailbox, inject.to_owned()), CancellationToken::new()).await?;
    Ok(())
}

/// Every other post is sent in bulk, the others to each member alone.
fn fill(mailbox: &Mailbox) -> Result<(), Box<dyn Error>> {
    let first = Timestamp::parse_rfc3339("2026-11-22T17:12:03Z").ok_or("no time")?;
    for (number, (from, subject, text, after, rich)) in POSTS.into_iter().enumerate() {
        let at = first.plus(Duration::from_secs(after));
        let message = message(number, from, subject, text, rich);
        if number % 2 == 0 {
            mailbox.add(at, "hello-bounces@lists.example", &MEMBERS.map(String::from), &message)?;
            continue;
        }
        for member in MEMBERS {
            let from = format!("hello-bounces+{}@lists.example", member.replace('@', "="));
            mailbox.add(at, &from, &[member.to_owned()], &message)?;
        }
    }
    Ok(())
}

fn message(number: usize, from: &str, subject: &str, text: &str, rich: bool) -> Bytes {
    let head = format!(
        "From: {from}\nTo: hello@lists.example\nSubject: {subject}\nMessage-ID: <{number}@people.example>\n\
         Date: Sun, 22 Nov 2026 17:12:03 +0000\nList-Id: To try things out <hello.lists.example>\n\
         List-Post: <mailto:hello@lists.example>\nList-Unsubscribe: <mailto:hello-leave@lists.example>\n\
         Precedence: list\nMIME-Version: 1.0\n"
    );
    let plain = format!("Content-Type: text/plain; charset=utf-8\n\n{text}{FOOTER}");
    let body = if rich {
        let file = "JVBERi0xLjQK".repeat(500);
        format!(
            "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=a\n\n\
             --a\n{plain}\n--a\nContent-Type: text/html\n\n{HTML}\n--a--\n--m\nContent-Type: application/pdf\n\
             Content-Disposition: attachment; filename=plan.pdf\nContent-Transfer-Encoding: base64\n\n{file}\n--m--\n"
        )
    } else {
        plain
    };
    Bytes::from(format!("{head}{body}").replace('\n', "\r\n"))
}
