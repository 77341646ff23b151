use std::path::Path;
use std::time::Duration;

use toml::de::DeValue;

use super::key::section;
use super::value::{Value, found, quoted, wrong};

section! {
    /// Where posts are from: SPF, DKIM, ARC and DMARC. What a list does about DMARC policies needs nothing set here.
    Authentication in "authentication" {
        /// Check every post, and say in Authentication-Results (RFC 8601) what was found. SPF is judged only where the
        /// sender's own host speaks to us; behind a mail server, its results are taken.
        live check: bool = false;
        /// The name we give ourselves there. Unset: the name of this machine.
        live authserv_id: Option<String> = None, example "\"lists.example.org\"";
        /// Names under which your own mail servers (`OpenDKIM`, Rspamd …) write Authentication-Results: these are believed.
        /// They must remove such fields of their name that come from outside.
        live trusted_authserv_ids: Words = Words(Vec::new());
        /// How long a post waits for the name servers. Afterwards it goes on as if they had said "try later".
        live deadline: Duration = Duration::from_secs(5);
        /// Take DKIM-Signature, DomainKey-Signature and Authentication-Results of others out of what is passed on.
        live remove_dkim_headers: bool = false;
    }
}

/// A few words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Words(pub(crate) Vec<String>);

impl Value for Words {
    fn kind() -> String {
        "a list of words in quotes".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let items = value.as_array().ok_or_else(|| wrong::<Self>(value))?;
        let word = |item: &DeValue<'_>| {
            let text = item.as_str().filter(|t| !t.is_empty() && !t.contains(char::is_whitespace));
            text.map(str::to_owned).ok_or_else(|| format!("{} is not a word in quotes", found(item)))
        };
        items.iter().map(|item| word(item.get_ref())).collect::<Result<_, _>>().map(Self)
    }

    fn show(&self) -> Option<String> {
        let items: Vec<_> = self.0.iter().map(|word| quoted(word)).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}
