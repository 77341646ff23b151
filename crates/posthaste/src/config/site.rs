use std::path::Path;

use posthaste_model::Address;
use toml::de::DeValue;

use super::key::section;
use super::value::{Value, quoted, wrong};

section! {
    /// The site as a whole.
    Site in "site" {
        /// The person who answers for this server. Shown to members who need help, and told when something is wrong.
        /// Unset: `posthaste serve` refuses to start.
        live owner: Option<Address> = None, example "\"postmaster@example.org\"";
        /// The language of lists and people who chose none.
        live default_language: Language = Language("en".to_owned());
    }
}

/// A language tag (RFC 5646), as `en` or `pt-BR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Language(String);

impl Language {
    /// The tag.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Language {
    fn kind() -> String {
        "a language tag such as \"en\" or \"pt-BR\"".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let tag = value.as_str().filter(|tag| is_tag(tag)).ok_or_else(|| wrong::<Self>(value))?;
        Ok(Self(tag.to_owned()))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

/// A primary language of two or three letters, then subtags of up to eight letters and digits (RFC 5646 §2.1).
fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::is_tag;

    #[test]
    fn language_tags() {
        for (tag, good) in [
            ("en", true),
            ("pt-BR", true),
            ("zh-Hant-TW", true),
            ("english", false),
            ("e", false),
            ("en_US", false),
            ("en-", false),
            ("", false),
        ] {
            assert_eq!(is_tag(tag), good, "{tag}");
        }
    }
}
