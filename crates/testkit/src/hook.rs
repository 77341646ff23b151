//! A web server for what programs call: keeps every request, answers what it is told to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::wait;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// `POST`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The body.
    pub body: String,
}

/// The server; stops when dropped.
#[derive(Debug)]
pub struct Hook {
    addr: SocketAddr,
    called: Arc<Mutex<Vec<Called>>>,
    status: Arc<AtomicU16>,
    said: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

impl Hook {
    /// Listens on a free port of 127.0.0.1 and answers 200.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (called, status) = (Arc::<Mutex<Vec<Called>>>::default(), Arc::new(AtomicU16::new(200)));
        let said = Arc::<Mutex<String>>::default();
        let (kept, answer, text) = (called.clone(), status.clone(), said.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answer, text) = (kept.clone(), answer.clone(), text.clone());
                tokio::spawn(async move {
                    let _ = serve(stream, &kept, &answer, &text).await;
                });
            }
        });
        Ok(Self { addr, called, status, said, task })
    }

    /// `http://127.0.0.1:port` and this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Answers this status from now on; 0 for no answer at all, ever.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Answers this text from now on.
    pub fn say(&self, text: &str) {
        text.clone_into(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What was called on this path.
    pub fn called(&self, path: &str) -> Vec<Called> {
        let called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        called.iter().filter(|c| c.path == path).cloned().collect()
    }

    /// Waits until something on this path was called whose body holds `text`.
    pub async fn wait_for(&self, path: &str, text: &str, within: Duration) -> Result<Called> {
        let found = || self.called(path).into_iter().find(|c| c.body.contains(text));
        wait::until(&format!("{path} called with {text:?}"), within, || async { Ok(found().is_some()) })
            .await?;
        found().ok_or_else(|| anyhow::anyhow!("{path} was called, and then was not"))
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    kept: &Mutex<Vec<Called>>,
    status: &AtomicU16,
    said: &Mutex<String>,
) -> Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if stream.read_line(&mut first).await? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let mut words = first.split_whitespace().map(str::to_owned);
        let called = Called {
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(called);
        match status.load(Ordering::SeqCst) {
            0 => std::future::pending::<()>().await,
            status => {
                let text = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{text}", text.len());
                stream.get_mut().write_all(answer.as_bytes()).await?;
            }
        }
    }
}
