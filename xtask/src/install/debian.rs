//! Debian's own tools, quiet and without questions.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::{MailServer, look};
use crate::step::{output, run};

pub(super) fn is_this() -> bool {
    Path::new("/etc/debian_version").exists() && look::program(&["apt-get"]) && look::program(&["dpkg"])
}

pub(super) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Installs packages; none of their services is started.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    run(&mut apt(&["update"]))?;
    if packages.is_empty() {
        return Ok(());
    }
    let _quiet = NoServices::here()?;
    run(apt(&["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// Unpacks a package that cannot be installed beside another one; installs the libraries it needs and makes its
/// users. Needs package lists that `install` has brought up to date.
pub(super) fn unpack(server: &MailServer) -> Result<()> {
    let folder = server.folder();
    let downloads = folder.with_extension("download");
    std::fs::create_dir_all(&downloads).with_context(|| format!("cannot make {}", downloads.display()))?;

    let asked = output(Command::new("apt-cache").args(["depends", "--important", server.package]))?;
    let libraries: Vec<_> = asked
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .filter(|name| name.starts_with("lib"))
        .collect();
    let quiet = NoServices::here()?;
    run(apt(&["install", "--yes", "--no-install-recommends"]).args(libraries))?;
    drop(quiet);

    run(apt(&["download", server.package]).args(server.also).current_dir(&downloads))?;
    for file in std::fs::read_dir(&downloads)? {
        run(Command::new("dpkg").arg("--extract").arg(file?.path()).arg(&folder))?;
    }
    std::fs::remove_dir_all(&downloads)?;

    if !look::user(server.user) {
        run(Command::new("useradd").args(["--system", "--user-group", "--no-create-home"]).args([
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            server.user,
        ]))?;
    }
    match server.group {
        Some(group) if !look::group(group) => run(Command::new("groupadd").args(["--system", group])),
        _ => Ok(()),
    }
}

fn apt(words: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    // The download folder belongs to us, not to apt's own user.
    command.args(["-qq", "-o", "Dpkg::Use-Pty=0", "-o", "APT::Sandbox::User=root"]).args(words);
    command.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
    command
}

/// While this stands, packages that are installed start no service (invoke-rc.d asks this file).
struct NoServices {
    ours: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";
const REFUSE: &str = "#!/bin/sh\n# xtask: start nothing\nexit 101\n";

impl NoServices {
    fn here() -> Result<Self> {
        // One of ours that is still there was left by a run that was killed.
        if std::fs::read_to_string(POLICY).is_ok_and(|text| text != REFUSE) {
            return Ok(Self { ours: false });
        }
        std::fs::write(POLICY, REFUSE).with_context(|| format!("cannot write {POLICY}"))?;
        std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755))?;
        Ok(Self { ours: true })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}
