//! Where a text is found.

use std::fmt;
use std::path::{Path, PathBuf};

use posthaste_model::{ListId, ListName, MailingList};
use posthaste_store::{Store, StoreError, StoredTemplate, TemplateBody};
use uuid::Uuid;

use super::address::{self, Address};
use super::files::{self, Hit};
use super::scope::Level;
use super::{Page, Scope, Templates, catalogue, language};

const HEADER: &str = "list:member:regular:header";
const FOOTER: &str = "list:member:regular:footer";

/// Where a text comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// The database, for this context (a list-id, a host, or empty for the site).
    Stored(String),
    /// An address that the database names.
    Address(String),
    /// The list's setting of that purpose.
    Setting(&'static str),
    /// A file.
    File(PathBuf),
    /// Built in, in this language.
    BuiltIn(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored(context) if context.is_empty() => f.write_str("set for the site"),
            Self::Stored(context) => write!(f, "set for {context}"),
            Self::Address(uri) => write!(f, "from {uri}"),
            Self::Setting(name) => write!(f, "the list's setting {name}"),
            Self::File(path) => write!(f, "from {}", path.display()),
            Self::BuiltIn(language) => write!(f, "built in ({language})"),
        }
    }
}

/// A text before its variables are filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The subject that goes with it; `None` if the built-in one does.
    pub subject: Option<String>,
    /// The text.
    pub text: String,
    /// Where it comes from.
    pub source: Source,
    /// What went wrong in places that were asked before.
    pub problems: Vec<String>,
}

impl Found {
    /// True if it is one of ours: paragraphs are wrapped, lines may hang on a variable.
    pub(super) fn is_built_in(&self) -> bool {
        matches!(self.source, Source::BuiltIn(_))
    }

    /// An owner's text: one that begins with `Subject: …` and a blank line brings its own subject.
    fn owned(text: String, source: Source) -> Self {
        let own = text.strip_prefix("Subject:").and_then(|rest| rest.split_once('\n'));
        let (subject, text) = match own {
            Some((subject, rest)) if rest.trim_start_matches('\r').starts_with('\n') => {
                (Some(subject.trim().to_owned()), rest.trim_start_matches(['\r', '\n']).to_owned())
            }
            _ => (None, text),
        };
        Self { subject, text, source, problems: vec![] }
    }

    fn built_in(language: &'static str, name: &str) -> Self {
        let text = catalogue::entry(language, name).map(|entry| entry.text.clone()).unwrap_or_default();
        Self { subject: None, text, source: Source::BuiltIn(language), problems: vec![] }
    }

    fn setting(name: &'static str, text: &str) -> Self {
        Self { subject: None, text: text.to_owned(), source: Source::Setting(name), problems: vec![] }
    }
}

/// What is looked for.
#[derive(Clone, Copy)]
struct Quest<'a> {
    name: &'a str,
    scope: Scope<'a>,
    language: &'a str,
    level: Level,
}

impl Templates {
    /// The text `name` for this scope, in this language or, if that is empty, the list's or the site's.
    pub async fn look(
        &self,
        store: &Store,
        name: &str,
        scope: Scope<'_>,
        language: &str,
    ) -> Result<Found, StoreError> {
        if let Scope::List(list) = scope
            && let Some(at) = [HEADER, FOOTER].iter().position(|n| *n == name)
        {
            let [header, footer] = self.frame(store, list).await?;
            return Ok(if at == 0 { header } else { footer });
        }
        let stored = store.templates(&[name], &scope.contexts(Level::Whole)).await?;
        let quest = Quest { name, scope, language, level: Level::Whole };
        let found = self.choose(store, quest, &stored).await?;
        Ok(found.unwrap_or_else(|| Found::built_in("en", name)))
    }

