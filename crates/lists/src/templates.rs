//! What Posthaste writes to people: built-in texts in many languages, and those that lists, domains and the site have in
//! their place.

mod catalogue;
mod language;
mod variables;
mod wrap;

use std::borrow::Cow;
use std::sync::Arc;

use posthaste_model::MailingList;
use posthaste_store::{Store, StoreError, TemplateBody};

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
}

/// A text before its variables are filled in.
struct Found {
    /// The subject that goes with it; `None` if the built-in one does.
    subject: Option<String>,
    text: String,
    /// It is one of ours: paragraphs are wrapped, lines may depend on a variable.
    built_in: bool,
}

impl Templates {
    /// Texts of this site.
    pub fn new(site: Arc<LiveSite>) -> Self {
        Self { site }
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
        let site = self.site.get();
        let wished = [language, &list.settings.preferred_language, &site.default_language];
        let chain = language::chain(wished);
        let built = built_in(&chain, name);
        let found = self.find(store, name, list).await?.unwrap_or_else(|| Found {
            subject: None,
            text: built.text.clone(),
            built_in: true,
        });
        let reader = chain.first().map_or("en", String::as_str);
        let facts = site.facts();
        let variables = Variables { own: vars, list, site: &facts, language: reader };
        let lookup = |name: &str| variables.get(name);
        let subject = found.subject.as_deref().unwrap_or(&built.subject);
        let subject = one_line(&expand(subject, lookup));
        let text = if found.built_in { only_known(&found.text, lookup) } else { found.text };
        let text = expand(&text, lookup);
        let text = if found.built_in || WRAPPED.contains(&name) { wrap::wrap(&text) } else { text };
        Ok(Wording { subject, text })
    }

    /// A few words in `language` or, if that is empty, the site's.
    pub fn phrase(&self, key: &'static str, language: &str, vars: &[(&str, &str)]) -> String {
        let site = self.site.get();
        phrase(key, &[language, &site.default_language], vars)
    }

    /// The text that list, domain or site have in place of ours.
    async fn find(&self, store: &Store, name: &str, list: &MailingList) -> Result<Option<Found>, StoreError> {
        let contexts = [list.list_id.as_str(), list.name.host(), ""];
        let Some(template) = store.template(name, &contexts).await? else { return Ok(None) };
        Ok(match template.body {
            TemplateBody::Text(text) => Some(found(text)),
            TemplateBody::Uri { .. } => None,
        })
    }
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

/// An owner's text: one that begins with `Subject: …` and a blank line brings its own subject.
fn found(text: String) -> Found {
    let own = text.strip_prefix("Subject:").and_then(|rest| rest.split_once('\n'));
    match own {
        Some((subject, rest)) if rest.trim_start_matches('\r').starts_with('\n') => Found {
            subject: Some(subject.trim().to_owned()),
            text: rest.trim_start_matches(['\r', '\n']).to_owned(),
            built_in: false,
        },
        _ => Found { subject: None, text, built_in: false },
    }
}

/// Ours, in the best language there is.
fn built_in(chain: &[String], key: &str) -> Cow<'static, catalogue::Entry> {
    let best =
        chain.iter().find_map(|code| catalogue::entry(code, key)).or_else(|| catalogue::entry("en", key));
    best.map_or_else(
        || {
            tracing::error!(key, "there are no words for this");
            Cow::Owned(catalogue::Entry { subject: key.to_owned(), text: key.to_owned() })
        },
        Cow::Borrowed,
    )
}

/// A mail in our own words, in the first of these languages that has them: for where no database may be asked.
pub(crate) fn built_in_wording(key: &str, languages: &[&str], vars: &[(&str, &str)]) -> Wording {
    let entry = built_in(&language::chain(languages.iter().copied()), key);
    let lookup = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| Cow::from(*value));
    let subject = one_line(&expand(&entry.subject, lookup));
    Wording { subject, text: wrap::wrap(&expand(&only_known(&entry.text, lookup), lookup)) }
}

/// A few words in the first of these languages that has them.
pub(crate) fn phrase(key: &str, languages: &[&str], vars: &[(&str, &str)]) -> String {
    let chain = language::chain(languages.iter().copied());
    let entry = built_in(&chain, key);
    expand(&entry.text, |name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| Cow::from(*value)))
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// Takes out the lines that hang on a variable without a value; never leaves two blank lines where one was.
fn only_known<'v>(text: &str, lookup: impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let kept = match line.strip_prefix('?') {
            None => line,
            Some(rest) => {
                let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                if lookup(name).is_none_or(|value| value.trim().is_empty()) {
                    continue;
                }
                rest
            }
        };
        if kept.trim().is_empty() && (out.is_empty() || out.ends_with("\n\n")) {
            continue;
        }
        out.push_str(kept);
        out.push('\n');
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use posthaste_model::{ListName, ListSeed, Style, Timestamp};
    use uuid::Uuid;

    use super::*;
    use crate::facts::SiteFacts;

    fn list() -> MailingList {
        let name = ListName::parse("dev@lists.example.org").unwrap();
        ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() }.into_list(Uuid::nil())
    }

    #[test]
    fn lines_that_hang_on_a_variable() {
        let (list, site) = (list(), SiteFacts::default());
        let own = [("token", "T"), ("empty", " ")];
        let variables = Variables { own: &own, list: &list, site: &site, language: "de" };
        let text = "a\n\n?token With $token\n?token\n?empty not\n?nobody no\n\nb\n\n?nobody c\n";
        assert_eq!(only_known(text, |name| variables.get(name)), "a\n\nWith $token\n\nb\n");
    }

    #[test]
    fn names_of_old_mean_what_they_are_called_now() {
        let (list, site) = (list(), SiteFacts { owner: "site@x.org".into(), ..SiteFacts::default() });
        let own = [("sender_email", "anne@x.org"), ("listname", "Dev")];
        let variables = Variables { own: &own, list: &list, site: &site, language: "de" };
        for (name, value) in [
            ("sender", Some("anne@x.org")),
            ("user_email", Some("anne@x.org")),
            ("email", Some("anne@x.org")),
            ("user_address", Some("anne@x.org")),
            ("listname", Some("Dev")),
            ("fqdn_listname", Some("dev@lists.example.org")),
            ("list_requests", Some("dev-request@lists.example.org")),
            ("siteowner", Some("site@x.org")),
            ("language", Some("de")),
            ("base_url", None),
            ("dummy", None),
        ] {
            assert_eq!(variables.get(name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn an_owners_text_may_bring_its_subject() {
        for (text, subject, rest) in [
            ("Subject: Hi $x\n\nText\n", Some("Hi $x"), "Text\n"),
            ("Subject: Hi\r\n\r\nText\r\n", Some("Hi"), "Text\r\n"),
            ("Subject: no mail\nText\n", None, "Subject: no mail\nText\n"),
            ("Text\n", None, "Text\n"),
            ("", None, ""),
        ] {
            let found = found(text.to_owned());
            assert_eq!((found.subject.as_deref(), found.text.as_str()), (subject, rest));
        }
    }

    #[test]
    fn phrases() {
        assert_eq!(phrase("post.no_subject", &["tlh", ""], &[]), "(no subject)");
        assert_eq!(phrase("post.and_more", &["en"], &[("count", "3")]), "and 3 more");
    }
}
