//! One page got by HTTP, small and soon or not at all.

use std::time::Duration;

/// The longest it may take, name look-up and answer included.
const DEADLINE: Duration = Duration::from_secs(5);
/// The largest page, bytes.
const LARGEST: u64 = 256 << 10;

/// Gets a page, with a login (RFC 7617) if there is one: the status and the text. The error does not name the address, which
/// may hold a secret.
pub async fn fetch_page(url: String, login: Option<(String, String)>) -> Result<(u16, String), String> {
    let got = tokio::task::spawn_blocking(move || blocking(&url, login.as_ref()));
    got.await.unwrap_or_else(|error| Err(format!("the request could not be made: {error}")))
}

fn blocking(url: &str, login: Option<&(String, String)>) -> Result<(u16, String), String> {
    let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(DEADLINE))
        .http_status_as_error(false)
        .max_redirects(3)
        .user_agent(concat!("posthaste/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .into();
    let mut request = agent.get(url);
    if let Some((name, password)) = login {
        let word = data_encoding::BASE64.encode(format!("{name}:{password}").as_bytes());
        request = request.header("Authorization", format!("Basic {word}"));
    }
    let mut answer = request.call().map_err(|error| match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", DEADLINE.as_secs()),
        ureq::Error::HostNotFound => "its name is not known to the DNS".to_owned(),
        error => error.to_string(),
    })?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().with_config().limit(LARGEST).read_to_string();
    match text {
        Ok(text) => Ok((status, text)),
        Err(_) if status != 200 => Ok((status, String::new())),
        Err(error) => Err(error.to_string()),
    }
}