    /// What a stored template's address gives now; the inner error says why nothing.
    pub async fn probe(
        &self,
        store: &Store,
        stored: &StoredTemplate,
    ) -> Result<Result<Found, String>, StoreError> {
        let template = &stored.template;
        let TemplateBody::Uri { uri, username, password } = &template.body else {
            return Ok(Err("it has no address".to_owned()));
        };
        let list = store.list_by_id(&ListId::new(template.context.as_str())).await?;
        let scope = match &list {
            Some(list) => Scope::List(list),
            None if template.context.is_empty() => Scope::Site,
            None => Scope::Domain(&template.context),
        };
        let quest = Quest { name: &template.name, scope, language: &template.language, level: Level::Whole };
        let login = Some((username.clone(), password.clone())).filter(|(name, _)| !name.is_empty());
        self.fetch(store, stored.id, uri, login, quest).await
    }

    /// Header and footer of a list's posts.
    pub(super) async fn frame(&self, store: &Store, list: &MailingList) -> Result<[Found; 2], StoreError> {
        let scope = Scope::List(list);
        let stored = store.templates(&[HEADER, FOOTER], &scope.contexts(Level::Whole)).await?;
        let (header, footer) = (&list.settings.header, &list.settings.footer);
        let header = Some(header).filter(|h| !h.is_empty()).map(|text| Found::setting("header", text));
        let footer = Some(footer)
            .filter(|f| *f != posthaste_model::DEFAULT_FOOTER)
            .map(|text| Found::setting("footer", text));
        Ok([
            self.one(store, HEADER, scope, &stored, header).await?,
            self.one(store, FOOTER, scope, &stored, footer).await?,
        ])
    }

    async fn one(
        &self,
        store: &Store,
        name: &'static str,
        scope: Scope<'_>,
        stored: &[StoredTemplate],
        setting: Option<Found>,
    ) -> Result<Found, StoreError> {
        let quest = Quest { name, scope, language: "", level: Level::List };
        if let Some(found) = self.choose(store, quest, stored).await? {
            return Ok(found);
        }
        if let Some(setting) = setting {
            return Ok(setting);
        }
        let found = self.choose(store, Quest { level: Level::Above, ..quest }, stored).await?;
        Ok(found.unwrap_or_else(|| Found::built_in("en", name)))
    }

    /// The first place that has it.
    async fn choose(
        &self,
        store: &Store,
        quest: Quest<'_>,
        stored: &[StoredTemplate],
    ) -> Result<Option<Found>, StoreError> {
        let Quest { name, scope, language, level } = quest;
        let site = self.site.get();
        let wished = [language, scope.language(), &site.default_language];
        let wish = language::wish(wished);
        let contexts = scope.contexts(level);
        let place = |t: &StoredTemplate| contexts.iter().position(|c| *c == t.template.context);
        let mut candidates: Vec<_> = stored
            .iter()
            .filter(|t| t.template.name == name && place(t).is_some())
            .filter(|t| {
                t.template.language.is_empty() || wish.contains(&language::normal(&t.template.language))
            })
            .collect();
        candidates.sort_by_key(|t| (place(t), t.template.language.is_empty()));
        let mut problems = vec![];
        for candidate in candidates {
            let mut found = match &candidate.template.body {
                TemplateBody::Text(text) => {
                    Found::owned(text.clone(), Source::Stored(candidate.template.context.clone()))
                }
                TemplateBody::Uri { uri, username, password } => {
                    let login =
                        Some((username.clone(), password.clone())).filter(|(name, _)| !name.is_empty());
                    match self.fetch(store, candidate.id, uri, login, quest).await? {
                        Ok(found) => found,
                        Err(why) => {
                            tracing::warn!(name, why, "a text is not to be had; the next place is asked");
                            problems.push(why);
                            continue;
                        }
                    }
                }
            };
            found.problems = problems;
            return Ok(Some(found));
        }
        let languages = language::chain(wished);
        let built_in_too = level != Level::List;
        let hit = self.search(&scope.folders(level), &languages, name, built_in_too, &mut problems).await;
        Ok(hit.map(|hit| Found { problems, ..hit }))
    }

