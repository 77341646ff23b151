//! What a list needs to know of the site it lives on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use posthaste_model::ListId;
use uuid::Uuid;

use crate::authenticity::Authenticity;
use crate::facts::{ContentFacts, SiteFacts, SiteRules};
use crate::moderation::ModeratorLinks;
use crate::seal::Seal;
use crate::subscription::MembershipSite;

/// The site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Who runs it; gets mail for lists without owners.
    pub owner: String,
    /// The name this host gives itself in Message-IDs and reports.
    pub hostname: String,
    /// The language of whoever has set none.
    pub default_language: String,
    /// Where the pages are reached, without a slash at the end; `None` if they are not served.
    pub base_url: Option<String>,
    /// What it takes to write to people about memberships.
    pub membership: MembershipSite,
    /// How a member leaves with one click; `None` if no page answers there.
    pub one_click: Option<OneClick>,
    /// What stands in moderators' notices; `None` if nothing can be signed.
    pub moderating: Option<ModeratorLinks>,
    /// What it says on rules.
    pub rules: Arc<SiteRules>,
    /// SPF, DKIM, ARC and DMARC.
    pub auth: Authenticity,
    /// What holds for the content of all posts.
    pub content: ContentFacts,
    /// How failures of members are told and judged.
    pub bounces: BounceSite,
    /// How long what people did is remembered; `None` = for ever.
    pub audit_keep: Option<Duration>,
    /// What may be asked by mail.
    pub commands: CommandSite,
}

/// What a site allows to who sends commands by mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommandSite {
    /// So many lines of a mail are read.
    pub lines: usize,
    /// So many answers an address gets within a day, over all lists.
    pub answers: u64,
}

impl Default for CommandSite {
    fn default() -> Self {
        Self { lines: 10, answers: 20 }
    }
}

/// What a site decides about failures, and what it takes to know them again.
#[derive(Clone, Debug, Default)]
pub struct BounceSite {
    /// Signs senders of copies and addresses of probes; `None` if there is no key.
    pub seal: Option<Seal>,
    /// The sender of each personal copy bears a signature.
    pub sign_senders: bool,
    /// A probe goes before delivery is switched off, even where failures cannot be forged.
    pub always_probe: bool,
    /// Where a member switches delivery on again; `None` if no page answers there.
    pub enable: Option<OneClick>,
}

/// Makes the address, signed, under which one member leaves one list with one POST (RFC 8058); or does something else that
/// is theirs to do.
#[derive(Clone)]
pub struct OneClick {
    url: Arc<MakeUrl>,
    read: Arc<ReadUrl>,
}

type MakeUrl = dyn Fn(&ListId, Uuid) -> String + Send + Sync;
type ReadUrl = dyn Fn(&str) -> Option<(ListId, Uuid)> + Send + Sync;

impl OneClick {
    /// Addresses made by `url` from list and membership.
    pub fn new(url: impl Fn(&ListId, Uuid) -> String + Send + Sync + 'static) -> Self {
        Self { url: Arc::new(url), read: Arc::new(|_| None) }
    }

    /// The same, where `read` knows such an address again if it is one of ours.
    #[must_use]
    pub fn read_by(mut self, read: impl Fn(&str) -> Option<(ListId, Uuid)> + Send + Sync + 'static) -> Self {
        self.read = Arc::new(read);
        self
    }

    /// Where this member leaves this list.
    pub fn url(&self, list: &ListId, member: Uuid) -> String {
        (self.url)(list, member)
    }

    /// List and membership, if we made this address.
    pub fn read(&self, url: &str) -> Option<(ListId, Uuid)> {
        (self.read)(url)
    }
}

impl fmt::Debug for OneClick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OneClick").finish_non_exhaustive()
    }
}

impl Site {
    /// What rules and steps may know of it.
    pub(crate) fn facts(&self) -> SiteFacts {
        SiteFacts {
            owner: self.owner.clone(),
            base_url: self.base_url.clone(),
            one_click: self.one_click.is_some(),
            hostname: self.hostname.clone(),
            rules: self.rules.clone(),
            remove_dkim_headers: self.auth.remove_dkim_headers,
            software: concat!("Posthaste ", env!("CARGO_PKG_VERSION")).to_owned(),
            content: self.content,
        }
    }
}

/// The site as it is now; a reload of the configuration replaces it.
pub struct LiveSite(std::sync::RwLock<std::sync::Arc<Site>>);

impl LiveSite {
    /// Begins with `site`.
    pub fn new(site: Site) -> Self {
        Self(std::sync::RwLock::new(std::sync::Arc::new(site)))
    }

    /// As it is now.
    pub fn get(&self) -> std::sync::Arc<Site> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// As it is from now on.
    pub fn set(&self, site: Site) {
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = std::sync::Arc::new(site);
    }
}
