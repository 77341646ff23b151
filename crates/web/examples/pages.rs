//! Serves the operations and status pages of a made-up server, for working on their templates:
//! `cargo run -p posthaste-web --example pages -- [trouble]`. Prints where, and a link to log in.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use posthaste_watch::Keys;
use posthaste_web::made_up::{self, MadeUp, Still};
use posthaste_web::{Site, SiteOptions, pages_router, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let trouble = std::env::args().nth(1).is_some_and(|word| word == "trouble");
    let site = Site::new(SiteOptions {
        house: MadeUp::new(if trouble { made_up::trouble() } else { made_up::seen() }),
        clock: Arc::new(Still),
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
