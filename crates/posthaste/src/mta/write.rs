//! Keeps the tables as the lists are.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use posthaste_lists::Names;

use super::{destination, maps};
use crate::config::{Config, Maps};

/// Where the tables are.
pub(crate) fn folder(config: &Config) -> PathBuf {
    config.mta.maps_folder.clone().unwrap_or_else(|| config.paths.state.join("mta"))
}

/// Writes what differs; says what was written, and everything that could not be.
pub(crate) fn write(config: &Config, names: &Names) -> (Vec<PathBuf>, Vec<String>) {
    let (mut written, mut problems) = (vec![], vec![]);
    let folder = folder(config);
    for (name, text) in maps::files(config.mta.maps, names, &destination(config)) {
        let file = folder.join(name);
        let done = match text {
            Some(text) => put(&file, &text),
            None => take_away(&file),
        };
        let changed = done.unwrap_or_else(|error| {
            problems.push(format!("cannot write {}: {error}", file.display()));
            false
        });
        if file.exists() && config.mta.maps.is_compiled() && (changed || is_stale(config.mta.maps, &file)) {
            problems.extend(compile(config, &file).err());
        }
        if changed {
            written.push(file);
        }
    }
    if let Some(folder) = &config.mta.exim_lists {
        problems.extend(list_folders(folder, names).err());
    }
    (written, problems)
}

/// Writes beside and renames, so that Postfix never reads half a table. True if it was not so before.
fn put(file: &Path, text: &str) -> io::Result<bool> {
    if fs::read(file).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(false);
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = file.with_extension("new");
    let mut new = fs::File::create(&beside)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    fs::rename(&beside, file)?;
    Ok(true)
}

fn take_away(file: &Path) -> io::Result<bool> {
    for compiled in ["db", "lmdb"] {
        let _ = fs::remove_file(file.with_extension(compiled));
    }
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// True if the compiled table is missing or older than its text: an earlier try failed.
fn is_stale(kind: Maps, file: &Path) -> bool {
    let compiled = file.with_extension(if kind == Maps::Lmdb { "lmdb" } else { "db" });
    let time = |path: &Path| fs::metadata(path).and_then(|m| m.modified()).ok();
    time(&compiled) < time(file)
}

fn compile(config: &Config, file: &Path) -> Result<(), String> {
    let postmap = &config.mta.postmap;
    let named = format!("{}:{}", config.mta.maps.as_str(), file.display());
    let failed = |why: String| {
        format!(
            "{} {named}: {why}; Postfix goes on with the old table (mta.maps = \"regexp\" needs no postmap)",
            postmap.display()
        )
    };
    let told = Command::new(postmap).arg(&named).output().map_err(|error| failed(error.to_string()))?;
    if told.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&told.stderr).trim().to_owned()))
}

/// One folder for each list, none for others. A folder that holds something is somebody's, and stays.
fn list_folders(folder: &Path, names: &Names) -> Result<(), String> {
    let failed =
        |error: io::Error| format!("cannot keep the folders of lists in {}: {error}", folder.display());
    let wanted: Vec<String> = names.lists.iter().map(|l| format!("{}.{}", l.local(), l.host())).collect();
    for name in &wanted {
        fs::create_dir_all(folder.join(name)).map_err(failed)?;
    }
    for found in fs::read_dir(folder).map_err(failed)? {
        let found = found.map_err(failed)?;
        if !wanted.iter().any(|name| found.file_name().to_str() == Some(name)) {
            let _ = fs::remove_dir(found.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use posthaste_model::ListName;

    use super::*;

    fn names(lists: &[&str]) -> Names {
        Names { lists: lists.iter().map(|l| ListName::parse(l).unwrap()).collect(), ..Names::default() }
    }

    fn config(folder: &Path, maps: Maps) -> Config {
        let mut config = Config::default();
        config.mta.maps = maps;
        config.mta.maps_folder = Some(folder.join("maps"));
        config.mta.exim_lists = Some(folder.join("lists"));
        config.mta.postmap = "/bin/false".into();
        config
    }

    #[test]
    fn only_what_differs_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), Maps::Regexp);
        let (written, problems) = write(&config, &names(&["dev@x.org"]));
        assert_eq!((written.len(), problems), (2, vec![]));
        assert_eq!(write(&config, &names(&["dev@x.org"])).0, Vec::<PathBuf>::new());
        assert_eq!(
            write(&config, &names(&["dev@x.org", "a@x.org"])).0,
            [folder.path().join("maps/postfix_lmtp")]
        );
        let kept = folder.path().join("lists/mine.x.org");
        fs::create_dir_all(kept.join("inside")).unwrap();
        write(&config, &names(&["a@x.org"]));
        let mut folders: Vec<_> =
            fs::read_dir(folder.path().join("lists")).unwrap().map(|e| e.unwrap().file_name()).collect();
        folders.sort();
        assert_eq!(folders, ["a.x.org", "mine.x.org"]);
    }

    #[test]
    fn a_postmap_that_fails_is_reported_and_tried_again_and_the_texts_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), Maps::Lmdb);
        for _ in 0..2 {
            let (_, problems) = write(&config, &names(&["dev@x.org"]));
            assert_eq!(problems.len(), 2, "{problems:?}");
            assert!(
                problems[0].contains("/bin/false lmdb:") && problems[0].contains("regexp"),
                "{problems:?}"
            );
        }
        assert!(folder.path().join("maps/postfix_domains").exists());
    }
}
