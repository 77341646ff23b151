//! Ports that belong to one test for as long as it holds them.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

/// Below the range that kernels give to outgoing connections, so nobody takes a port while its server restarts.
const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

/// A loopback port reserved across processes: other tests keep off it until this is dropped, even while
/// nothing listens on it.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Finds a port that no test holds and nothing listens on.
    pub fn reserve() -> Result<Self> {
        let folder = folder();
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let span = u32::from(LAST - FIRST) + 1;
        let start = std::process::id().wrapping_mul(97);
        for step in 0..span {
            let number = FIRST + (start.wrapping_add(step) % span) as u16;
            let lock = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(folder.join(number.to_string()))
                .with_context(|| format!("cannot open the lock of port {number}"))?;
            let ours = flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
            if ours && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        bail!("no free port between {FIRST} and {LAST} on 127.0.0.1")
    }

    /// The number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The port on 127.0.0.1.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

fn folder() -> PathBuf {
    std::env::temp_dir().join("posthaste-testkit-ports")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_reservations_differ() {
        let one = Port::reserve().unwrap();
        let two = Port::reserve().unwrap();
        assert_ne!(one.number(), two.number());
    }

    #[test]
    fn a_listening_port_is_passed_over() {
        let one = Port::reserve().unwrap();
        let number = one.number();
        let listener = TcpListener::bind(one.addr()).unwrap();
        drop(one);
        assert_ne!(Port::reserve().unwrap().number(), number);
        drop(listener);
    }
}
