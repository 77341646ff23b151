//! Posts that keep coming while things break, as from a mail server that does not give up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_testkit::Source;
use posthaste_testkit::message::message;
use posthaste_testkit::source::Job;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::stand::{AUTHOR, LIST};

/// From one post to the next.
const EVERY: Duration = Duration::from_millis(200);
/// A post that was not taken is offered again so soon.
const AGAIN: Duration = Duration::from_millis(100);

/// Five posts a second.
pub(super) struct Load {
    book: Arc<Mutex<Book>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What became of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    /// Message-IDs that were accepted.
    pub(super) accepted: Vec<String>,
    /// Replies of 5xx.
    pub(super) blamed: Vec<String>,
}

impl Load {
    /// Begins; Message-IDs bear the name of the `series`.
    pub(super) fn start(source: Source, series: &str) -> Self {
        let (book, stop) = (Arc::<Mutex<Book>>::default(), CancellationToken::new());
        let task = tokio::spawn(post(source, series.to_owned(), book.clone(), stop.clone()));
        Self { book, stop, task }
    }

    /// How many were accepted so far.
    pub(super) fn accepted(&self) -> usize {
        lock(&self.book).accepted.len()
    }

    /// Ends, once the post that is being offered was taken or given up.
    pub(super) async fn finish(self) -> Book {
        self.stop.cancel();
        let _ = self.task.await;
        lock(&self.book).clone()
    }
}

async fn post(source: Source, series: String, book: Arc<Mutex<Book>>, stop: CancellationToken) {
    for number in 0.. {
        let id = format!("<{number}@{series}.example>");
        let job = Job::new(&id, AUTHOR, vec![LIST.into()], &message(&id, AUTHOR, LIST, "a drill", 600));
        // A post that was offered once is offered until it is taken: who knows what became of the reply?
        loop {
            match source.send(job.clone()).await {
                Ok(outcome) if outcome.accepted == 1 => break,
                Ok(outcome) => {
                    // What follows a refusal in the same flight is refused for want of what came before.
                    let first = outcome.refusals.into_iter().next();
                    let blamed = first.filter(|reply| reply.starts_with('5'));
                    lock(&book).blamed.extend(blamed);
                }
                Err(_) => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
        lock(&book).accepted.push(id);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}
