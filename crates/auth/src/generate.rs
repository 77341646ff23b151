use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};

use crate::key::KeyError;

/// Makes a new RSA key of 2048 bits, as a PEM in PKCS #8. Takes seconds.
pub fn generate_rsa() -> Result<String, KeyError> {
    let failed = |error: &dyn std::fmt::Display| KeyError::Kind(format!("no key could be made ({error})"));
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(|e| failed(&e))?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| failed(&e))?;
    Ok(pem.to_string())
}
