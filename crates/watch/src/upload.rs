//! Bytes brought somewhere by HTTP, within a deadline.

use std::time::Duration;

use bytes::Bytes;

/// The longest it may take, name look-up and answer included: a large post over a slow line.
const DEADLINE: Duration = Duration::from_mins(1);
/// As much of an answer as is read, bytes.
const ANSWER: u64 = 64 << 10;

/// Sends a POST with these header fields: the status and the beginning of the answer. The error says why there is none,
/// without the address, which may hold a secret.
pub async fn upload(
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
) -> Result<(u16, String), String> {
    let sent = tokio::task::spawn_blocking(move || blocking(&url, &headers, &body));
    sent.await.unwrap_or_else(|error| Err(format!("the request could not be made: {error}")))
}

fn blocking(url: &str, headers: &[(String, String)], body: &Bytes) -> Result<(u16, String), String> {
    let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(DEADLINE))
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("posthaste/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .into();
    let mut request = agent.post(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut answer = request.send(body.as_ref()).map_err(|error| match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", DEADLINE.as_secs()),
        ureq::Error::HostNotFound => "its name is not known to the DNS".to_owned(),
        error => error.to_string(),
    })?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().with_config().limit(ANSWER).lossy_utf8(true).read_to_string();
    Ok((status, text.unwrap_or_default()))
}
