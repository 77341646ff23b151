use std::fmt;

use data_encoding::BASE64;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;

use crate::der;

/// Why a private key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The text is no PEM with a private key.
    #[error("it holds no private key in PEM (a block that begins with -----BEGIN PRIVATE KEY-----)")]
    Pem,
    /// A key that nobody verifies.
    #[error("{0}; DKIM wants an RSA key of 2048 bits (1024 to 4096 work), or an Ed25519 key in PKCS #8")]
    Kind(String),
}

/// How a key signs (RFC 6376 §3.3, RFC 8463 §3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Algorithm {
    /// `rsa-sha256`: everybody verifies it.
    Rsa,
    /// `ed25519-sha256`: shorter, and not everybody verifies it yet.
    Ed25519,
}

impl Algorithm {
    /// Its name in the `a=` tag.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa-sha256",
            Self::Ed25519 => "ed25519-sha256",
        }
    }
}

/// A private key.
pub struct SigningKey(Kind);

enum Kind {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Reads a PEM: PKCS #1 or PKCS #8.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::Pem)?;
        let refused =
            |error: ring::error::KeyRejected| KeyError::Kind(format!("the key is refused ({error})"));
        let kind = match &der {
            PrivateKeyDer::Pkcs1(der) => {
                Kind::Rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(refused)?)
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                match RsaKeyPair::from_pkcs8(der) {
                    Ok(pair) => Kind::Rsa(pair),
                    Err(error) => match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                        Ok(pair) => Kind::Ed25519(pair),
                        Err(_) => return Err(refused(error)),
                    },
                }
            }
            _ => return Err(KeyError::Kind("the key is of another kind".into())),
        };
        Ok(Self(kind))
    }

    /// How it signs.
    pub const fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Kind::Rsa(_) => Algorithm::Rsa,
            Kind::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// What stands in the DNS under `SELECTOR._domainkey.DOMAIN` (RFC 6376 §3.6.1).
    pub fn dns_record(&self) -> String {
        match &self.0 {
            Kind::Rsa(pair) => {
                let public = der::rsa_public_key_info(pair.public_key().as_ref());
                format!("v=DKIM1; k=rsa; p={}", BASE64.encode(&public))
            }
            Kind::Ed25519(pair) => {
                format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(pair.public_key().as_ref()))
            }
        }
    }

    /// The signature over `data`; `None` if the key cannot sign, which does not happen to one that was read.
    pub(crate) fn sign(&self, data: &[u8]) -> Option<Vec<u8>> {
        match &self.0 {
            Kind::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature).ok()?;
                Some(signature)
            }
            Kind::Ed25519(pair) => {
                // RFC 8463 §3: the hash is signed.
                let hash = ring::digest::digest(&ring::digest::SHA256, data);
                Some(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.algorithm()).finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const RSA: &str = include_str!("../tests/data/rsa.pem");
    pub(crate) const ED25519: &str = include_str!("../tests/data/ed25519.pem");
    /// What `openssl rsa -pubout` makes of the first.
    const RSA_PUBLIC: &str = include_str!("../tests/data/rsa.pub.pem");

    #[test]
    fn the_record_is_what_openssl_calls_the_public_key() {
        let key = SigningKey::from_pem(RSA.as_bytes()).unwrap();
        let public: String = RSA_PUBLIC.lines().filter(|l| !l.starts_with('-')).collect();
        assert_eq!(key.dns_record(), format!("v=DKIM1; k=rsa; p={public}"));
        assert_eq!(key.algorithm(), Algorithm::Rsa);
        let key = SigningKey::from_pem(ED25519.as_bytes()).unwrap();
        assert_eq!(key.algorithm(), Algorithm::Ed25519);
        assert!(key.dns_record().starts_with("v=DKIM1; k=ed25519; p="));
        assert_eq!(key.dns_record().len(), 22 + 44);
    }

    #[test]
    fn what_is_no_key_says_so_and_no_key_shows_itself() {
        assert_eq!(SigningKey::from_pem(b"hello").unwrap_err(), KeyError::Pem);
        assert_eq!(SigningKey::from_pem(RSA_PUBLIC.as_bytes()).unwrap_err(), KeyError::Pem);
        assert_eq!(format!("{:?}", SigningKey::from_pem(RSA.as_bytes()).unwrap()), "SigningKey(Rsa)");
    }
}
