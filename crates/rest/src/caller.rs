//! Who asks (RFC 7617, RFC 6750).

use axum::http::{HeaderMap, header};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

use crate::api::Api;
use crate::fault::Fault;
use crate::right::Grant;

/// What every API token begins with, so that one found somewhere is known for what it is.
pub(crate) const PREFIX: &str = "pht_";

/// Whoever made a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Caller {
    /// For the audit log.
    pub(crate) name: String,
    /// What it may do; `None` is everything (the compatibility password).
    pub(crate) grant: Option<Grant>,
}

/// Finds out who asks; `peer` is where the request came from.
pub(crate) async fn prove(api: &Api, headers: &HeaderMap, peer: &str) -> Result<Caller, Fault> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(given) = given else { return Err(Fault::Unauthorized) };
    if let Some(retry_after) = api.paces.guessing(peer) {
        return Err(Fault::TooMany { retry_after });
    }
    let found = match word(given) {
        Some(Word::Token(token)) => by_token(api, &token).await?,
        Some(Word::Login(_, password)) if password.starts_with(PREFIX) => by_token(api, &password).await?,
        Some(Word::Login(user, password)) => {
            let settings = api.settings();
            settings.lets_in(&user, &password).then_some(Caller { name: user, grant: None })
        }
        None => None,
    };
    found.ok_or_else(|| {
        api.paces.guessed(peer);
        Fault::Unauthorized
    })
}

async fn by_token(api: &Api, token: &str) -> Result<Option<Caller>, Fault> {
    let now = api.clock.now();
    let Some(found) = api.store.api_token(&token_hash(token), now).await? else { return Ok(None) };
    let grant = Grant::read(&found);
    Ok(grant.map(|grant| Caller { name: format!("token {}", found.name), grant: Some(grant) }))
}

/// What is kept of a token: its SHA-256. A token is 160 random bits, so nobody finds it from that.
pub(crate) fn token_hash(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}

#[derive(PartialEq, Eq, Debug)]
enum Word {
    Token(String),
    Login(String, String),
}

fn word(given: &str) -> Option<Word> {
    let (scheme, rest) = given.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Word::Token(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(rest.as_bytes()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Word::Login(user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let login = |user: &str, password: &str| Some(Word::Login(user.into(), password.into()));
        for (given, wanted) in [
            ("Basic YTpiOmM=", login("a", "b:c")),
            ("basic  YTpi", login("a", "b")),
            ("Basic YWI=", None),
            ("Basic ???", None),
            ("Digest x", None),
            ("Bearer pht_x", Some(Word::Token("pht_x".into()))),
            ("", None),
        ] {
            assert_eq!(word(given), wanted, "{given}");
        }
    }
}
