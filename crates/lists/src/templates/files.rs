//! Texts in files: `FOLDER/{lists/LIST-ID,domains/HOST,site}/LANGUAGE/NAME.txt`.

use std::path::{Path, PathBuf};

use super::catalogue;

/// The largest text, bytes.
pub(super) const LARGEST: usize = 256 * 1024;

/// Both footers of members, if a file has neither.
const GENERIC_FOOTER: &str = "list:member:generic:footer";

/// A text that was looked for in files, then among the built-in ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Hit {
    /// A file.
    File(PathBuf, String),
    /// Built in, in this language.
    BuiltIn(&'static str),
}

/// Looks in all folders language by language, and after the folders of a language, if wished, among the built-in texts.
/// Files that cannot be read are told in `problems`.
pub(super) fn search(
    root: Option<&Path>,
    folders: &[String],
    languages: &[String],
    name: &str,
    built_in_too: bool,
    problems: &mut Vec<String>,
) -> Option<Hit> {
    let root = root.filter(|root| root.is_dir());
    let generic = name.ends_with(":footer").then_some(GENERIC_FOOTER);
    for language in languages {
        for name in [name].into_iter().chain(generic) {
            for folder in root.iter().flat_map(|root| folders.iter().map(|folder| root.join(folder))) {
                let path = folder.join(language).join(format!("{name}.txt"));
                match read(&path) {
                    Ok(text) => return Some(Hit::File(path, text)),
                    Err(None) => {}
                    Err(Some(why)) => problems.push(why),
                }
            }
        }
        let built_in = built_in_name(name);
        if built_in_too
            && let Some(language) = catalogue::languages().find(|l| l == language)
            && catalogue::entry(language, built_in).is_some()
        {
            return Some(Hit::BuiltIn(language));
        }
    }
    None
}

/// What a file stands for among the built-in texts.
pub(super) fn built_in_name(name: &str) -> &str {
    if name == GENERIC_FOOTER { "list:member:regular:footer" } else { name }
}

/// A file's text; no error if it is not there.
pub(super) fn read(path: &Path) -> Result<String, Option<String>> {
    let told = |why: String| Some(format!("{}: {why}", path.display()));
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(None),
        Ok(found) if found.len() > LARGEST as u64 => {
            return Err(told(format!("a text of more than {LARGEST} bytes is not read")));
        }
        _ => {}
    }
    let bytes = std::fs::read(path).map_err(|error| told(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| told("it is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_come_before_places() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let folders = ["lists/dev.x.org", "domains/x.org", "site"].map(str::to_owned);
        let find = |languages: &[&str], name: &str| {
            let languages: Vec<_> = languages.iter().map(|l| (*l).to_owned()).collect();
            let mut problems = vec![];
            let hit = search(Some(root.path()), &folders, &languages, name, true, &mut problems);
            assert_eq!(problems, Vec::<String>::new());
            match hit {
                Some(Hit::File(_, text)) => text,
                Some(Hit::BuiltIn(language)) => format!("built in, {language}"),
                None => "none".to_owned(),
            }
        };
        let hold = "list:user:notice:hold";
        assert_eq!(find(&["tlh", "en"], hold), "built in, en");
        write("site/tlh/list:user:notice:hold.txt", "site tlh");
        write("lists/dev.x.org/en/list:user:notice:hold.txt", "list en");
        assert_eq!(find(&["tlh", "en"], hold), "site tlh");
        assert_eq!(find(&["en"], hold), "list en");
        write("domains/x.org/tlh/list:user:notice:hold.txt", "domain tlh");
        assert_eq!(find(&["tlh", "en"], hold), "domain tlh");
        let footer = "list:member:digest:footer";
        assert_eq!(find(&["en"], footer), "built in, en");
        write("site/en/list:member:generic:footer.txt", "generic");
        assert_eq!(find(&["en"], footer), "generic");
        write("site/en/list:member:digest:footer.txt", "digest");
        assert_eq!(find(&["en"], footer), "digest");
        assert_eq!(find(&["en"], "no:such:name"), "none");
    }

    #[test]
    fn bad_files_are_told_of() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("x.txt");
        assert_eq!(read(&path), Err(None));
        std::fs::write(&path, b"\xff").unwrap();
        assert!(read(&path).unwrap_err().unwrap().ends_with("x.txt: it is not UTF-8"));
        std::fs::write(&path, vec![b'x'; LARGEST + 1]).unwrap();
        assert!(read(&path).is_err());
    }
}
