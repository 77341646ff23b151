//! One HTTP request with a deadline. A server that hangs holds up nobody else: each request has a thread of its own
//! for as long as it may take.

use std::time::Duration;

/// What is sent.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// `POST`, `PUT`, `GET`.
    pub method: &'static str,
    /// Where to. May hold a secret; never printed.
    pub url: String,
    /// Header fields. May hold secrets.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// The longest a request may take, name look-up and answer included.
const DEADLINE: Duration = Duration::from_secs(10);
/// As much of an answer as is read.
const ANSWER: u64 = 16 << 10;

/// Sends it. The answer is the status; an error says what went wrong, without the address.
pub async fn send(request: Request) -> Result<String, String> {
    let sent = tokio::task::spawn_blocking(move || blocking(request));
    sent.await.unwrap_or_else(|error| Err(format!("the request could not be made: {error}")))
}

fn blocking(request: Request) -> Result<String, String> {
    let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(DEADLINE))
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("posthaste/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .into();
    let mut made = ureq::http::Request::builder().method(request.method).uri(&request.url);
    for (name, value) in &request.headers {
        made = made.header(name, value);
    }
    let made = made.body(request.body).map_err(|error| format!("this is no web address: {error}"))?;
    let mut answer = agent.run(made).map_err(|error| said(&error))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(status.to_string());
    }
    let text = answer.body_mut().with_config().limit(ANSWER).read_to_string().unwrap_or_default();
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    Err(format!("it answered {status}{}{text}", if text.is_empty() { "" } else { ": " }))
}

fn said(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", DEADLINE.as_secs()),
        ureq::Error::HostNotFound => "its name is not known to the DNS".to_owned(),
        ureq::Error::BadUri(_) => "its address is no web address".to_owned(),
        error => error.to_string(),
    }
}
