//! `mailman create`

use posthaste_model::{Address, ListName, ListSeed, ListSettings, Style};
use posthaste_store::StoreError;
use serde_json::Value;

use super::house::House;
use super::refusal::refuse;
use super::tell;
use crate::cli::output::Exit;
use crate::control::{HandRequest, Request};

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// The list's language
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Who runs it; may be given more than once
    #[arg(short, long, value_name = "OWNER")]
    owner: Vec<String>,
    /// What its settings begin with
    #[arg(long, value_name = "NAME")]
    style_name: Option<String>,
    /// Tell the owners by mail
    #[arg(short, long, overrides_with = "no_notify")]
    notify: bool,
    /// Do not
    #[arg(short = 'N', long, overrides_with = "notify")]
    no_notify: bool,
    /// Say nothing
    #[arg(short, long)]
    quiet: bool,
    /// Make the domain if it is missing; this is the default
    #[arg(short, long, overrides_with = "no_domain")]
    domain: bool,
    /// Do not
    #[arg(short = 'D', long, overrides_with = "domain")]
    no_domain: bool,
    /// The posting address
    #[arg(value_name = "LISTNAME")]
    listname: String,
}

pub(super) async fn run(options: Options, house: &House) -> anyhow::Result<Exit> {
    let mut settings = ListSettings::default();
    if let Some(code) = &options.language
        && settings.set("preferred_language", &Value::String(code.clone())).is_err()
    {
        return refuse(format!("Invalid language code: {code}"));
    }
    let (mut owners, mut illegal) = (vec![], vec![]);
    for text in &options.owner {
        match Address::parse(text) {
            Ok(owner) => owners.push(owner),
            Err(_) => illegal.push(text.as_str()),
        }
    }
    if !illegal.is_empty() {
        return refuse(format!("Illegal owner addresses: {}", illegal.join(", ")));
    }
    let style = options.style_name.as_deref().unwrap_or(Style::LegacyDefault.name());
    let Ok(style) = style.parse::<Style>() else {
        return refuse(format!("Unknown list style name: {style}"));
    };
    let Ok(name) = ListName::parse(&options.listname) else {
        return refuse(format!("Illegal list name: {}", options.listname));
    };
    let store = house.store().await?;
    if store.domain(name.host()).await?.is_none() {
        if options.no_domain {
            return refuse(format!("Undefined domain: {}", name.host()));
        }
        match store.add_domain(name.host(), "", None).await {
            // Somebody was quicker.
            Ok(_) | Err(StoreError::DomainExists(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let at = crate::cli::now();
    let mut list = match store.create_list(ListSeed { name, style, at }, &owners).await {
        Ok(list) => list,
        Err(StoreError::ListExists(name)) => return refuse(format!("List already exists: {name}")),
        Err(error) => return Err(error.into()),
    };
    if options.language.is_some() {
        list.settings.preferred_language = settings.preferred_language;
        store.save_settings(list.id, &list.settings).await?;
    }
    house.refresh();
    house.note("create", &list.list_id, "list", Value::Null, Value::Null).await?;
    if !options.quiet {
        tell(&format!("Created mailing list: {}", list.name))?;
    }
    if options.notify && !owners.is_empty() {
        house.have_done(Request::Hands { ask: HandRequest::NewList { list: list.name, owners } }).await?;
    }
    Ok(Exit::Done)
}
