//! Texts behind web addresses: fetched with a deadline, kept for an hour, and an old copy is better than none.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthaste_model::Clock;
use uuid::Uuid;

/// How long a fetch may take. A post waits for it.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long a copy is good.
const FRESH: Duration = Duration::from_hours(1);
/// How long nobody asks again after a failure.
const REST: Duration = Duration::from_mins(1);
/// So many copies are kept.
const KEPT: usize = 1_000;

/// A page to get.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Its address, `http` or `https`.
    pub url: String,
    /// Name and password for Basic authentication (RFC 7617), if it needs them.
    pub login: Option<(String, String)>,
}

/// Why a page was not got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FetchError {
    /// The server answered, with this status instead of 200.
    Status(u16),
    /// No answer that means anything.
    Other(String),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the server answers {status}"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

/// Gets pages.
#[derive(Clone)]
pub struct Fetcher(Arc<Get>);

type Got = Pin<Box<dyn Future<Output = Result<String, FetchError>> + Send>>;
type Get = dyn Fn(Page) -> Got + Send + Sync;

impl Fetcher {
    /// One that gets pages so.
    pub fn new<F>(get: impl Fn(Page) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, FetchError>> + Send + 'static,
    {
        Self(Arc::new(move |page| Box::pin(get(page))))
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetcher").finish_non_exhaustive()
    }
}

/// A copy of a page, or the memory that there was none to be had.
#[derive(Clone)]
struct Copy {
    text: Option<String>,
    why: String,
    ask_again: Duration,
}

/// The copies.
pub(super) struct Shelf {
    fetcher: Option<Fetcher>,
    clock: Arc<dyn Clock>,
    /// By the key of the template and the address: a changed template has another key.
    copies: Mutex<HashMap<Key, Copy>>,
    /// Who asks for a page; others wait for the copy.
    asking: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

type Key = (Uuid, String);

impl Shelf {
    pub(super) fn new(fetcher: Option<Fetcher>, clock: Arc<dyn Clock>) -> Self {
        Self { fetcher, clock, copies: Mutex::default(), asking: Mutex::default() }
    }

    /// The text of a page for template `id`. A page that is not there (404) is an empty text.
    pub(super) async fn get(&self, id: Uuid, page: Page) -> Result<String, String> {
        let key = (id, page.url.clone());
        let alone = self.asking().entry(key.clone()).or_default().clone();
        let turn = alone.lock().await;
        let copy = self.copy_of(&key, page).await;
        drop(turn);
        let mut asking = self.asking();
        if Arc::strong_count(&alone) <= 2 {
            asking.remove(&key);
        }
        copy
    }

    async fn copy_of(&self, key: &Key, page: Page) -> Result<String, String> {
        let known = self.copies().get(key).cloned();
        if let Some(copy) = known.as_ref().filter(|copy| self.clock.monotonic() < copy.ask_again) {
            return copy.text.clone().ok_or_else(|| copy.why.clone());
        }
        let got = match &self.fetcher {
            None => Err(FetchError::Other("no pages are fetched here".to_owned())),
            Some(Fetcher(get)) => tokio::select! {
                got = get(page) => got,
                () = self.clock.sleep(DEADLINE) => Err(FetchError::Other(format!("no answer within {DEADLINE:?}"))),
            },
        };
        let now = self.clock.monotonic();
        let copy = match got {
            Ok(text) => Copy { text: Some(text), why: String::new(), ask_again: now + FRESH },
            Err(FetchError::Status(404)) => {
                tracing::warn!(url = key.1, "a text is not at its address (404); it is empty");
                Copy { text: Some(String::new()), why: String::new(), ask_again: now + FRESH }
            }
            Err(error) => {
                tracing::warn!(url = key.1, %error, "a text could not be fetched");
                Copy {
                    text: known.and_then(|copy| copy.text),
                    why: format!("{}: {error}", key.1),
                    ask_again: now + REST,
                }
            }
        };
        let mut copies = self.copies();
        if copies.len() >= KEPT {
            copies.retain(|_, copy| copy.ask_again > now);
        }
        if copies.len() < KEPT {
            copies.insert(key.clone(), copy.clone());
        }
        copy.text.ok_or(copy.why)
    }

    fn asking(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<tokio::sync::Mutex<()>>>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn copies(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Copy>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use posthaste_model::Timestamp;

    use super::*;

    /// Turned by hand; sleeps end at once if the clock has been told to let deadlines pass.
    #[derive(Default)]
    struct Hand {
        seconds: AtomicU64,
        hurry: std::sync::atomic::AtomicBool,
    }

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.seconds.load(Ordering::SeqCst))
        }

        fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            if self.hurry.load(Ordering::SeqCst) {
                Box::pin(async {})
            } else {
                Box::pin(std::future::pending())
            }
        }
    }

    #[tokio::test]
    async fn copies_are_kept_and_outlive_their_page() {
        let clock = Arc::new(Hand::default());
        let (asked, answers) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(vec![])));
        let (count, script) = (asked.clone(), answers.clone());
        let fetcher = Fetcher::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            let answer: Option<Result<String, FetchError>> = script.lock().unwrap().pop();
            async move {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        });
        let shelf = Shelf::new(Some(fetcher), clock.clone());
        let page = Page { url: "https://x.org/".into(), login: None };
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let say = |answer| answers.lock().unwrap().push(answer);
        let later = |seconds: u64| clock.seconds.fetch_add(seconds, Ordering::SeqCst);
        let get = async |id| shelf.get(id, page.clone()).await;

        say(Ok("first".into()));
        assert_eq!((get(one).await, get(one).await), (Ok("first".into()), Ok("first".into())));
        assert_eq!(asked.load(Ordering::SeqCst), 1, "kept");
        later(3_601);
        say(Err(FetchError::Status(500)));
        assert_eq!(get(one).await, Ok("first".into()), "an old copy is better than none");
        assert_eq!(get(one).await, Ok("first".into()));
        assert_eq!(asked.load(Ordering::SeqCst), 2, "nobody asks again at once");
        later(61);
        say(Err(FetchError::Status(404)));
        assert_eq!(get(one).await, Ok(String::new()), "a page that is gone is an empty text");
        say(Err(FetchError::Other("refused".into())));
        assert_eq!(
            get(two).await,
            Err("https://x.org/: refused".into()),
            "another template has its own copy"
        );
        later(61);
        clock.hurry.store(true, Ordering::SeqCst);
        assert!(get(two).await.unwrap_err().contains("no answer within 5s"));
    }
}
