//! `posthaste member topics …`

use clap::Args;
use posthaste_model::Address;
use posthaste_store::Store;
use serde_json::json;

use super::super::output::{BadInput, Exit, Out};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// LIST@DOMAIN
    list: String,
    /// Whose
    address: String,
    /// The topics wanted from now on; `*` stands for posts without a topic. None: shows what is chosen
    topics: Vec<String>,
    /// Every post, whatever it is about
    #[arg(long, conflicts_with = "topics")]
    all: bool,
}

pub(crate) async fn run(options: Options, store: &Store, out: &Out) -> anyhow::Result<Exit> {
    let list = super::super::list::find(store, &options.list).await?;
    let address = Address::parse(&options.address).map_err(BadInput::from_error)?;
    let known: Vec<_> = list.settings.topics.iter().map(|t| t.name.as_str()).collect();
    if let Some(strange) = options.topics.iter().find(|t| *t != "*" && !known.contains(&t.as_str())) {
        let known = known.join(", ");
        return Err(BadInput::new(format!(
            "{} has no topic {strange:?}; its topics are: {known}",
            list.name
        ))
        .into());
    }
    if options.all || !options.topics.is_empty() {
        store.set_topics(list.id, &address, &options.topics).await?;
    }
    let chosen = store.topics(list.id, &address).await?;
    let told = if chosen.is_empty() { "every post".to_owned() } else { chosen.join(", ") };
    out.done(&format!("{address} gets from {}: {told}", list.name), &json!({ "topics": chosen }))?;
    Ok(Exit::Done)
}
