//! Which row of the path table is tested by what: made from the names of the tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// The rows that somebody promised; what is in no test is told in the table.
const ROWS: u8 = 66;

/// The names of the tests that name rows, by row.
fn tests() -> BTreeMap<u8, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rows");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|file| file.path()).collect();
    files.sort();
    let mut tests = BTreeMap::<u8, Vec<String>>::new();
    for file in files {
        let module = file.file_stem().unwrap().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let line = line.trim_start();
            let Some(name) = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")) else {
                continue;
            };
            let name = name.split('(').next().unwrap_or_default();
            let Some(rest) = name.strip_prefix("row_") else { continue };
            for row in rest.split('_').map_while(|word| word.parse().ok()) {
                tests.entry(row).or_default().push(format!("{module}::{name}"));
            }
        }
    }
    tests
}

#[test]
fn the_table_of_rows_is_what_the_tests_say() {
    let mut routes = BTreeMap::<u8, Vec<(&str, Vec<&str>)>>::new();
    for route in posthaste_rest::routes() {
        let paths = routes.entry(route.row).or_default();
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, methods)) => methods.push(route.method),
            None => paths.push((route.path, vec![route.method])),
        }
    }
    let tests = tests();
    let mut text = String::from(
        "# The rows of the REST interface and their tests\n\nMade from the names of the tests in `crates/rest/tests/rows` by \
         `POSTHASTE_UPDATE_DOCS=1 cargo nextest run -p posthaste-rest --test rows table`.\n\n\
         | row | path | methods | tests |\n|---|---|---|---|\n",
    );
    for row in 1..=ROWS {
        let none = vec![];
        let known = routes.get(&row).unwrap_or(&none);
        let paths: Vec<_> = known.iter().map(|(path, _)| format!("`{path}`")).collect();
        let mut methods: Vec<_> = known.iter().flat_map(|(_, methods)| methods.clone()).collect();
        methods.sort_unstable();
        methods.dedup();
        let tests = tests.get(&row).map_or_else(|| "**none**".to_owned(), |names| names.join("<br>"));
        let paths = if paths.is_empty() { "not served".to_owned() } else { paths.join("<br>") };
        let _ = writeln!(text, "| {row} | {paths} | {} | {tests} |", methods.join(" "));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/develop/rest-rows.md");
    if std::env::var_os("POSTHASTE_UPDATE_DOCS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == text, "{} is old: run this test with POSTHASTE_UPDATE_DOCS=1", file.display());
}
