//! What the disk alone can do.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::source::percentile;

/// Files made durable a second by `threads` writers: write, fsync the file, rename, fsync the folder.
pub(super) fn durable_files(base: &Path, threads: usize, count: usize, size: usize) -> Result<f64> {
    let folder = tempfile::Builder::new().prefix("posthaste-disk-").tempdir_in(base)?;
    let (tmp, entries) = (folder.path().join("tmp"), folder.path().join("entries"));
    std::fs::create_dir(&tmp)?;
    std::fs::create_dir(&entries)?;
    let next = AtomicUsize::new(0);
    let content = vec![b'x'; size];
    let began = Instant::now();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return Ok(());
                        }
                        let name = number.to_string();
                        let mut file = File::create_new(tmp.join(&name))?;
                        file.write_all(&content)?;
                        file.sync_data()?;
                        std::fs::rename(tmp.join(&name), entries.join(&name))?;
                        File::open(&entries)?.sync_all()?;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().ok().context("a writer panicked")??;
        }
        anyhow::Ok(())
    })?;
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// The median time of appending a small record to a file and syncing it, with nothing else going on.
pub(super) fn append_time(base: &Path) -> Result<Duration> {
    let mut file = tempfile::tempfile_in(base)?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let began = Instant::now();
        file.write_all(&[b'x'; 500])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    Ok(percentile(&mut times, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_written() {
        let base = tempfile::tempdir().unwrap();
        assert!(durable_files(base.path(), 4, 20, 100).unwrap() > 0.0);
        assert!(append_time(base.path()).unwrap() > Duration::ZERO);
    }
}
