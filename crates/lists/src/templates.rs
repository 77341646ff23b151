//! What Posthaste writes to people: built-in texts in many languages, and those that lists, domains and the site have in
//! their place.
//!
//! A text is looked for in the database (list, domain, site), then in files, then among the built-in ones. Whatever goes
//! wrong on the way is logged, and the next place is asked: a post never waits for a text longer than a fetch may take,
//! and is never set aside for one.

mod address;
mod catalogue;
mod check;
mod fetch;
mod files;
mod format;
mod guide;
mod language;
mod lookup;
mod scope;
mod variables;
mod wrap;

use std::path::PathBuf;
use std::sync::Arc;

use posthaste_model::{Clock, MailingList};
use posthaste_store::{Store, StoreError};

pub use self::check::{check_address, check_text};
use self::fetch::Shelf;
pub use self::fetch::{FetchError, Fetcher, Page};
pub(crate) use self::format::{built_in_wording, phrase};
pub use self::guide::templates_guide;
pub(crate) use self::language::name_of as language_name;
pub use self::lookup::{Found, Source};
pub use self::scope::Scope;
use self::variables::Variables;
use crate::site::LiveSite;
use crate::template::expand;

/// A mail put into words: for one reader, in their language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wording {
    /// The subject, on one line.
    pub subject: String,
    /// The text, lines ending in LF.
    pub text: String,
}

/// Gives texts their final form.
pub struct Templates {
    site: Arc<LiveSite>,
    clock: Arc<dyn Clock>,
    folder: Option<PathBuf>,
    shelf: Shelf,
}

/// Texts of owners that are wrapped, as Mailman does.
const WRAPPED: &[&str] = &[
    "domain:admin:notice:new-list",
    "list:admin:action:subscribe",
    "list:admin:action:unsubscribe",
    "list:admin:notice:pending",
    "list:member:digest:masthead",
    "list:user:notice:goodbye",
    "list:user:notice:hold",
    "list:user:notice:no-more-today",
    "list:user:notice:probe",
    "list:user:notice:refuse",
    "list:user:notice:warning",
    "list:user:notice:welcome",
];

impl Templates {
    /// The texts of this site: those of the database and the built-in ones.
    pub fn new(site: Arc<LiveSite>, clock: Arc<dyn Clock>) -> Self {
        let shelf = Shelf::new(None, clock.clone());
        Self { site, clock, folder: None, shelf }
    }

    /// Those in files below `folder`, too.
    #[must_use]
    pub fn with_folder(self, folder: PathBuf) -> Self {
        Self { folder: Some(folder), ..self }
    }

    /// Those behind web addresses, too.
    #[must_use]
    pub fn with_fetcher(self, fetcher: Fetcher) -> Self {
        Self { shelf: Shelf::new(Some(fetcher), self.clock.clone()), ..self }
    }

    /// The notice `name` (`list:user:notice:hold`) about `list`, in `language` or, if that is empty, the list's. Values in
    /// `vars` are put in as they are; give values of many lines with the blanks they are to be indented by. The only error
    /// is the database's: whatever else goes wrong, the built-in text is taken.
    pub async fn notice(
        &self,
        store: &Store,
        name: &'static str,
        list: &MailingList,
        language: &str,
        vars: &[(&str, &str)],
    ) -> Result<Wording, StoreError> {
        let found = self.look(store, name, Scope::List(list), language).await?;
        let site = self.site.get();
        let wished = [language, &list.settings.preferred_language, &site.default_language];
        let chain = language::chain(wished);
        let facts = site.facts();
        let reader = chain.first().map_or("en", String::as_str);
        let variables = Variables { own: vars, list, site: &facts, language: reader };
        let lookup = |name: &str| variables.get(name);
        let subject = match &found.subject {
            Some(subject) => expand(subject, lookup),
            None => expand(&format::built_in(&chain, name).subject, lookup),
        };
        let built_in = found.is_built_in();
        let text = if built_in { format::only_known(&found.text, lookup) } else { found.text };
        let text = expand(&text, lookup);
        // What stands at the foot of a digest is laid out by who wrote it.
        let laid_out = name.starts_with("list:member:digest:") && !WRAPPED.contains(&name);
        let text = if (built_in && !laid_out) || WRAPPED.contains(&name) { wrap::wrap(&text) } else { text };
        Ok(Wording { subject: format::one_line(&subject), text })
    }

    /// A few words in `language` or, if that is empty, the site's.
    pub fn phrase(&self, key: &'static str, language: &str, vars: &[(&str, &str)]) -> String {
        let site = self.site.get();
        phrase(key, &[language, &site.default_language], vars)
    }

    /// A text that goes into a post (`list:member:digest:footer`) in the list's language, its variables as written.
    pub async fn text(
        &self,
        store: &Store,
        name: &'static str,
        list: &MailingList,
    ) -> Result<String, StoreError> {
        Ok(self.look(store, name, Scope::List(list), "").await?.text)
    }

    /// What stands on top of the list's digests.
    pub async fn masthead(&self, store: &Store, list: &MailingList) -> Result<String, StoreError> {
        Ok(self.notice(store, "list:member:digest:masthead", list, "", &[]).await?.text)
    }

    /// Gives the list the header and footer its posts get: its own text, else its setting, else what domain and site have,
    /// else ours in the list's language.
    pub async fn dress(&self, store: &Store, list: &mut MailingList) -> Result<(), StoreError> {
        let [header, footer] = self.frame(store, list).await?;
        list.settings.header = header.text;
        list.settings.footer = footer.text;
        Ok(())
    }

    /// The names of all texts that may be replaced, sorted.
    pub fn names() -> Vec<&'static str> {
        catalogue::names()
    }

    /// True if this is how a language is written: a code there are built-in texts for, or one like it.
    pub fn is_language(code: &str) -> bool {
        address::is_language(code)
    }

    /// The languages there are built-in texts in, English first.
    pub fn languages() -> Vec<&'static str> {
        catalogue::languages().collect()
    }
}
