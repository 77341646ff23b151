//! Passwords of users. They are hashed where that hinders nobody else: it takes some 20 ms of a core.

use data_encoding::BASE64_NOPAD;
use posthaste_lists::{hash_password, verify_password};

use crate::fault::Fault;

/// The hash to keep of a new password.
pub(crate) async fn hashed(password: String) -> Result<String, Fault> {
    let hash = tokio::task::spawn_blocking(move || hash_password(&password, rand::random())).await;
    let hash = hash.map_err(|e| Fault::ours(&e))?;
    hash.ok_or_else(|| Fault::bad("A password has between 1 and 256 octets"))
}

/// What is kept when nobody chose a password: it looks like the hash of one, and fits none.
pub(crate) fn unusable() -> String {
    let (salt, hash): ([u8; 16], [u8; 32]) = (rand::random(), rand::random());
    let [salt, hash] = [BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&hash)];
    format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${hash}")
}

/// True if `hash` is of this password.
pub(crate) async fn fits(password: String, hash: String) -> Result<bool, Fault> {
    let fits = tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await;
    fits.map_err(|e| Fault::ours(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_hashed_fits_and_what_is_made_up_does_not() {
        let hash = hashed("secret".into()).await.unwrap();
        assert!(fits("secret".into(), hash.clone()).await.unwrap());
        assert!(!fits("Secret".into(), hash).await.unwrap());
        assert!(!fits("secret".into(), unusable()).await.unwrap());
        assert!(posthaste_lists::is_password_hash(&unusable()));
        assert!(matches!(hashed(String::new()).await, Err(Fault::Bad(_))));
    }
}
