use std::fmt;
use std::path::Path;

use toml::de::DeValue;

use super::key::section;
use super::listen::Listen;
use super::value::{Value, quoted};

section! {
    /// The REST interface that clients of Mailman expect. Declared, so that configurations are ready for it: this
    /// version does not serve it yet.
    Rest in "rest" {
        /// `ip:port`. Unset: no REST. Not served yet by this version.
        restart listen: Option<Listen> = None, example "\"127.0.0.1:8001\"";
        /// The user that clients log in as. Not served yet by this version.
        live user: String = "restadmin".to_owned();
        /// That user's password. Unset: REST is refused. Not served yet by this version.
        live password: Option<Secret> = None, example "\"a long random word\"";
    }
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Value for Secret {
    fn kind() -> String {
        "text in quotes".to_owned()
    }

    /// Repeats nothing of what it was given.
    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        match value.as_str() {
            Some("") => Err("it is empty".to_owned()),
            Some(text) => Ok(Self(text.to_owned())),
            None => Err(format!("this is not {}", Self::kind())),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}
