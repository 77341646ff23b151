//! The disk whose power can be cut forgets exactly what was not synced.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use posthaste_testkit::Ext4;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn write(folder: &Path, name: &str, sync_file: bool, sync_folder: bool) {
    let (before, after) = (folder.join(format!("{name}.tmp")), folder.join(name));
    let mut file = File::create_new(&before).unwrap();
    file.write_all(b"mail").unwrap();
    if sync_file {
        file.sync_data().unwrap();
    }
    std::fs::rename(before, after).unwrap();
    if sync_folder {
        File::open(folder).unwrap().sync_all().unwrap();
    }
}

#[test]
fn a_name_survives_only_if_its_folder_was_synced() {
    let mut disk = Ext4::new(32).unwrap();
    write(&disk.path(), "durable", true, true);
    write(&disk.path(), "nameless", true, false);
    disk.cut().unwrap();
    assert!(File::create(disk.path().join("after")).is_err(), "nothing works without power");
    disk.restore().unwrap();
    assert_eq!(std::fs::read(disk.path().join("durable")).unwrap(), b"mail");
    assert!(!disk.path().join("nameless").exists());
}
