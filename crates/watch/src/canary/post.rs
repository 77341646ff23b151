//! One message through our own LMTP door, over a socket, as the mail server would.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};

/// Where our LMTP listener is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Door {
    /// A TCP address; one that means every address is reached by the loopback one.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Longest line of a reply that is read, octets (RFC 5321 §4.5.3.1.5 allows 512).
const LONGEST_LINE: u64 = 4096;

/// Hands `message` (lines end in CRLF) over for one recipient; `Err` says what the door said or why nobody answered. The
/// caller sets the deadline.
pub async fn post(door: &Door, from: &str, to: &str, message: &[u8]) -> Result<(), String> {
    let told = match door {
        Door::Tcp(address) => match TcpStream::connect(reachable(*address)).await {
            Ok(stream) => transaction(stream, from, to, message).await,
            Err(error) => Err(error),
        },
        Door::Unix(path) => match UnixStream::connect(path).await {
            Ok(stream) => transaction(stream, from, to, message).await,
            Err(error) => Err(error),
        },
    };
    match told {
        Ok(reply) if reply.starts_with('2') => Ok(()),
        Ok(reply) => Err(format!("our LMTP door said: {reply}")),
        Err(error) => Err(format!("our LMTP door does not answer: {error}")),
    }
}

/// Listening on every address includes the loopback one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

/// RFC 2033 §4: the reply that decided.
async fn transaction(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    from: &str,
    to: &str,
    message: &[u8],
) -> io::Result<String> {
    let mut stream = BufReader::new(stream);
    let greeting = reply(&mut stream).await?;
    if !greeting.starts_with('2') {
        return Ok(greeting);
    }
    for (command, wanted) in [
        ("LHLO canary.localhost".to_owned(), '2'),
        (format!("MAIL FROM:<{from}>"), '2'),
        (format!("RCPT TO:<{to}>"), '2'),
        ("DATA".to_owned(), '3'),
    ] {
        stream.write_all(format!("{command}\r\n").as_bytes()).await?;
        let reply = reply(&mut stream).await?;
        if !reply.starts_with(wanted) {
            return Ok(reply);
        }
    }
    let mut dotted = Vec::with_capacity(message.len() + 8);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            dotted.push(b'.');
        }
        dotted.extend_from_slice(line);
    }
    dotted.extend_from_slice(b".\r\n");
    stream.write_all(&dotted).await?;
    let reply = reply(&mut stream).await?;
    let _ = stream.write_all(b"QUIT\r\n").await;
    Ok(reply)
}

/// The last line of one reply.
async fn reply(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<String> {
    loop {
        let mut line = String::new();
        let mut limited = tokio::io::AsyncReadExt::take(&mut *stream, LONGEST_LINE);
        if limited.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line.trim_end().to_owned());
        }
    }
}
