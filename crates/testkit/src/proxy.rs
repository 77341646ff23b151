//! A wire with a hand on it: a TCP proxy that passes everything on, swallows it, or cuts.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of the octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// They arrive.
    Whole,
    /// Nothing arrives and nothing is closed: a black hole. What was sent arrives once the wire is whole again, as
    /// TCP sends it again.
    BlackHole,
    /// Every connection is closed at once.
    Cut,
}

/// A proxy on a loopback port of its own. Ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    wire: watch::Sender<Wire>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// A whole wire to `target`.
    pub async fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let wire = watch::Sender::new(Wire::Whole);
        let hand = wire.subscribe();
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let wire = hand.clone();
                tokio::spawn(async move { connection(client, target, wire).await });
            }
        });
        Ok(Self { addr, wire, listening })
    }

    /// Where to connect to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes the wire, for connections that exist too.
    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn connection(client: TcpStream, target: SocketAddr, mut wire: watch::Receiver<Wire>) {
    let mut own = wire.clone();
    let joined = async {
        if whole(&mut wire).await.is_none() {
            return;
        }
        let Ok(server) = TcpStream::connect(target).await else { return };
        let (client, server) = (client.into_split(), server.into_split());
        let back = wire.clone();
        tokio::select! {
            () = carry(client.0, server.1, wire) => {}
            () = carry(server.0, client.1, back) => {}
        }
    };
    tokio::select! {
        () = joined => {}
        _ = own.wait_for(|wire| *wire == Wire::Cut) => {}
    }
}

/// Waits until the wire is whole; `None` if it never will be.
async fn whole(wire: &mut watch::Receiver<Wire>) -> Option<()> {
    wire.wait_for(|wire| *wire == Wire::Whole).await.ok().map(|_| ())
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut wire: watch::Receiver<Wire>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if whole(&mut wire).await.is_none() {
            return;
        }
        if to.write_all(buffer.get(..length).unwrap_or_default()).await.is_err() {
            break;
        }
    }
    // The end of a connection does not get through a black hole either.
    let _ = whole(&mut wire).await;
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn passes_swallows_and_cuts() {
        let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = echo.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        let proxy = Proxy::to(target).await.unwrap();
        let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
        let mut byte = [0];
        stream.write_all(b"a").await.unwrap();
        stream.read_exact(&mut byte).await.unwrap();
        proxy.set(Wire::BlackHole);
        stream.write_all(b"b").await.unwrap();
        let silent = tokio::time::timeout(Duration::from_millis(100), stream.read_exact(&mut byte)).await;
        assert!(silent.is_err());
        proxy.set(Wire::Whole);
        stream.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"b");
        proxy.set(Wire::Cut);
        assert_eq!(stream.read(&mut byte).await.unwrap_or(0), 0);
    }
}
