//! Whether mail notices what befalls the pages (P20): the same posts on a server whose pages nobody reads, on one that a
//! crawler asks 500 times a second, and on one whose pages hundreds of clients hold open without end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::figure::{Better, Figure, Sample};
use super::options::Options;
use super::stand::{Stand, post};
use crate::ports::Port;
use crate::source::percentile;

const LIST: &str = "isolation@example.org";
const MEMBERS: usize = 20;
/// Requests a second.
const CRAWL: u64 = 500;
/// Clients that never end their request.
const STUCK: usize = 300;

/// What the pages suffer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pages {
    Quiet,
    Crawled,
    Wedged,
}

/// Milliseconds of each post.
#[derive(Default)]
struct Times {
    accept: Vec<Duration>,
    delivery: Vec<Duration>,
}

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let web = Port::reserve()?;
    let stand = Stand::with(options, &format!("[web]\nlisten = \"{}\"", web.addr())).await?;
    stand.list(LIST, MEMBERS).await?;
    // The first post pays for the connection.
    stand.deliver(LIST, MEMBERS).await?;
    let (mut quiet, mut crawled, mut wedged) = (Times::default(), Times::default(), Times::default());
    let asked = Arc::new(AtomicU64::new(0));
    // In turns, so that whatever else the machine does befalls all three alike.
    for _ in 0..options.pick(10, 2) {
        for (pages, times) in
            [(Pages::Quiet, &mut quiet), (Pages::Crawled, &mut crawled), (Pages::Wedged, &mut wedged)]
        {
            let clients = trouble(pages, web.addr(), &asked);
            for _ in 0..options.pick(40, 5) {
                measure(&stand, times).await?;
            }
            drop(clients);
        }
    }
    ensure!(asked.load(Ordering::Relaxed) > 0, "the crawler got no page");
    let mut figures = Vec::new();
    for (name, times) in
        [("crawled, 500 requests a second", &mut crawled), ("held open by 300 clients", &mut wedged)]
    {
        for (what, times, quiet) in [
            ("accept", &mut times.accept, &mut quiet.accept),
            ("delivery", &mut times.delivery, &mut quiet.delivery),
        ] {
            let run = Sample { value: p95(times), reference: Some(p95(quiet)) };
            let case = format!("{what} p95, pages {name}; reference: pages quiet");
            let figure = Figure::of("isolation", case, "ms", Better::Less, &[run]);
            figures.push(figure.goal("<= 1.1 x reference", |f| {
                f.reference.is_some_and(|reference| f.value <= 1.1 * reference)
            }));
        }
    }
    Ok(figures)
}

fn p95(times: &mut [Duration]) -> f64 {
    percentile(times, 0.95).as_secs_f64() * 1e3
}

async fn measure(stand: &Stand, times: &mut Times) -> Result<()> {
    stand.sink.forget();
    let job = post(LIST);
    let id = job.id.clone();
    let began = Instant::now();
    let outcome = stand.server.source().send(job).await?;
    ensure!(outcome.accepted == 1, "the post was refused: {:?}", outcome.refusals);
    times.accept.push(outcome.ended.duration_since(began));
    stand.sink.wait_until("a post", super::PATIENCE, |tally| tally.reached(&id) >= MEMBERS).await?;
    times.delivery.extend(stand.sink.read(|tally| tally.latency(&id, outcome.ended)));
    Ok(())
}

/// Clients of the pages; gone when dropped.
fn trouble(pages: Pages, web: SocketAddr, asked: &Arc<AtomicU64>) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    match pages {
        Pages::Quiet => {}
        Pages::Crawled => {
            const LANES: u64 = 10;
            for _ in 0..LANES {
                let asked = asked.clone();
                clients.spawn(async move {
                    let mut turn = tokio::time::interval(Duration::from_micros(1_000_000 * LANES / CRAWL));
                    loop {
                        turn.tick().await;
                        if page(web).await.is_ok() {
                            asked.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        }
        Pages::Wedged => {
            for _ in 0..STUCK {
                clients.spawn(async move {
                    let Ok(mut stream) = TcpStream::connect(web).await else { return };
                    let _ = stream.write_all(b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ").await;
                    // Until the server has enough of us.
                    let _ = stream.read_to_end(&mut vec![]).await;
                });
            }
        }
    }
    clients
}

async fn page(web: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(web).await?;
    let request = format!("GET /status HTTP/1.1\r\nHost: {web}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await?;
    ensure!(answer.starts_with(b"HTTP/1.1 "), "no answer");
    Ok(())
}
