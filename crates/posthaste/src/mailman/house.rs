//! What commands work with: the configuration, the database, and whoever has the spool.

use std::path::PathBuf;

use posthaste_lists::Tools;
use posthaste_model::{ListId, ListName, MailingList};
use posthaste_store::{ListSummary, Store};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::refusal::refuse;
use crate::config::Config;
use crate::control::{Request, Response, ask};
use crate::{cli, serve};

/// So many lists are read at once.
const PAGE: u64 = 1_000;

/// The installation.
pub(super) struct House {
    /// As the file says.
    pub(super) config: Config,
    /// The file.
    pub(super) file: PathBuf,
    store: OnceCell<Store>,
    tools: OnceCell<Tools>,
}

impl House {
    /// The one of this configuration, or of the usual one.
    pub(super) fn open(file: Option<PathBuf>) -> anyhow::Result<Self> {
        let file = cli::config_file(file)?;
        let config = cli::load(Some(file.clone()))?;
        let file = std::path::absolute(&file).unwrap_or(file);
        Ok(Self { config, file, store: OnceCell::new(), tools: OnceCell::new() })
    }

    /// The database.
    pub(super) async fn store(&self) -> anyhow::Result<&Store> {
        self.store.get_or_try_init(|| cli::store(&self.config)).await
    }

    /// The list somebody means: a posting address, or a list-id.
    pub(super) async fn look_up(&self, spec: &str) -> anyhow::Result<Option<MailingList>> {
        let store = self.store().await?;
        Ok(if spec.contains('@') {
            match ListName::parse(spec) {
                Ok(name) => store.list_by_name(&name).await?,
                Err(_) => None,
            }
        } else {
            store.list_by_id(&ListId::new(spec.to_lowercase())).await?
        })
    }

    /// The same; refuses if there is none.
    pub(super) async fn list(&self, spec: &str) -> anyhow::Result<MailingList> {
        match self.look_up(spec).await? {
            Some(list) => Ok(list),
            None => refuse(format!("No such list: {spec}")),
        }
    }

    /// Every list, by list-id.
    pub(super) async fn lists(&self) -> anyhow::Result<Vec<ListSummary>> {
        let store = self.store().await?;
        let mut all: Vec<ListSummary> = vec![];
        loop {
            let page = store.lists(all.last().map(|list| &list.list_id), PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Those that are named, or all; says on standard error which of them are not there.
    pub(super) async fn named_or_all(&self, named: &[String]) -> anyhow::Result<Vec<MailingList>> {
        let mut found = vec![];
        for spec in named {
            match self.look_up(spec).await? {
                Some(list) => found.push(list),
                None => super::warn(&format!("No such list found: {spec}"))?,
            }
        }
        if named.is_empty() {
            let store = self.store().await?;
            for summary in self.lists().await? {
                found.extend(store.list_by_key(summary.id).await?);
            }
        }
        Ok(found)
    }

    /// Has the running server do it; does it here, with the spool's lock, while none runs.
    pub(super) async fn have_done(&self, request: Request) -> anyhow::Result<Value> {
        let response = match self.tools.get() {
            None => ask(&self.config.paths.state, &request)?,
            Some(_) => None,
        };
        let response = match response {
            Some(response) => response,
            None => serve::by_hand(self.tools().await?, request).await,
        };
        match response {
            Response::Done(told) => Ok(told),
            Response::Failed(why) => anyhow::bail!(why),
        }
    }

    /// The tools of a server; fails if one runs.
    pub(super) async fn tools(&self) -> anyhow::Result<&Tools> {
        self.tools
            .get_or_try_init(|| async {
                // Makes the tables, if they are missing.
                self.store().await?;
                serve::hands(&self.config).await
            })
            .await
    }

    /// Tells the running server that lists or domains changed.
    pub(super) fn refresh(&self) {
        cli::refresh(&self.config);
    }

    /// Writes down what was done.
    pub(super) async fn note(
        &self,
        action: &str,
        list: &ListId,
        object: &str,
        was: Value,
        became: Value,
    ) -> anyhow::Result<()> {
        cli::audit::note(self.store().await?, action, list.as_str(), object, was, became).await;
        Ok(())
    }
}