    /// The text behind an address; the inner error says why there is none.
    async fn fetch(
        &self,
        store: &Store,
        id: Uuid,
        uri: &str,
        login: Option<(String, String)>,
        quest: Quest<'_>,
    ) -> Result<Result<Found, String>, StoreError> {
        let site = self.site.get();
        let wished = [quest.language, quest.scope.language(), &site.default_language];
        let reader = language::wish(wished).into_iter().next().unwrap_or_default();
        let (list, host) = match quest.scope {
            Scope::List(list) => (Some(list), list.name.host()),
            Scope::Domain(host) => (None, host),
            Scope::Site => (None, ""),
        };
        let uri = address::expand(uri, list, host, &reader);
        let source = Source::Address(uri.clone());
        let read = match address::read(&uri) {
            Ok(read) => read,
            Err(why) => return Ok(Err(why)),
        };
        Ok(match read {
            Address::Web(url) => {
                self.shelf.get(id, Page { url, login }).await.map(|text| Found::owned(text, source))
            }
            Address::File(path) => match read_file(PathBuf::from(path)).await {
                Ok(text) => Ok(Found::owned(text, source)),
                Err(why) => Err(why.unwrap_or_else(|| format!("{uri}: there is no such file"))),
            },
            Address::Folders { list: other, language, name } => {
                let other = match &other {
                    None => None,
                    Some(text) => match self.list_called(store, text).await? {
                        Some(list) => Some(list),
                        None => return Ok(Err(format!("{uri}: there is no list {text}"))),
                    },
                };
                let scope = other.as_ref().map_or(quest.scope, Scope::List);
                let wished =
                    [language.as_deref().unwrap_or(quest.language), scope.language(), &site.default_language];
                let mut problems = vec![];
                let languages = language::chain(wished);
                let folders = scope.folders(Level::Whole);
                let hit = self.search(&folders, &languages, &name, true, &mut problems).await;
                hit.ok_or_else(|| problems.pop().unwrap_or_else(|| format!("{uri}: there is no such text")))
            }
        })
    }

    async fn list_called(&self, store: &Store, text: &str) -> Result<Option<MailingList>, StoreError> {
        match ListName::parse(text) {
            Ok(name) if text.contains('@') => store.list_by_name(&name).await,
            _ => store.list_by_id(&ListId::new(text)).await,
        }
    }

    async fn search(
        &self,
        folders: &[String],
        languages: &[String],
        name: &str,
        built_in_too: bool,
        problems: &mut Vec<String>,
    ) -> Option<Found> {
        let (root, folders, languages, name) =
            (self.folder.clone(), folders.to_vec(), languages.to_vec(), name.to_owned());
        let look = move |root: Option<&Path>| {
            let mut problems = vec![];
            let hit = files::search(root, &folders, &languages, &name, built_in_too, &mut problems);
            let found = hit.map(|hit| match hit {
                Hit::File(path, text) => Found::owned(text, Source::File(path)),
                Hit::BuiltIn(language) => Found::built_in(language, files::built_in_name(&name)),
            });
            (found, problems)
        };
        // Without a folder there is nothing to wait for.
        let (found, told) = match root.filter(|root| root.is_dir()) {
            None => look(None),
            Some(root) => tokio::task::spawn_blocking(move || look(Some(&root))).await.unwrap_or_default(),
        };
        for why in &told {
            tracing::warn!(why, "a text is not to be had; the next place is asked");
        }
        problems.extend(told);
        found
    }
}

async fn read_file(path: PathBuf) -> Result<String, Option<String>> {
    tokio::task::spawn_blocking(move || files::read(&path)).await.unwrap_or(Err(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owners_text_may_bring_its_subject() {
        for (text, subject, rest) in [
            ("Subject: Hi $x\n\nText\n", Some("Hi $x"), "Text\n"),
            ("Subject: Hi\r\n\r\nText\r\n", Some("Hi"), "Text\r\n"),
            ("Subject: no mail\nText\n", None, "Subject: no mail\nText\n"),
            ("Text\n", None, "Text\n"),
            ("", None, ""),
        ] {
            let found = Found::owned(text.to_owned(), Source::Stored(String::new()));
            assert_eq!((found.subject.as_deref(), found.text.as_str()), (subject, rest));
        }
    }
}
