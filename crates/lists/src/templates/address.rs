//! The addresses texts can have: `http:`, `https:`, `file:` and Mailman's own `mailman:`.

use posthaste_model::MailingList;

use super::catalogue;

/// An address, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Address {
    /// On the web.
    Web(String),
    /// A file of this host.
    File(String),
    /// `mailman:///[LIST/][LANGUAGE/]FILE`: looked for in the folders of texts.
    Folders {
        /// A list's posting address or list-id.
        list: Option<String>,
        /// A language.
        language: Option<String>,
        /// The name, without `.txt`.
        name: String,
    },
}

/// Reads an address; the error says what would do.
pub(super) fn read(uri: &str) -> Result<Address, String> {
    let lower = uri.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return Ok(Address::Web(uri.to_owned()));
    }
    let rest = |scheme: &str| lower.starts_with(scheme).then(|| uri.get(scheme.len()..).unwrap_or_default());
    if let Some(path) = rest("file://") {
        return if path.starts_with('/') {
            Ok(Address::File(path.to_owned()))
        } else {
            Err(format!("{uri}: a file's address is file:///PATH"))
        };
    }
    let wrong = || {
        format!(
            "{uri}: a text's address is http://…, https://…, file:///PATH or mailman:///[LIST/][LANGUAGE/]NAME"
        )
    };
    let path = rest("mailman:///").ok_or_else(wrong)?;
    let parts: Vec<_> = path.split('/').collect();
    if parts.iter().any(|part| part.is_empty() || part.starts_with('.')) {
        return Err(wrong());
    }
    let name = |file: &str| file.strip_suffix(".txt").unwrap_or(file).to_owned();
    Ok(match parts.as_slice() {
        [file] => Address::Folders { list: None, language: None, name: name(file) },
        [first, file] if is_language(first) => {
            Address::Folders { list: None, language: Some((*first).to_owned()), name: name(file) }
        }
        [list, file] => Address::Folders { list: Some((*list).to_owned()), language: None, name: name(file) },
        [list, language, file] if is_language(language) => Address::Folders {
            list: Some((*list).to_owned()),
            language: Some((*language).to_owned()),
            name: name(file),
        },
        _ => return Err(wrong()),
    })
}

/// True if this is how a language is written. A list is a name with a host.
pub(super) fn is_language(word: &str) -> bool {
    catalogue::languages().any(|l| l == word)
        || (word.len() <= 7
            && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
            && word.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Fills in what may differ from list to list.
pub(super) fn expand(uri: &str, list: Option<&MailingList>, host: &str, language: &str) -> String {
    crate::template::expand(uri, |name| {
        Some(match (name, list) {
            ("list_id", Some(list)) => list.list_id.to_string().into(),
            ("listname" | "fqdn_listname", Some(list)) => list.name.to_string().into(),
            ("domain_name" | "domain" | "mail_host", _) if !host.is_empty() => host.to_owned().into(),
            ("language", _) => language.to_owned().into(),
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let folders = |list: Option<&str>, language: Option<&str>, name: &str| {
            Ok(Address::Folders {
                list: list.map(Into::into),
                language: language.map(Into::into),
                name: name.into(),
            })
        };
        for (uri, wanted) in [
            ("https://x.org/$list_id", Ok(Address::Web("https://x.org/$list_id".into()))),
            ("HTTP://x.org", Ok(Address::Web("HTTP://x.org".into()))),
            ("file:///etc/x", Ok(Address::File("/etc/x".into()))),
            ("mailman:///a:b.txt", folders(None, None, "a:b")),
            ("mailman:///it/a:b", folders(None, Some("it"), "a:b")),
            ("mailman:///dev@x.org/a:b", folders(Some("dev@x.org"), None, "a:b")),
            ("mailman:///dev.x.org/pt_BR/a:b", folders(Some("dev.x.org"), Some("pt_BR"), "a:b")),
        ] {
            assert_eq!(read(uri), wanted, "{uri}");
        }
        for bad in [
            "",
            "x",
            "ftp://x.org/y",
            "file://host/x",
            "mailman:///",
            "mailman:///a/b/c/d",
            "mailman:///../x",
            "mailman:x",
        ] {
            assert!(read(bad).unwrap_err().starts_with(bad), "{bad}");
        }
    }
}
