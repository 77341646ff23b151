//! What systemd is told, and what it hands over: `sd_notify(3)` and sockets (`sd_listen_fds(3)`), both without its library.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use listenfd::ListenFd;
use posthaste_smtp::server::Listener;

/// The line to the init system; says nothing where there is none.
#[derive(Debug, Default)]
pub(super) struct Init(Option<(UnixDatagram, SocketAddr)>);

impl Init {
    /// As the environment says.
    pub(super) fn from_env() -> Self {
        let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return Self::default() };
        let path = path.as_bytes();
        let address = match path.strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name),
            None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path)),
        };
        let line = address.and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            // Nobody listens? Then nobody is to be waited for.
            socket.set_nonblocking(true)?;
            Ok((socket, address))
        });
        Self(line.inspect_err(|error| tracing::warn!(%error, "cannot speak to $NOTIFY_SOCKET")).ok())
    }

    /// `READY=1`, `STATUS=…`; lines are separated by line feeds.
    pub(super) fn say(&self, words: &str) {
        if let Some((socket, address)) = &self.0 {
            // What it missed it will hear again, or miss nothing by.
            let _ = socket.send_to_addr(words.as_bytes(), address);
        }
    }
}

/// Listening sockets that whoever started us holds for us, so that nobody is refused while we are away (P18).
#[derive(Debug, Default)]
pub(crate) struct Sockets(Vec<(String, Socket)>);

#[derive(Debug)]
enum Socket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

impl Sockets {
    /// Takes what is handed over, each under its name (`FileDescriptorName=` in the unit): `lmtp`, `smtp`, `web`.
    /// To be called once, before there are threads: it takes the variables out of the environment.
    pub(crate) fn from_env() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut handed = ListenFd::from_env();
        let count = handed.len();
        let take = |number| {
            let name = names.next().unwrap_or_default().to_owned();
            let socket = handed.take_tcp_listener(number).ok().flatten().map(Socket::Tcp);
            let socket =
                socket.or_else(|| handed.take_unix_listener(number).ok().flatten().map(Socket::Unix))?;
            Some((name, socket))
        };
        Self((0..count).filter_map(take).collect())
    }

    /// Those of this name. To be called within the runtime.
    pub(super) fn take(&mut self, name: &str) -> std::io::Result<Vec<Listener>> {
        let ours = self.0.extract_if(.., |(other, _)| other == name);
        ours.map(|(_, socket)| match socket {
            Socket::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                Ok(Listener::Tcp(tokio::net::TcpListener::from_std(socket)?))
            }
            Socket::Unix(socket) => {
                socket.set_nonblocking(true)?;
                Ok(Listener::Unix(tokio::net::UnixListener::from_std(socket)?))
            }
        })
        .collect()
    }
}
