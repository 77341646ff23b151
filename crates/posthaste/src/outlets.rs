//! Archives, digests and newsgroups, as the configuration says.

use std::sync::Arc;

use posthaste_archive::Bodies;
use posthaste_lists::archive::{
    Answer, Archiver, Archivers, Clobber, Clobbering, HyperKitty, Library, MailArchive, Maildir, Mbox,
    OwnArchive, Upload,
};
use posthaste_lists::digest::Daily;
use posthaste_lists::{NewsServer, Outlets};
use posthaste_store::Store;

use crate::config::{self, Config};

/// The public archive service.
const MAIL_ARCHIVE: (&str, &str) = ("https://www.mail-archive.com/", "archive@mail-archive.com");

/// Everything posts go to besides members.
pub(crate) fn outlets(config: &Config, store: &Store) -> Outlets {
    Outlets::new(archivers(config, store), Daily(config.digests.at.0), news(config))
}

/// The archive for readers, if this server keeps one. To be made within the runtime of the database.
pub(crate) fn library(config: &Config, store: &Store) -> Option<Arc<Library>> {
    let bodies = Bodies::new(config.archive_folder());
    config.keeps_archive().then(|| Arc::new(Library::new(store.clone(), bodies)))
}

fn archivers(config: &Config, store: &Store) -> Archivers {
    let from = &config.archivers;
    let mut all: Vec<Box<dyn Archiver>> = vec![];
    if let (Some(url), Some(key)) =
        (&from.hyperkitty_url, Config::first_line_of(from.hyperkitty_key_file.as_deref()))
    {
        let public = from.hyperkitty_public_url.as_ref().unwrap_or(url);
        let send = Arc::new(|upload| -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
            Box::pin(send(upload))
        });
        all.push(Box::new(HyperKitty::new(url.as_str(), public.as_str(), key, send)));
    }
    if config.keeps_archive() {
        let public = config.web.base_url.as_ref().map(|base| format!("{}archives/", base.as_str()));
        let bodies = Bodies::new(config.archive_folder());
        all.push(Box::new(OwnArchive::new(store.clone(), bodies, public.as_deref())));
    }
    all.extend(from.maildir.clone().map(|folder| Box::new(Maildir::new(folder)) as Box<dyn Archiver>));
    all.extend(from.mbox.clone().map(|folder| Box::new(Mbox::new(folder)) as Box<dyn Archiver>));
    if from.mail_archive {
        all.push(Box::new(MailArchive::new(MAIL_ARCHIVE.0, MAIL_ARCHIVE.1)));
    }
    let when = match from.clobber_date {
        config::Clobber::Never => Clobber::Never,
        config::Clobber::Maybe => Clobber::Maybe,
        config::Clobber::Always => Clobber::Always,
    };
    Archivers::new(all, Clobbering { when, skew: from.clobber_skew })
}

async fn send(upload: Upload) -> Result<Answer, String> {
    let (status, body) = posthaste_watch::upload(upload.url, upload.headers, upload.body).await?;
    Ok(Answer { status, body })
}

fn news(config: &Config) -> Option<NewsServer> {
    let from = &config.news;
    let password = Config::first_line_of(from.password_file.as_deref());
    Some(NewsServer {
        host: from.host.as_ref()?.as_str().to_owned(),
        port: from.port,
        login: from.user.clone().zip(password),
        every: from.every,
    })
}
