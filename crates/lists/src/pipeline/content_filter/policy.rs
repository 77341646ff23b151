use posthaste_mime::{Part, file_names};
use posthaste_model::ListSettings;

use super::{NAME, Removed};
use crate::reason::Reason;

/// What a list lets pass.
pub(super) struct Policy {
    filter_types: Vec<String>,
    pass_types: Vec<String>,
    filter_extensions: Vec<String>,
    pass_extensions: Vec<String>,
}

/// Why a part is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// The list names its type.
    TypeDisallowed(String),
    /// The list names others.
    TypeNotAllowed(String),
    /// The list names its extension.
    ExtensionDisallowed(String),
    /// The list names others.
    ExtensionNotAllowed(String),
    /// It says that it has parts, and none can be found.
    Unreadable(String),
}

impl Refusal {
    /// About the whole post.
    pub(super) fn reason(self) -> Reason {
        let (key, name, value) = match self {
            Self::TypeDisallowed(kind) => ("reason.content-type-filtered", "type", kind),
            Self::TypeNotAllowed(kind) => ("reason.content-type-not-passed", "type", kind),
            Self::ExtensionDisallowed(extension) => ("reason.extension-filtered", "extension", extension),
            Self::ExtensionNotAllowed(extension) => ("reason.extension-not-passed", "extension", extension),
            Self::Unreadable(kind) => ("reason.content-unreadable", "type", kind),
        };
        Reason::phrase(NAME, key, [(name, value)])
    }
}

impl Policy {
    pub(super) fn of(settings: &ListSettings) -> Self {
        let lower = |entries: &[String]| -> Vec<String> {
            entries.iter().map(|e| e.trim().to_lowercase()).filter(|e| !e.is_empty()).collect()
        };
        let types = |entries: &[String]| -> Vec<String> {
            lower(entries)
                .into_iter()
                .map(|e| e.strip_suffix("/*").map(ToOwned::to_owned).unwrap_or(e))
                .collect()
        };
        let extensions = |entries: &[String]| -> Vec<String> {
            lower(entries).iter().map(|e| e.trim_start_matches(['*', '.']).to_owned()).collect()
        };
        Self {
            filter_types: types(&settings.filter_types),
            pass_types: types(&settings.pass_types),
            filter_extensions: extensions(&settings.filter_extensions),
            pass_extensions: extensions(&settings.pass_extensions),
        }
    }

    /// Why this part, whatever may be in it, is refused; `None` if it is not.
    pub(super) fn refuses(&self, part: &Part) -> Option<Refusal> {
        let kind = part.kind();
        let main = kind.split('/').next().unwrap_or_default();
        let named = |entries: &[String]| entries.iter().any(|entry| entry == kind || entry == main);
        if named(&self.filter_types) {
            return Some(Refusal::TypeDisallowed(kind.to_owned()));
        }
        if !self.pass_types.is_empty() && !named(&self.pass_types) {
            return Some(Refusal::TypeNotAllowed(kind.to_owned()));
        }
        if part.is_unreadable() {
            // Some reader may find in it what we cannot.
            return Some(Refusal::Unreadable(kind.to_owned()));
        }
        let extensions: Vec<String> = file_names(part.head()).iter().filter_map(|n| extension(n)).collect();
        if let Some(bad) = extensions.iter().find(|e| self.filter_extensions.contains(e)) {
            return Some(Refusal::ExtensionDisallowed(bad.clone()));
        }
        let strange = extensions.into_iter().find(|e| !self.pass_extensions.contains(e));
        strange.filter(|_| !self.pass_extensions.is_empty()).map(Refusal::ExtensionNotAllowed)
    }

    /// Takes out of `part` what is refused; false if nothing of it is left.
    pub(super) fn prune(&self, part: &mut Part, removed: &mut Vec<Removed>) -> bool {
        if part.parts().is_empty() {
            return true;
        }
        let keep = |inner: &mut Part, removed: &mut Vec<Removed>| {
            if self.refuses(inner).is_some() {
                removed.push(Removed::of(inner));
                return false;
            }
            self.prune(inner, removed)
        };
        if part.is_message() {
            return part.parts_mut().iter_mut().all(|inner| keep(inner, removed));
        }
        part.retain(|inner| keep(inner, removed));
        !part.parts().is_empty()
    }
}

/// What stands behind the last dot, in lower case. Blanks and dots at the end do not count, as on Windows.
fn extension(name: &str) -> Option<String> {
    let (_, extension) = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace()).rsplit_once('.')?;
    (!extension.is_empty() && !extension.contains(['/', '\\'])).then(|| extension.to_lowercase())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use posthaste_mime::Message;

    use super::*;

    #[test]
    fn extensions() {
        for (name, wanted) in [
            ("a.PDF", Some("pdf")),
            ("a.tar.gz", Some("gz")),
            ("virus.exe. .", Some("exe")),
            ("none", None),
            ("dir.d/file", None),
            (".hidden", Some("hidden")),
            ("ä.ÄÖ", Some("äö")),
            ("...", None),
        ] {
            assert_eq!(extension(name).as_deref(), wanted, "{name}");
        }
    }

    #[test]
    fn entries_are_read_as_people_write_them() {
        let settings = ListSettings {
            filter_types: vec![" Image/* ".into(), "TEXT/HTML".into(), String::new()],
            filter_extensions: vec![".Exe".into(), "*.scr".into(), "bat".into()],
            ..ListSettings::default()
        };
        let policy = Policy::of(&settings);
        for (head, refused) in [
            ("Content-Type: image/png", true),
            ("Content-Type: imagex/png", false),
            ("Content-Type: text/html", true),
            ("Content-Type: text/plain", false),
            ("Content-Type: text/plain; name=x.EXE", true),
            ("Content-Disposition: attachment; filename=x.scr", true),
            ("Content-Disposition: attachment; filename*=utf-8''x%2Ebat", true),
            ("Content-Disposition: attachment; filename=x.txt", false),
            ("Content-Disposition: attachment; filename=x.txt\r\nContent-Type: a/b; name=x.bat", true),
            ("Content-Type: multipart/mixed", true),
        ] {
            let part = Part::of(&Message::parse(Bytes::from(format!("{head}\r\n\r\n"))));
            assert_eq!(policy.refuses(&part).is_some(), refused, "{head}");
        }
    }
}
