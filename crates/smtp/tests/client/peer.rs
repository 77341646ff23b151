use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A relay that plays one script per connection, the last one for all that follow.
///
/// `S: text` says a line, `C: text` expects one. `close` closes; `half` sends the octets after it without a line
/// end; `tls` begins TLS; `wait` holds until the client closes; `hold` until the test
/// says `release`; `message` hears lines up to the final dot; `unless text` hears a line and closes if the text
/// is in it. At the end of a script the client may say QUIT, and closes.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Connections accepted so far.
    pub(crate) accepted: Arc<AtomicUsize>,
    /// Scripts played to their end.
    pub(crate) finished: Arc<AtomicUsize>,
    /// Connections closed with QUIT.
    pub(crate) quits: Arc<AtomicUsize>,
    /// Lines heard.
    heard: Arc<AtomicUsize>,
    /// Lets one `hold` go on.
    pub(crate) release: Arc<Notify>,
    complaints: Arc<Mutex<Vec<String>>>,
    _task: AbortOnDropHandle<()>,
}

impl Peer {
    pub(crate) async fn new(scripts: &[&str]) -> Self {
        Self::with_tls(scripts, None).await
    }

    pub(crate) async fn with_tls(scripts: &[&str], tls: Option<TlsAcceptor>) -> Self {
        let scripts: Vec<String> = scripts.iter().map(ToString::to_string).collect();
        Self::choosing(move |n| scripts[n.min(scripts.len() - 1)].clone(), tls).await
    }

    /// `choose` says what the n-th connection plays.
    pub(crate) async fn choosing(
        choose: impl Fn(usize) -> String + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, finished, quits) = (Arc::default(), Arc::default(), Arc::default());
        let (heard, release) = (Arc::default(), Arc::default());
        let complaints: Arc<Mutex<Vec<String>>> = Arc::default();
        let player = Player {
            tls,
            finished: Arc::clone(&finished),
            quits: Arc::clone(&quits),
            heard: Arc::clone(&heard),
            release: Arc::clone(&release),
            complaints: Arc::clone(&complaints),
        };
        let count: Arc<AtomicUsize> = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let script = choose(count.fetch_add(1, Ordering::SeqCst));
                let player = player.clone();
                tasks.spawn(async move { player.play(stream, &script).await });
            }
        });
        Self {
            address,
            accepted,
            finished,
            quits,
            heard,
            release,
            complaints,
            _task: AbortOnDropHandle::new(task),
        }
    }

    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Waits until `scripts` were played to their end, and none went wrong.
    pub(crate) async fn check(&self, scripts: usize) {
        crate::until("all scripts at their end", || {
            self.complain();
            self.finished.load(Ordering::SeqCst) >= scripts
        })
        .await;
    }

    /// What went wrong so far was meant to.
    pub(crate) fn forgive(&self) {
        self.complaints.lock().unwrap().clear();
    }

    fn complain(&self) {
        let complaints = self.complaints.lock().unwrap();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.complain();
        }
    }
}

#[derive(Clone)]
struct Player {
    tls: Option<TlsAcceptor>,
    finished: Arc<AtomicUsize>,
    quits: Arc<AtomicUsize>,
    heard: Arc<AtomicUsize>,
    release: Arc<Notify>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Player {
    async fn play(&self, stream: TcpStream, script: &str) {
        match self.steps(Box::new(stream), script).await {
            Ok(()) => {
                self.finished.fetch_add(1, Ordering::SeqCst);
            }
            Err(complaint) => self.complaints.lock().unwrap().push(format!("{complaint} in\n{script}")),
        }
    }

    async fn steps(&self, stream: Box<dyn Wire>, script: &str) -> Result<(), String> {
        let mut stream = BufReader::new(stream);
        let mut said = String::new();
        for step in script.lines().map(str::trim).filter(|step| !step.is_empty()) {
            if let Some(text) = step.strip_prefix("S:") {
                // What follows each other is said in one breath.
                said.push_str(text.strip_prefix(' ').unwrap_or(text));
                said.push_str("\r\n");
                continue;
            }
            if let Some(text) = step.strip_prefix("half ") {
                said += text;
                continue;
            }
            stream.write_all(said.as_bytes()).await.map_err(|e| format!("cannot say {said:?}: {e}"))?;
            stream.flush().await.map_err(|e| e.to_string())?;
            said.clear();
            match step {
                "close" => return Ok(()),
                "wait" => {
                    let mut line = String::new();
                    while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {}
                    return Ok(());
                }
                "hold" => self.release.notified().await,
                "message" => while hear(&mut stream).await? != "." {},
                "tls" => {
                    let acceptor = self.tls.clone().ok_or("no certificate")?;
                    let tls =
                        acceptor.accept(stream.into_inner()).await.map_err(|e| format!("no TLS: {e}"))?;
                    stream = BufReader::new(Box::new(tls));
                }
                _ => {
                    if let Some(text) = step.strip_prefix("unless ") {
                        if hear(&mut stream).await.is_ok_and(|heard| heard.contains(text)) {
                            return Ok(());
                        }
                        continue;
                    }
                    let expected = step.strip_prefix("C:").ok_or(format!("what is {step:?}?"))?;
                    let expected = expected.strip_prefix(' ').unwrap_or(expected);
                    let heard = hear(&mut stream).await.unwrap_or_else(|error| format!("({error})"));
                    if heard != expected {
                        return Err(format!("heard {heard:?}, expected {expected:?}"));
                    }
                    self.heard.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        stream.write_all(said.as_bytes()).await.map_err(|e| format!("cannot say {said:?}: {e}"))?;
        stream.flush().await.map_err(|e| e.to_string())?;
        self.finished.fetch_add(1, Ordering::SeqCst);
        let last = hear(&mut stream).await;
        self.finished.fetch_sub(1, Ordering::SeqCst);
        match last.as_deref() {
            Ok("QUIT") => {
                self.quits.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(b"221 2.0.0 Bye\r\n").await;
                Ok(())
            }
            Ok("") | Err(_) => Ok(()),
            Ok(more) => Err(format!("heard {more:?} after the end")),
        }
    }
}

async fn hear(stream: &mut BufReader<Box<dyn Wire>>) -> Result<String, String> {
    let mut line = String::new();
    let count = stream.read_line(&mut line).await.map_err(|error| error.to_string())?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None if count == 0 => Err("the client closed".to_owned()),
        None => Err(format!("no line: {line:?}")),
    }
}

/// A token that nobody cancels.
pub(crate) fn never() -> CancellationToken {
    CancellationToken::new()
}
