//! A name server that knows what it is told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Answers TXT questions on a loopback port (UDP); every other name does not exist. Ends when dropped.
#[derive(Debug)]
pub struct NameServer {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    texts: Mutex<HashMap<String, Vec<String>>>,
    silent: AtomicBool,
    asked: AtomicU64,
}

impl NameServer {
    /// A server without names.
    pub async fn start() -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let addr = socket.local_addr()?;
        let shared = Arc::new(Shared::default());
        let known = shared.clone();
        let task = tokio::spawn(async move {
            let mut question = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                known.asked.fetch_add(1, Ordering::Relaxed);
                let answer = question.get(..length).and_then(|question| known.answer(question));
                if let Some(answer) = answer.filter(|_| !known.silent.load(Ordering::Relaxed)) {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Ok(Self { addr, shared, task })
    }

    /// Where it answers.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Gives a name one more TXT record.
    pub fn txt(&self, name: &str, text: &str) {
        let mut texts = self.shared.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry(name.to_lowercase()).or_default().push(text.to_owned());
    }

    /// From now on it hears and does not answer, or answers again.
    pub fn silence(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::Relaxed);
    }

    /// How many questions came.
    pub fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::Relaxed)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// The answer to a message with one question (RFC 1035 §4.1).
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let mut at = 12;
        let mut labels: Vec<String> = vec![];
        loop {
            let length = usize::from(*question.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(question.get(at..at + length)?).to_lowercase());
            at += length;
        }
        let kind = u16::from_be_bytes([*question.get(at)?, *question.get(at + 1)?]);
        let asked = question.get(12..at + 4)?;
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = texts.get(&labels.join("."));
        let answers: &[String] = known.filter(|_| kind == 16).map_or(&[], Vec::as_slice);
        let missing: u8 = if known.is_some() { 0 } else { 3 };
        let mut out = question.get(..2)?.to_vec();
        out.extend_from_slice(&[0x84, 0x80 | missing, 0, 1, 0, answers.len() as u8, 0, 0, 0, 0]);
        out.extend_from_slice(asked);
        for text in answers {
            let strings: Vec<u8> =
                text.as_bytes().chunks(250).flat_map(|c| [&[c.len() as u8], c].concat()).collect();
            // The name asked for; TXT IN; a minute.
            out.extend_from_slice(&[0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
            out.extend_from_slice(&(strings.len() as u16).to_be_bytes());
            out.extend(strings);
        }
        Some(out)
    }
}
