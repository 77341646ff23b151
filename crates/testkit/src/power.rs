//! A disk whose power can be cut.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::mta::need_root;

/// A small ext4 of its own, in a file, mounted over a loop device. Its power is cut by ext4's shutdown ioctl: what
/// was not synced is gone, as after a real power loss, and the journal is replayed at the next mount. It is also the
/// disk to fill up. Needs root and a kernel that lets root mount.
#[derive(Debug)]
pub struct Ext4 {
    folder: TempDir,
    mounted: bool,
}

/// `EXT4_IOC_SHUTDOWN`, `_IOR('X', 125, __u32)`, with the flag for "do not flush the journal". In Python, because an
/// ioctl is `unsafe` in Rust.
const SHUTDOWN: &str = "
import fcntl, os, struct, sys
disk = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(disk, 0x8004587d, struct.pack('I', 2))
";

impl Ext4 {
    /// Makes and mounts one of this size. Ext4 itself takes some of it.
    pub fn new(megabytes: u64) -> Result<Self> {
        need_root("a file system of its own")?;
        let mut disk =
            Self { folder: tempfile::Builder::new().prefix("posthaste-ext4-").tempdir()?, mounted: false };
        std::fs::create_dir(disk.path())?;
        std::fs::File::create(disk.image())?.set_len(megabytes * 1024 * 1024)?;
        // No lazy work later: a cut must meet the journal, not the formatting.
        let options = ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
        run(Command::new("mkfs.ext4").args(options).arg(disk.image()))?;
        disk.restore()?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    /// A temporary folder on it, for [`crate::Server::prepare_in`].
    pub fn folder(&self) -> Result<TempDir> {
        Ok(tempfile::tempdir_in(self.path())?)
    }

    /// Cuts the power: from now on every access fails, and what was not synced is lost. Processes that have files
    /// open there must be ended before [`Ext4::restore`].
    pub fn cut(&self) -> Result<()> {
        run(Command::new("python3").args(["-c", SHUTDOWN]).arg(self.path()))
    }

    /// Power is back: unmounts what was cut and mounts what the platter holds.
    pub fn restore(&mut self) -> Result<()> {
        self.unmount()?;
        // Every moment of the journal counts, so it is committed only when somebody syncs.
        let options = ["-o", "loop,commit=300"];
        run(Command::new("mount").args(options).arg(self.image()).arg(self.path()))?;
        self.mounted = true;
        Ok(())
    }

    fn unmount(&mut self) -> Result<()> {
        if std::mem::take(&mut self.mounted) {
            run(Command::new("umount").arg(self.path()))?;
        }
        Ok(())
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("disk")
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        if self.unmount().is_err() {
            // Somebody still sits on it; it goes when they go.
            let _ = run(Command::new("umount").arg("--lazy").arg(self.path()));
        }
    }
}

/// A folder that nobody can write to, not even root: mounted over itself, read-only, until dropped.
#[derive(Debug)]
pub struct ReadOnly {
    folder: PathBuf,
}

impl ReadOnly {
    /// Makes `folder` read-only. No process may have a file open for writing there.
    pub fn mount(folder: &Path) -> Result<Self> {
        need_root("a read-only mount")?;
        run(Command::new("mount").arg("--bind").arg(folder).arg(folder))?;
        let mount = Self { folder: folder.to_owned() };
        run(Command::new("mount").args(["-o", "remount,bind,ro"]).arg(folder))?;
        Ok(mount)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg(&self.folder));
    }
}

/// The library that shows a program another wall clock, for [`crate::ServerOptions::wall_clock`].
pub fn faketime() -> Result<PathBuf> {
    let name = "faketime/libfaketime.so.1";
    let folders = std::fs::read_dir("/usr/lib").context("cannot read /usr/lib")?;
    let mut places = folders.flatten().map(|folder| folder.path().join(name));
    places
        .find(|place| place.exists())
        .context("no libfaketime; `cargo xtask test` installs what the tests need")
}

fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    // Root's tools are not in everybody's search path.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let Some(program) =
        std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|file| file.is_file())
    else {
        bail!("no `{name}` here; `cargo xtask test` installs what the tests need")
    };
    let mut found = Command::new::<&Path>(program.as_ref());
    let output = found.args(command.get_args()).stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{name}: {}{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(())
}
