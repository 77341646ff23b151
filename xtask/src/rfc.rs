//! `cargo xtask rfc`: which file says that it follows which section of which RFC.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::step::step;
use crate::workspace::root;

/// RFC number, then section (empty for the whole), then files.
type Index = BTreeMap<(u32, Vec<u32>, String), BTreeSet<String>>;

pub(crate) fn write() -> Result<()> {
    step("rfc", || {
        let page = page(&collect(&root())?);
        let path = page_path();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
    })
}

pub(crate) fn check() -> Result<()> {
    step("rfc", || {
        let found = std::fs::read_to_string(page_path()).unwrap_or_default();
        let current = found == page(&collect(&root())?);
        ensure!(current, "docs/develop/rfc.md is out of date; `cargo xtask rfc` writes it anew");
        Ok(())
    })
}

fn page_path() -> PathBuf {
    root().join("docs/develop/rfc.md")
}

fn collect(root: &Path) -> Result<Index> {
    let mut index = Index::new();
    let mut folders = vec![root.join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
                for (number, section) in mentions(&text) {
                    let order = section.split('.').filter_map(|part| part.parse().ok()).collect();
                    index.entry((number, order, section)).or_default().insert(name.clone());
                }
            }
        }
    }
    Ok(index)
}

/// `RFC 5321 §4.5.2` in a text, as number and section; the section is empty if none is named.
fn mentions(text: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("RFC ") {
        let after = text.get(at + 4..).unwrap_or_default();
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = after.get(..digits).unwrap_or_default().parse() else { continue };
        let rest = after.get(digits..).unwrap_or_default().trim_start_matches([' ', ',']);
        let section = rest.strip_prefix('§').map(str::trim_start).unwrap_or_default();
        let section: String =
            section.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '.').collect();
        found.push((number, section.trim_end_matches('.').to_owned()));
    }
    found
}

fn page(index: &Index) -> String {
    let mut page = String::from(
        "# RFCs and where they are followed\n\nWritten by `cargo xtask rfc` from the comments in the code.\n",
    );
    let mut last = None;
    for ((number, _, section), files) in index {
        if last != Some(*number) {
            let _ = write!(page, "\n## RFC {number}\n\n| section | files |\n|---|---|\n");
            last = Some(*number);
        }
        let section = if section.is_empty() { "in general".to_owned() } else { format!("§{section}") };
        let files: Vec<_> = files.iter().map(|file| format!("`{file}`")).collect();
        let _ = writeln!(page, "| {section} | {} |", files.join(", "));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_found() {
        let text = "// RFC 5321 §4.5.2, RFC 2033.\n//! RFC 3463, § 2 and RFC 821 §A.1. RFC x";
        let found = mentions(text);
        let expected = [(5321, "4.5.2"), (2033, ""), (3463, "2"), (821, "A.1")];
        assert_eq!(found, expected.map(|(number, section)| (number, section.to_owned())));
    }

    #[test]
    fn sections_stand_in_their_order() {
        let mut index = Index::new();
        for section in ["10", "2", "4.5.2", "4.5"] {
            let order = section.split('.').filter_map(|part| part.parse().ok()).collect();
            index.insert((5321, order, section.to_owned()), BTreeSet::from(["a.rs".to_owned()]));
        }
        let page = page(&index);
        let at = |text: &str| page.find(text).unwrap();
        assert!(
            at("| §2 |") < at("| §4.5 |")
                && at("| §4.5 |") < at("| §4.5.2 |")
                && at("| §4.5.2 |") < at("| §10 |")
        );
    }
}
