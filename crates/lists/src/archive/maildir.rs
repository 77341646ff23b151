use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::folder::{about, of_list, on_disk, sync};
use super::{Archiver, Keeping, Kept, Piece};

/// A maildir for each list: `FOLDER/dev@lists.example.org/new/…`.
pub struct Maildir {
    root: PathBuf,
}

impl Maildir {
    /// Below this folder.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }
}

impl Archiver for Maildir {
    fn name(&self) -> &'static str {
        "prototype"
    }

    fn keep<'a>(&'a self, piece: Piece<'a>) -> Keeping<'a> {
        let folder = of_list(&self.root, piece.list);
        // The same name each time, so that a post that is brought again takes the place of itself.
        let name = format!("{}.{}.{}", piece.received.as_secs(), piece.id, piece.list.name.host());
        let message = piece.message.clone();
        Box::pin(async move {
            on_disk(move || deliver(&folder, &name, &message)).await?;
            Ok(Kept::There(None))
        })
    }
}

fn deliver(folder: &Path, name: &str, message: &Bytes) -> io::Result<()> {
    for part in ["tmp", "new", "cur"] {
        let part = folder.join(part);
        fs::create_dir_all(&part).map_err(about(&part))?;
    }
    let cur = folder.join("cur");
    for file in fs::read_dir(&cur).map_err(about(&cur))? {
        // Somebody has read it already.
        if file?.file_name().to_string_lossy().starts_with(name) {
            return Ok(());
        }
    }
    let (tmp, new) = (folder.join("tmp").join(name), folder.join("new"));
    let mut file = File::create(&tmp).map_err(about(&tmp))?;
    // Files in a maildir have the line ends of the machine.
    let local: Vec<u8> = message.iter().copied().filter(|b| *b != b'\r').collect();
    file.write_all(&local).and_then(|()| file.sync_all()).map_err(about(&tmp))?;
    fs::rename(&tmp, new.join(name)).map_err(about(&new))?;
    sync(&new)
}
