use std::path::Path;
use std::time::Duration;

use posthaste_model::ListName;
use toml::de::DeValue;

use super::key::section;
use super::value::{Value, quoted, wrong};

section! {
    /// A post of our own that goes the way of every post and must come back: the only proof that members get their mail.
    /// It reaches nobody, and stands in no archive.
    Canary in "canary" {
        /// Its address, on a domain whose mail the mail server hands to us (docs/operate/mta.md). No list may have it.
        /// Unset: there is no canary.
        restart address: Option<ListName> = None, example "\"posthaste-canary@lists.example.org\"";
        /// From one to the next.
        restart interval: Duration = Duration::from_secs(30);
        /// One that is away for so long is missing.
        restart late: Duration = Duration::from_mins(1);
    }
}

/// An address that a list could have.
impl Value for ListName {
    fn kind() -> String {
        "an address of letters, digits, - _ . and a domain".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| wrong::<Self>(value))?;
        Self::parse(text).map_err(|error| error.to_string())
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}
