//! What the tests need from the machine: found, or installed on Debian, or named.

mod browser;
mod debian;
mod look;
mod python;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::step::step;
use crate::workspace::root;

/// A tool of the tests, and the Debian package that brings it.
struct Need {
    package: &'static str,
    found: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need { package: "postgresql", found: look::postgres },
    Need { package: "mariadb-server", found: || look::program(&["mariadbd", "mysqld"]) },
    Need { package: "swaks", found: || look::program(&["swaks"]) },
    Need { package: "strace", found: || look::program(&["strace"]) },
    Need { package: "e2fsprogs", found: || look::program(&["mkfs.ext4"]) },
    Need { package: "python3", found: || look::program(&["python3"]) },
    Need { package: "python3-venv", found: python::has_venv },
    Need { package: "openssl", found: || look::program(&["openssl"]) },
    Need { package: "systemd", found: || look::program(&["systemd-analyze"]) },
    Need { package: "chromium", found: || look::program(&["chromium"]) },
    Need { package: "nodejs", found: || look::program(&["node"]) },
    Need { package: "npm", found: || look::program(&["npm"]) },
    // For promtool; its daemon is not started, like that of no other package.
    Need { package: "prometheus", found: || look::program(&["promtool"]) },
    Need { package: "libfaketime", found: look::faketime },
];

/// A mail server of the tests. Debian's packages of the two exclude each other, so the second one is unpacked into
/// `target/tools/<name>` and runs from there.
struct MailServer {
    /// The folder below `target/tools`.
    name: &'static str,
    package: &'static str,
    /// Packages it is made of besides.
    also: &'static [&'static str],
    /// What is looked for, below `/` or below the folder.
    binary: &'static str,
    user: &'static str,
    /// A group besides the user's own.
    group: Option<&'static str>,
}

const POSTFIX: MailServer = MailServer {
    name: "postfix",
    package: "postfix",
    also: &[],
    binary: "usr/lib/postfix/sbin/master",
    user: "postfix",
    group: Some("postdrop"),
};
const EXIM: MailServer = MailServer {
    name: "exim",
    package: "exim4-daemon-light",
    also: &[],
    binary: "usr/sbin/exim4",
    user: "Debian-exim",
    group: None,
};

/// The news server; never installed, for its package brings jobs that mail their reports to root.
const INN: MailServer = MailServer {
    name: "inn",
    package: "inn2",
    also: &["inn2-inews"],
    binary: "usr/lib/news/bin/innd",
    user: "news",
    group: None,
};

impl MailServer {
    fn installed(&self) -> bool {
        PathBuf::from("/").join(self.binary).exists()
    }

    fn unpacked(&self) -> bool {
        self.folder().join(self.binary).exists()
            && look::user(self.user)
            && self.group.is_none_or(look::group)
    }

    fn present(&self) -> bool {
        self.installed() || self.unpacked()
    }

    /// Outside Cargo's own folders, and the same wherever `CARGO_TARGET_DIR` points: the tests look here.
    fn folder(&self) -> PathBuf {
        root().join("target/tools").join(self.name)
    }
}

pub(crate) fn run() -> Result<()> {
    step("what the tests need", || {
        let mut packages: Vec<_> =
            NEEDS.iter().filter(|need| !(need.found)()).map(|need| need.package).collect();
        let (mut install, mut unpack) = (None, Vec::new());
        for server in [&EXIM, &POSTFIX].into_iter().filter(|server| !server.present()) {
            if install.is_none() && !EXIM.installed() && !POSTFIX.installed() {
                install = Some(server.package);
            } else {
                unpack.push(server);
            }
        }
        if !INN.present() {
            unpack.push(&INN);
        }
        packages.extend(install);
        if packages.is_empty() && unpack.is_empty() {
            return fetch();
        }
        let mut missing = packages.clone();
        missing.extend(unpack.iter().map(|server| server.package));
        if !debian::is_this() || !debian::is_root() {
            bail!("{}", advice(&missing));
        }
        println!("    to be installed: {}", missing.join(", "));
        debian::install(&packages)?;
        unpack.into_iter().try_for_each(debian::unpack)?;
        match NEEDS.iter().find(|need| !(need.found)()) {
            Some(need) => bail!(
                "Debian's package {} is installed, and what the tests need of it is not there",
                need.package
            ),
            None => fetch(),
        }
    })
}

/// What comes from npm and from `PyPI`.
fn fetch() -> Result<()> {
    browser::fetch()?;
    python::fetch()
}

fn advice(missing: &[&str]) -> String {
    let list = missing.join(" ");
    if debian::is_this() {
        return format!(
            "the tests need what these Debian packages bring: {list}\nRun `cargo xtask test` once as root, and it \
             installs them (Postfix and Exim exclude each other in Debian; the second is unpacked into target/tools)."
        );
    }
    format!(
        "the tests need these tools, by their Debian names: {list}\nInstall them with this system's package manager; \
         on Debian, `cargo xtask test` as root does it by itself."
    )
}
