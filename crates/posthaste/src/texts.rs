//! The texts of this site, as the configuration says.

use std::sync::Arc;

use posthaste_lists::{FetchError, Fetcher, LiveSite, Page, Templates};
use posthaste_model::Clock;

use crate::config::Config;

/// Texts from the database, files and the web.
pub(crate) fn templates(config: &Config, site: Arc<LiveSite>, clock: Arc<dyn Clock>) -> Templates {
    let folder = config.paths.templates.clone().unwrap_or_else(|| config.paths.state.join("templates"));
    Templates::new(site, clock).with_folder(folder).with_fetcher(Fetcher::new(fetch))
}

async fn fetch(page: Page) -> Result<String, FetchError> {
    match posthaste_watch::fetch_page(page.url, page.login).await {
        Ok((200, text)) => Ok(text),
        Ok((status, _)) => Err(FetchError::Status(status)),
        Err(why) => Err(FetchError::Other(why)),
    }
}
