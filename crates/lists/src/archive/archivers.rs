use posthaste_model::{ArchivePolicy, MailingList};

use super::{Archiver, Clobbering};
use crate::pipeline::ArchiveLinks;

/// Every archiver of the site.
#[derive(Default)]
pub struct Archivers {
    all: Vec<Box<dyn Archiver>>,
    /// What is done about impossible dates.
    pub clobbering: Clobbering,
}

impl Archivers {
    /// These.
    pub fn new(all: Vec<Box<dyn Archiver>>, clobbering: Clobbering) -> Self {
        Self { all, clobbering }
    }

    /// The names of all of them.
    pub fn names(&self) -> Vec<&'static str> {
        self.all.iter().map(|archiver| archiver.name()).collect()
    }

    /// Those that keep the posts of this list.
    pub fn of<'a>(&'a self, list: &'a MailingList) -> impl Iterator<Item = &'a dyn Archiver> {
        let off = &list.settings.disabled_archivers;
        let wanted = list.settings.archive_policy != ArchivePolicy::Never;
        let all = self.all.iter().map(Box::as_ref);
        all.filter(move |a| wanted && a.takes(list) && !off.iter().any(|name| name == a.name()))
    }

    /// Where this list, and the post with this Message-ID-Hash, are read: at the first that says so.
    pub fn links(&self, list: &MailingList, hash: &str) -> Option<ArchiveLinks> {
        let link = |a: &dyn Archiver| {
            a.list_url(list).map(|url| ArchiveLinks { list: url, post: a.permalink(list, hash) })
        };
        self.of(list).find_map(link)
    }
}
