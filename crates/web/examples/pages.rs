//! Serves the operations and status pages of a made-up server, for working on their templates:
//! `cargo run -p posthaste-web --example pages -- [trouble]`. Prints where, and a link to log in.

use std::error::Error;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use posthaste_model::{Clock, Timestamp};
use posthaste_watch::Keys;
use posthaste_web::made_up::{self, MadeUp};
use posthaste_web::{Site, SiteOptions, pages_router, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Stands at the moment of the made-up figures.
struct Still(Instant);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        made_up::now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(for_))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let trouble = std::env::args().nth(1).is_some_and(|word| word == "trouble");
    let site = Site::new(SiteOptions {
        house: MadeUp::new(if trouble { made_up::trouble() } else { made_up::seen() }),
        clock: Arc::new(Still(Instant::now())),
        keys: Arc::new(Keys::from_secret([7; 32])),
        sessions: None,
        base: None,
        name: "lists.example.org".into(),
        scraper: None,
        figures_open: false,
        beside_mailbox: false,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}{}", listener.local_addr()?, site.invitation("Olive"))?;
    writeln!(out, "http://{}/a/{}", listener.local_addr()?, made_up::LINK)?;
    out.flush()?;
    serve(listener, pages_router(&site), CancellationToken::new()).await?;
    Ok(())
}
