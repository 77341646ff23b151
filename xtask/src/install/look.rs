//! Is it there already?

use std::path::{Path, PathBuf};

/// One of these names stands in the search path, or where daemons stand.
pub(super) fn program(names: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let daemons = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(daemons)
        .any(|folder| names.iter().any(|name| folder.join(name).is_file()))
}

/// Debian keeps PostgreSQL's programs out of the search path, by version.
pub(super) fn postgres() -> bool {
    program(&["postgres"]) || below("/usr/lib/postgresql", "bin/postgres")
}

/// The library that shows a program another time; by architecture.
pub(super) fn faketime() -> bool {
    below("/usr/lib", "faketime/libfaketime.so.1")
        || Path::new("/usr/local/lib/faketime/libfaketime.so.1").exists()
}

pub(super) fn user(name: &str) -> bool {
    listed("/etc/passwd", name)
}

pub(super) fn group(name: &str) -> bool {
    listed("/etc/group", name)
}

fn listed(file: &str, name: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().any(|line| line.split(':').next() == Some(name))
}

/// Has any folder directly in `top` this file?
fn below(top: &str, file: &str) -> bool {
    std::fs::read_dir(top)
        .is_ok_and(|folders| folders.flatten().any(|folder| folder.path().join(file).exists()))
}
