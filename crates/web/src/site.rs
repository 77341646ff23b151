use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthaste_model::Clock;
use posthaste_watch::{ENABLE, Key, Keys, MODERATE_BY_LINK, ONE_CLICK};

use crate::access::{Access, BaseUrl, Cookie};
use crate::archive::READING;
use crate::house::House;
use crate::seen::Seen;

/// How old a look may be.
const GLANCE: Duration = Duration::from_millis(500);

/// What the pages of one server share.
pub struct Site {
    pub(crate) house: Arc<dyn House>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) access: Access,
    /// Signs the addresses for leaving a list.
    pub(crate) one_click: Key,
    /// Signs the links in moderators' notices.
    pub(crate) moderating: Key,
    /// Signs the addresses for switching mail on again.
    pub(crate) enable: Key,
    /// Signs who may read archives for members.
    pub(crate) reading: Key,
    pub(crate) base: Option<BaseUrl>,
    /// The name of the site, on its pages.
    pub(crate) name: String,
    /// What programs show to read the figures, besides a session; `None`: only operators may.
    pub(crate) scraper: Option<String>,
    /// True if everybody who reaches the pages may read the figures.
    pub(crate) figures_open: bool,
    /// True beside the mailbox of the development server.
    pub(crate) beside_mailbox: bool,
    /// What was seen last and when, so that a flood of requests does not look a thousand times a second.
    glance: Mutex<Option<(Duration, Arc<Seen>)>>,
}

/// How the pages are to be.
pub struct SiteOptions {
    /// What is behind them.
    pub house: Arc<dyn House>,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
    /// The root secret.
    pub keys: Arc<Keys>,
    /// Where sessions are kept over a restart.
    pub sessions: Option<PathBuf>,
    /// Under which address people reach the pages; `None`: under this machine's only.
    pub base: Option<BaseUrl>,
    /// The name of the site, on its pages.
    pub name: String,
    /// A secret for programs that read the figures (`Authorization: Bearer`, RFC 6750 §2.1).
    pub scraper: Option<String>,
    /// True if everybody who reaches the pages may read the figures: on a listener of their own.
    pub figures_open: bool,
    /// True beside the mailbox of the development server.
    pub beside_mailbox: bool,
}

impl Site {
    /// The pages' shared state.
    pub fn new(options: SiteOptions) -> Arc<Self> {
        let SiteOptions { house, clock, keys, sessions, base, name, scraper, figures_open, beside_mailbox } =
            options;
        let access = Access::new(&keys, sessions);
        let one_click = keys.key(ONE_CLICK);
        let moderating = keys.key(MODERATE_BY_LINK);
        let enable = keys.key(ENABLE);
        let reading = keys.key(READING);
        Arc::new(Self {
            one_click,
            moderating,
            enable,
            reading,
            house,
            clock,
            access,
            base,
            name,
            scraper,
            figures_open,
            beside_mailbox,
            glance: Mutex::default(),
        })
    }

    /// What there is to see, as it was at most half a second ago.
    pub(crate) fn see(&self) -> Arc<Seen> {
        let now = self.clock.monotonic();
        let mut glance = self.glance.lock().unwrap_or_else(PoisonError::into_inner);
        match &*glance {
            Some((at, seen)) if now.saturating_sub(*at) < GLANCE => seen.clone(),
            _ => {
                let seen = Arc::new(self.house.see());
                *glance = Some((now, seen.clone()));
                seen
            }
        }
    }

    /// Looks anew at the next look: something was done.
    pub(crate) fn blink(&self) {
        *self.glance.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The path of a link that lets `name` in once, within ten minutes.
    pub fn invitation(&self, name: &str) -> String {
        format!("/ops/login/{}", self.access.invite(name, self.clock.now()))
    }

    /// What stands before every path.
    pub(crate) fn prefix(&self) -> &str {
        self.base.as_ref().map_or("", BaseUrl::prefix)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.base.as_ref().is_some_and(BaseUrl::is_https)
    }

    pub(crate) fn cookie(&self) -> Cookie {
        Cookie { https: self.is_https() }
    }
}
