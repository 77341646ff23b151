//! Answers Postfix: is this address a list, and where does its mail go? By `socketmap_table(5)` or `tcp_table(5)`, told
//! apart by the first octet.

use std::sync::Arc;
use std::time::Duration;

use posthaste_lists::intake::{Snapshot, split};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use crate::serve::Server;

/// The longest question.
const LONGEST: usize = 1024;
/// Postfix closes idle connections itself; one that is forgotten ends after this.
const IDLE: Duration = Duration::from_mins(10);

/// What the tables say of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Value(String),
    Nothing,
    /// Nobody can tell now: Postfix tries again later.
    Trouble,
}

/// Looks into the table `name`. `None` of `directory`: the names of the lists are not known yet.
fn find(name: &str, key: &str, directory: Option<&Snapshot>, to: &str) -> Found {
    let Some(directory) = directory else { return Found::Trouble };
    let key = key.to_lowercase();
    let is_domain = !key.contains('@') && !key.is_empty() && directory.has_lists(directory.host(&key));
    let is_list = || split(&key, directory).is_some();
    let value = match name {
        "domains" => is_domain.then(|| directory.host(&key).to_owned()),
        "recipients" => is_list().then(|| key.clone()),
        "transport" => is_list().then(|| to.to_owned()),
        "aliases" => {
            let alias = key.rsplit_once('@').and_then(|(local, host)| Some((local, directory.alias(host)?)));
            alias.filter(|_| is_list()).map(|(local, alias)| format!("{local}@{alias}"))
        }
        _ => None,
    };
    value.map_or(Found::Nothing, Found::Value)
}

/// Answers one peer until it goes.
pub(crate) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    server: &Server,
    stream: S,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Ok(question) = tokio::time::timeout(IDLE, read(&mut stream)).await else { return Ok(()) };
        let Some(question) = question? else { return Ok(()) };
        let directory = server.known_lists();
        let config = server.config();
        let to = super::destination(&config);
        let found = |name: &str, key: &str| find(name, key, directory.as_deref(), &to);
        let answer = match question {
            Question::Socketmap(text) => {
                let (name, key) = text.split_once(' ').unwrap_or((&text, ""));
                netstring(&match found(name, key) {
                    Found::Value(value) => format!("OK {value}"),
                    Found::Nothing => "NOTFOUND ".to_owned(),
                    Found::Trouble => "TEMP the lists are not known yet".to_owned(),
                })
            }
            Question::Tcp(key) => match found("transport", &key) {
                Found::Value(value) => format!("200 {}\n", encoded(&value)),
                Found::Nothing => "500 no%20list\n".to_owned(),
                Found::Trouble => "400 the%20lists%20are%20not%20known%20yet\n".to_owned(),
            },
        };
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
}

