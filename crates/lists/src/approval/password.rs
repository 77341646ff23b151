//! Passwords of lists, kept as hashes: Argon2id (RFC 9106) for new ones, and what Mailman has written.

mod sha_crypt;

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::{BASE64_NOPAD, HEXLOWER};
use sha1::{Digest, Sha1};

/// A longer password is no password, octets.
const LONGEST: usize = 256;
/// Argon2id: memory in KiB, passes, lanes, as OWASP asks for at least.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// The hash to store of a new password; `salt` is random. `None` if the password is empty or has more than 256 octets.
pub fn hash_password(password: &str, salt: [u8; 16]) -> Option<String> {
    let (memory, passes, lanes) = COST;
    if password.is_empty() {
        return None;
    }
    let hash = argon(password, &salt, memory, passes, lanes)?;
    let (salt, hash) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&hash));
    Some(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}"))
}

/// True if this is a hash that [`verify_password`] can read, and no password.
pub fn is_password_hash(text: &str) -> bool {
    ["$argon2id$v=19$", "$6$", "$5$"].iter().any(|p| text.starts_with(p) && text.len() > p.len() + 20)
        || is_sha1(text)
}

/// True if `hash` is of this password. Slow on purpose: some 20 ms of one core.
pub fn verify_password(password: &str, hash: &str) -> bool {
    if password.is_empty() || password.len() > LONGEST {
        return false;
    }
    if let Some(rest) = hash.strip_prefix("$argon2id$v=19$") {
        return verify_argon(password, rest).unwrap_or(false);
    }
    if is_sha1(hash) {
        // Mailman 2.1 kept this.
        return same(
            HEXLOWER.encode(&Sha1::digest(password)).as_bytes(),
            hash.to_ascii_lowercase().as_bytes(),
        );
    }
    sha_crypt::hash(password, hash).is_some_and(|made| same(made.as_bytes(), hash.as_bytes()))
}

fn is_sha1(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn verify_argon(password: &str, rest: &str) -> Option<bool> {
    let mut fields = rest.split('$');
    let (costs, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
    let cost = |name: &str| costs.split(',').find_map(|c| c.strip_prefix(name))?.parse::<u32>().ok();
    let (memory, passes, lanes) = (cost("m=")?, cost("t=")?, cost("p=")?);
    // Who may write the hash may not make us busy for minutes with it.
    if memory > 256 * 1024 || passes > 16 || lanes > 16 {
        return None;
    }
    let salt = BASE64_NOPAD.decode(salt.as_bytes()).ok()?;
    let hash = BASE64_NOPAD.decode(hash.as_bytes()).ok()?;
    Some(same(&argon(password, &salt, memory, passes, lanes)?, &hash))
}

fn argon(password: &str, salt: &[u8], memory: u32, passes: u32, lanes: u32) -> Option<[u8; 32]> {
    let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
    let mut out = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(password.as_bytes(), salt, &mut out).ok()?;
    (password.len() <= LONGEST).then_some(out)
}

/// Compares in a time that does not tell where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_and_its_hash() {
        let hash = hash_password("correct horse", [7; 16]).unwrap();
        assert!(is_password_hash(&hash), "{hash}");
        assert!(verify_password("correct horse", &hash));
        assert!(!verify_password("correct horsf", &hash));
        assert!(!verify_password("", &hash));
        assert_ne!(hash, hash_password("correct horse", [8; 16]).unwrap());
        assert_eq!((hash_password("", [0; 16]), hash_password(&"x".repeat(257), [0; 16])), (None, None));
    }

    #[test]
    fn what_mailman_wrote_is_understood() {
        let sha512 = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
        let sha256 = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";
        let sha1 = "d3486ae9136e7856bc42212385ea797094475802";
        for hash in [sha512, sha256, sha1] {
            assert!(is_password_hash(hash), "{hash}");
            assert!(verify_password("Hello world!", hash), "{hash}");
            assert!(!verify_password("hello world!", hash), "{hash}");
        }
    }

    #[test]
    fn no_hash_at_all_fits_nothing() {
        for hash in [
            "",
            "Hello",
            "$6$",
            "$6$x",
            "$argon2id$v=19$m=1,t=1,p=1$$",
            "$argon2id$v=19$m=9999999,t=1,p=1$YQ$YQ",
            "$1$a$b",
        ] {
            assert!(!verify_password("Hello", hash), "{hash}");
        }
        for text in ["", "Hello", "$6$x", "$1$a$b"] {
            assert!(!is_password_hash(text), "{text}");
        }
    }
}
