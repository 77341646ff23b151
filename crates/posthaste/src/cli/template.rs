//! `posthaste template …`

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use posthaste_lists::{Found, LiveSite, Scope, Source, Templates, check_address, check_text};
use posthaste_model::{MailingList, check_domain, nearest};
use posthaste_store::{Store, StoredTemplate, Template, TemplateBody};
use serde_json::json;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show the texts there are, and which of them are replaced where
    Ls,
    /// Show a text as it stands: what is used, and where it comes from
    Show {
        /// As in list:user:notice:welcome
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Replace a text for the site, a domain or a list
    Set {
        /// As in list:user:notice:welcome
        name: String,
        /// The file with the text; `-` is standard input. A first line `Subject: …` and a blank line replace the subject, too
        #[arg(required_unless_present = "uri", conflicts_with = "uri")]
        file: Option<PathBuf>,
        /// Where the text is fetched: https://…, <file:///PATH> or <mailman:///NAME>; $`list_id`, $listname, $`domain_name` and
        /// $language are filled in
        #[arg(long)]
        uri: Option<String>,
        /// The name to log in with there
        #[arg(long, requires = "uri")]
        user: Option<String>,
        /// The file with the password to log in with
        #[arg(long, requires = "user", value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Go back to the text that was replaced
    Rm {
        /// As in list:user:notice:welcome
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Look for mistakes in all texts that were set: names, variables, addresses that do not answer
    Check,
}

/// For whom; without any, for the site.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// For this list: LIST@DOMAIN
    #[arg(long, value_name = "LIST", conflicts_with = "domain")]
    list: Option<String>,
    /// For all lists of this domain
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// For readers of this language only, as in de or `pt_BR`
    #[arg(long, value_name = "CODE", default_value = "")]
    language: String,
}

impl Place {
    /// The list it names, if it names one.
    async fn find(&self, store: &Store) -> anyhow::Result<Option<MailingList>> {
        if !self.language.is_empty() && !Templates::is_language(&self.language) {
            let known = Templates::languages().join(" ");
            let what = format!("{:?} is no language's code; built-in texts are in {known}", self.language);
            return Err(BadInput::new(what).into());
        }
        if let Some(domain) = &self.domain {
            check_domain(domain).map_err(BadInput::from_error)?;
        }
        match &self.list {
            Some(list) => Ok(Some(super::list::find(store, list).await?)),
            None => Ok(None),
        }
    }

    fn scope<'a>(&'a self, list: Option<&'a MailingList>) -> Scope<'a> {
        match (list, &self.domain) {
            (Some(list), _) => Scope::List(list),
            (None, Some(domain)) => Scope::Domain(domain),
            (None, None) => Scope::Site,
        }
    }

    fn context(&self, list: Option<&MailingList>) -> String {
        match (list, &self.domain) {
            (Some(list), _) => list.list_id.to_string(),
            (None, Some(domain)) => domain.to_lowercase(),
            (None, None) => String::new(),
        }
    }

    fn told(&self) -> String {
        let place = self.list.as_ref().or(self.domain.as_ref()).map_or("the site", String::as_str);
        if self.language.is_empty() { place.to_owned() } else { format!("{place} ({})", self.language) }
    }
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    let site = Arc::new(LiveSite::new(crate::serve::site(config)));
    let templates = crate::texts::templates(config, site, Arc::new(crate::clock::SystemClock::new()));
    match verb {
        Verb::Ls => ls(&store, out).await,
        Verb::Show { name, place } => {
            known(&name)?;
            let list = place.find(&store).await?;
            let found = templates.look(&store, &name, place.scope(list.as_ref()), &place.language).await?;
            show(&name, &found, out)
        }
        Verb::Set { name, file, uri, user, password_file, place } => {
            known(&name)?;
            let list = place.find(&store).await?;
            let (body, told) = match (file, uri) {
                (_, Some(uri)) => (address(uri, user, password_file)?, vec![]),
                (Some(file), None) => {
                    let text = read(&file)?;
                    let told = check_text(&name, &text);
                    (TemplateBody::Text(text), told)
                }
                (None, None) => return Err(BadInput::new("name a file or --uri").into()),
            };
            let context = place.context(list.as_ref());
            let template = Template { name: name.clone(), context, language: place.language.clone(), body };
            store.set_template(&template).await?;
            let mut said = format!("{name} is set for {}", place.told());
            for line in &told {
                said.push_str(&format!("\nNote: {line}"));
            }
            out.done(&said, &json!({ "set": name, "notes": told }))?;
            Ok(Exit::Done)
        }
        Verb::Rm { name, place } => {
            let list = place.find(&store).await?;
            if !store.remove_template(&name, &place.context(list.as_ref()), &place.language).await? {
                let what =
                    format!("{name} is not set for {}; posthaste template ls shows what is", place.told());
                return Err(BadInput::new(what).into());
            }
            out.done(
                &format!("{name} is not set for {} any more", place.told()),
                &json!({ "removed": name }),
            )?;
            Ok(Exit::Done)
        }
        Verb::Check => check(&store, &templates, out).await,
    }
}

/// Refuses a name no text has.
fn known(name: &str) -> anyhow::Result<()> {
    let names = Templates::names();
    if names.contains(&name) {
        return Ok(());
    }
    let near =
        nearest(name, names.iter().copied()).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
    Err(BadInput::new(format!("there is no text {name:?}{near} (posthaste template ls shows all)")).into())
}

fn read(file: &std::path::Path) -> anyhow::Result<String> {
    if file.as_os_str() == "-" {
        return Ok(std::io::read_to_string(std::io::stdin())?);
    }
    std::fs::read_to_string(file).map_err(|e| BadInput::new(format!("{}: {e}", file.display())).into())
}

fn address(uri: String, user: Option<String>, password: Option<PathBuf>) -> anyhow::Result<TemplateBody> {
    if let Some(why) = check_address(&uri) {
        return Err(BadInput::new(why).into());
    }
    let password = password.map(|file| read(&file)).transpose()?.unwrap_or_default();
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    Ok(TemplateBody::Uri { uri, username: user.unwrap_or_default(), password })
}

async fn ls(store: &Store, out: &Out) -> anyhow::Result<Exit> {
    let stored = store.all_templates().await?;
    let mut rows = vec![];
    let mut told = vec![];
    for name in Templates::names() {
        let of: Vec<_> = stored.iter().filter(|t| t.template.name == name).map(place_of).collect();
        told.push(json!({ "name": name, "set_for": of }));
        rows.push(vec![name.to_owned(), of.join("\n")]);
    }
    out.table(&["text", "replaced for"], rows.into_iter(), &told)?;
    Ok(Exit::Done)
}

/// Where a stored template holds.
fn place_of(stored: &StoredTemplate) -> String {
    let template = &stored.template;
    let place = if template.context.is_empty() { "the site" } else { &template.context };
    let mut said = place.to_owned();
    if !template.language.is_empty() {
        said.push_str(&format!(" ({})", template.language));
    }
    if let TemplateBody::Uri { uri, .. } = &template.body {
        said.push_str(&format!(": {uri}"));
    }
    said
}

fn show(name: &str, found: &Found, out: &Out) -> anyhow::Result<Exit> {
    let mut said = format!("# {name}: {}\n", found.source);
    for problem in &found.problems {
        said.push_str(&format!("# not used: {problem}\n"));
    }
    if let Some(subject) = &found.subject {
        said.push_str(&format!("Subject: {subject}\n\n"));
    }
    said.push_str(&found.text);
    let source = found.source.to_string();
    out.value(
        said.trim_end(),
        &json!({ "name": name, "source": source, "subject": found.subject, "text": found.text,
                 "problems": found.problems }),
    )?;
    Ok(Exit::Done)
}

/// Every template that was set: whether it is used for something, and whether it is to be had.
async fn check(store: &Store, templates: &Templates, out: &Out) -> anyhow::Result<Exit> {
    let stored = store.all_templates().await?;
    let names = Templates::names();
    let mut told: Vec<String> = vec![];
    for one in &stored {
        let (template, place) = (&one.template, place_of(one));
        let mut say = |what: &str| told.push(format!("{}, {place}: {what}", template.name));
        if !names.contains(&template.name.as_str()) {
            say("nothing is written with this name; remove it");
            continue;
        }
        let text = match &template.body {
            TemplateBody::Text(text) => Some(text.clone()),
            TemplateBody::Uri { .. } => match templates.probe(store, one).await? {
                Ok(Found { source: Source::BuiltIn(_), .. }) => None,
                Ok(found) if found.text.is_empty() && !template.name.ends_with(":header") => {
                    say("the text at this address is empty");
                    None
                }
                Ok(found) => Some(found.text),
                Err(why) => {
                    say(&why);
                    None
                }
            },
        };
        for line in text.iter().flat_map(|text| check_text(&template.name, text)) {
            say(&line);
        }
    }
    if told.is_empty() {
        out.done(&format!("{} texts are set, and nothing is wrong with them", stored.len()), &told)?;
        return Ok(Exit::Done);
    }
    out.value(&told.join("\n"), &told)?;
    Ok(Exit::Failed)
}
