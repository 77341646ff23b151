//! A disk that fails on command.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use posthaste_spool::{Disk, DiskFile, Space};
use rustix::io::Errno;

use super::DiskFault;

/// How long a slow disk takes to make something durable.
const SLOW: Duration = Duration::from_millis(200);

/// Another disk, with faults.
pub(super) struct DrillDisk {
    real: Arc<dyn Disk>,
    fault: Arc<AtomicU8>,
}

struct DrillFile {
    real: Box<dyn DiskFile>,
    fault: Arc<AtomicU8>,
}

/// What a call is about to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// A new name, which takes an inode.
    Name,
    /// Octets.
    Write,
    /// Names that exist.
    Rename,
    /// Durability.
    Sync,
}

fn fault(fault: &AtomicU8) -> DiskFault {
    use DiskFault::{Fsync, Full, NoInodes, None, ReadOnly, Slow};
    let now = fault.load(Ordering::Relaxed);
    [Full, NoInodes, ReadOnly, Fsync, Slow].into_iter().find(|f| *f as u8 == now).unwrap_or(None)
}

/// The error of this deed under the present fault; slow disks take their time here.
fn suffer(now: &AtomicU8, deed: Deed) -> io::Result<()> {
    let errno = match (fault(now), deed) {
        (DiskFault::Full, Deed::Write) | (DiskFault::NoInodes, Deed::Name) => Errno::NOSPC,
        (DiskFault::ReadOnly, _) => Errno::ROFS,
        (DiskFault::Fsync, Deed::Sync) => Errno::IO,
        (DiskFault::Slow, Deed::Sync) => {
            std::thread::sleep(SLOW);
            return Ok(());
        }
        _ => return Ok(()),
    };
    Err(errno.into())
}

impl DrillDisk {
    pub(super) fn new(real: Arc<dyn Disk>) -> Self {
        Self { real, fault: Arc::default() }
    }

    /// From now on it fails so.
    pub(super) fn fail(&self, how: DiskFault) {
        self.fault.store(how as u8, Ordering::Relaxed);
    }

    fn wrap(&self, real: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(DrillFile { real, fault: self.fault.clone() })
    }
}

impl Disk for DrillDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        suffer(&self.fault, Deed::Name)?;
        Ok(self.wrap(self.real.create(path)?))
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        if write && fault(&self.fault) == DiskFault::ReadOnly {
            return Err(Errno::ROFS.into());
        }
        Ok(self.wrap(self.real.open(path, write)?))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.real.exists(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        suffer(&self.fault, Deed::Rename)?;
        self.real.rename(from, to)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        suffer(&self.fault, Deed::Rename)?;
        self.real.unlink(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        suffer(&self.fault, Deed::Sync)?;
        self.real.sync_dir(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        suffer(&self.fault, Deed::Name)?;
        self.real.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.real.list(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        self.real.lock(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let space = self.real.space(path)?;
        Ok(match fault(&self.fault) {
            DiskFault::Full => Space { free: 0, ..space },
            DiskFault::NoInodes => Space { inodes: space.inodes.max(1000), free_inodes: 0, ..space },
            _ => space,
        })
    }
}

impl DiskFile for DrillFile {
    fn len(&self) -> io::Result<u64> {
        self.real.len()
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.real.read(offset, length)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        suffer(&self.fault, Deed::Write)?;
        self.real.write(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        suffer(&self.fault, Deed::Sync)?;
        self.real.sync()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        suffer(&self.fault, Deed::Rename)?;
        self.real.truncate(length)
    }
}

#[cfg(test)]
mod tests {
    use posthaste_spool::RealDisk;

    use super::*;

    #[test]
    fn each_fault_strikes_where_it_would() {
        let folder = tempfile::tempdir().unwrap();
        let disk = DrillDisk::new(Arc::new(RealDisk));
        let path = folder.path().join("a");
        let errors = |how| {
            disk.fail(how);
            let created = disk.create(&folder.path().join("new")).map(|_| ());
            let file = RealDisk.create(&path).map(|file| disk.wrap(file)).unwrap();
            let code = |done: io::Result<()>| done.err().and_then(|e| e.raw_os_error());
            let written = file.write(0, b"x");
            [code(created), code(written), code(file.sync()), code(disk.sync_dir(folder.path()))]
        };
        let (full, read_only, io) = (
            Some(Errno::NOSPC.raw_os_error()),
            Some(Errno::ROFS.raw_os_error()),
            Some(Errno::IO.raw_os_error()),
        );
        assert_eq!(errors(DiskFault::None), [None; 4]);
        assert_eq!(errors(DiskFault::Full), [None, full, None, None]);
        assert_eq!(errors(DiskFault::NoInodes), [full, None, None, None]);
        assert_eq!(errors(DiskFault::ReadOnly), [read_only; 4]);
        assert_eq!(errors(DiskFault::Fsync), [None, None, io, io]);
        assert_eq!(errors(DiskFault::Slow), [None; 4]);
        disk.fail(DiskFault::Full);
        assert_eq!(disk.space(folder.path()).unwrap().free, 0);
        disk.fail(DiskFault::NoInodes);
        assert_eq!(disk.space(folder.path()).unwrap().free_inodes, 0);
    }
}