/// Takes connections until the stop.
pub(crate) async fn serve(server: Arc<Server>, listener: Arc<posthaste_smtp::server::Listener>) {
    loop {
        let accepted = tokio::select! {
            () = server.stopping().cancelled() => return,
            accepted = accept(&listener) => accepted,
        };
        match accepted {
            Ok(stream) => {
                let server = server.clone();
                tokio::spawn(async move {
                    let stop = server.stopping().clone();
                    tokio::select! {
                        () = stop.cancelled() => {}
                        ended = converse(&server, stream) => {
                            if let Err(error) = ended {
                                tracing::debug!(%error, "a lookup connection");
                            }
                        }
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a lookup connection");
                server.clock.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Either kind of stream.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn accept(listener: &posthaste_smtp::server::Listener) -> std::io::Result<Box<dyn Stream>> {
    use posthaste_smtp::server::Listener;
    Ok(match listener {
        Listener::Tcp(listener) => Box::new(listener.accept().await?.0),
        Listener::Unix(listener) => Box::new(listener.accept().await?.0),
    })
}

/// What Postfix wants to know.
#[derive(Debug, PartialEq, Eq)]
enum Question {
    /// Name of the table, a blank, the key.
    Socketmap(String),
    /// The key.
    Tcp(String),
}

/// Reads one question; `None` at the end of the stream.
async fn read<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<Question>> {
    let bad = |why: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
    let first = stream.fill_buf().await?.first().copied();
    match first {
        None => Ok(None),
        Some(b'0'..=b'9') => {
            let length = upto(stream, b':', 8).await?;
            let length: usize = length.parse().map_err(|_| bad("no length"))?;
            if length > LONGEST {
                return Err(bad("the question is too long"));
            }
            let mut text = vec![0; length + 1];
            stream.read_exact(&mut text).await?;
            if text.pop() != Some(b',') {
                return Err(bad("no netstring"));
            }
            Ok(Some(Question::Socketmap(String::from_utf8_lossy(&text).into_owned())))
        }
        Some(_) => {
            let line = upto(stream, b'\n', LONGEST).await?;
            let key = line.strip_prefix("get ").ok_or_else(|| bad("no get"))?;
            Ok(Some(Question::Tcp(decoded(key.trim_end_matches('\r')))))
        }
    }
}

async fn upto<S: AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    end: u8,
    most: usize,
) -> std::io::Result<String> {
    let mut text = vec![];
    let mut limited = stream.take(most as u64 + 1);
    limited.read_until(end, &mut text).await?;
    if text.pop() != Some(end) {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a question has no end"));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn netstring(text: &str) -> String {
    format!("{}:{text},", text.len())
}

/// `%XX` for what may not stand in a reply.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |b| {
                if b == b'%' || !b.is_ascii_graphic() {
                    format!("%{b:02X}")
                } else {
                    char::from(b).to_string()
                }
            },
        )
        .collect()
}

fn decoded(text: &str) -> String {
    let mut out = vec![];
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| *first == b'%').and_then(|p| std::str::from_utf8(p).ok());
        let (byte, used) = match pair.and_then(|p| u8::from_str_radix(p, 16).ok()) {
            Some(byte) => (byte, 2),
            None => (*first, 0),
        };
        out.push(byte);
        rest = after.get(used..).unwrap_or_default();
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use posthaste_model::ListName;

    use super::*;

    fn directory() -> Snapshot {
        let mut directory = Snapshot::default();
        for name in ["dev@lists.example.org", "other@y.org"] {
            let name = ListName::parse(name).unwrap();
            directory.add_list(&name, name.list_id());
        }
        directory.add_domain("lists.example.org", Some("virtual.example.org"));
        directory
    }

    #[test]
    fn tables() {
        let directory = directory();
        for (name, key, wanted) in [
            ("transport", "dev@lists.example.org", Some("to")),
            ("transport", "Dev-Bounces+a=b@lists.example.org", Some("to")),
            ("transport", "dev@virtual.example.org", Some("to")),
            ("transport", "nobody@lists.example.org", None),
            ("transport", "lists.example.org", None),
            ("transport", "*", None),
            ("domains", "lists.example.org", Some("lists.example.org")),
            ("domains", "virtual.example.org", Some("lists.example.org")),
            ("domains", "example.org", None),
            ("domains", "dev@lists.example.org", None),
            ("recipients", "dev@lists.example.org", Some("dev@lists.example.org")),
            ("aliases", "dev-join@lists.example.org", Some("dev-join@virtual.example.org")),
            ("aliases", "other@y.org", None),
            ("nothing", "dev@lists.example.org", None),
        ] {
            let wanted = wanted.map_or(Found::Nothing, |v| Found::Value(v.into()));
            assert_eq!(find(name, key, Some(&directory), "to"), wanted, "{name} {key}");
        }
        assert_eq!(find("transport", "dev@lists.example.org", None, "to"), Found::Trouble);
    }

    #[tokio::test]
    async fn both_protocols_are_read() {
        let read_all = async |bytes: &'static [u8]| {
            let mut stream = BufReader::new(bytes);
            let mut found = vec![];
            while let Ok(Some(question)) = read(&mut stream).await {
                found.push(question);
            }
            found
        };
        assert_eq!(
            read_all(b"13:transport a@b,9:domains b,").await,
            [Question::Socketmap("transport a@b".into()), Question::Socketmap("domains b".into())]
        );
        assert_eq!(
            read_all(b"get a%20b@c\r\nget x%\n").await,
            [Question::Tcp("a b@c".into()), Question::Tcp("x%".into())]
        );
        for broken in [&b"5:ab,"[..], b"99999:x,", b"3:abcd", b"put x\n", b"get x", b"12", b"\xff\n"] {
            assert!(read_all(broken).await.is_empty(), "{broken:?}");
        }
        assert_eq!(netstring("OK x"), "4:OK x,");
        assert_eq!(encoded("a b%"), "a%20b%25");
    }
}
