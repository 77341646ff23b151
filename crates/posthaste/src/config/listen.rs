use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::value::{Value, quoted, wrong};

/// Where a listener waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Listen {
    /// A TCP address and port; port 0 takes any free one.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Listen {
    /// A port of this machine that no other machine reaches.
    pub(crate) fn loopback(port: u16) -> Self {
        Self::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// True if other machines may reach it.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self, Self::Tcp(address) if !address.ip().is_loopback())
    }

    /// True if the two cannot both be listened on.
    pub(crate) fn clashes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unix(a), Self::Unix(b)) => a == b,
            (Self::Tcp(a), Self::Tcp(b)) => {
                let same = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
                same && a.port() == b.port() && a.port() != 0
            }
            _ => false,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Value for Listen {
    fn kind() -> String {
        "\"ip:port\" or \"unix:/path\"".to_owned()
    }

    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| wrong::<Self>(value))?;
        if let Some(path) = text.strip_prefix("unix:") {
            return socket(path, base);
        }
        if let Some(port) = text.strip_prefix("localhost:") {
            return Err(format!("{text:?} is a name, and a listener needs a number: 127.0.0.1:{port}"));
        }
        text.parse().map(Self::Tcp).map_err(|_| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// A socket path the kernel can bind: `sun_path` holds 108 bytes with its NUL (unix(7)).
fn socket(path: &str, base: &Path) -> Result<Listen, String> {
    let path = base.join(path);
    match path.as_os_str().len() {
        _ if path == base => Err("no path follows unix:".to_owned()),
        length if length > 107 => Err(format!("the path has {length} bytes, and a socket's may have 107")),
        _ => Ok(Listen::Unix(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Listen {
        Listen::Tcp(text.parse().unwrap())
    }

    #[test]
    fn clashes() {
        for (a, b, clash) in [
            ("127.0.0.1:25", "127.0.0.1:25", true),
            ("127.0.0.1:25", "0.0.0.0:25", true),
            ("127.0.0.1:25", "127.0.0.2:25", false),
            ("127.0.0.1:25", "127.0.0.1:24", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
        ] {
            assert_eq!(tcp(a).clashes(&tcp(b)), clash, "{a} {b}");
            assert_eq!(tcp(b).clashes(&tcp(a)), clash, "{b} {a}");
        }
        assert!(Listen::Unix("/a".into()).clashes(&Listen::Unix("/a".into())));
    }

    #[test]
    fn knows_what_others_reach() {
        assert!(!tcp("127.0.0.1:1").is_public());
        assert!(!tcp("[::1]:1").is_public());
        assert!(tcp("0.0.0.0:1").is_public());
        assert!(tcp("[::]:1").is_public());
        assert!(!Listen::Unix("/a".into()).is_public());
    }
}
