//! A new key pair for private_key_jwt: ES256, the private half in PEM, the public half as the JWK to register.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use crate::oauth::jose::private_key;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::secret::Secret;

/// Both halves.
pub struct NewKey {
    /// The private half, PKCS#8 in PEM.
    pub pem: Secret,
    /// The public half, as JSON.
    pub public_jwk: String,
    /// Its name: the thumbprint of RFC 7638.
    pub kid: String,
}

/// Makes a key pair.
///
/// # Errors
/// Internal: there is no randomness.
pub fn generate() -> Result<NewKey> {
    let failed = |_| Error::new(ErrorKind::Internal, "no key can be made: the operating system gives no random bytes");
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(failed)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
        .map_err(|e| Error::new(ErrorKind::Internal, "the new key cannot be read").cause(e.to_string()))?;
    let point = pair.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..65]].map(|number| URL_SAFE_NO_PAD.encode(number));
    // The members that identify the key, in the order that RFC 7638 section 3.2 wants.
    let identity = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, identity.as_bytes()));
    let public_jwk =
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}","kid":"{kid}","alg":"ES256","use":"sig"}}"#);
    Ok(NewKey { pem: Secret::new(private_key::to_pem(pkcs8.as_ref())), public_jwk, kid })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::jose::private_key::PrivateKey;
    use crate::oauth::jose::signer::Signer;

    #[test]
    fn the_private_half_signs_with_es256() {
        let key = generate().unwrap();
        let signer =
            Signer::with_key(&PrivateKey::parse(key.pem.expose()).unwrap(), None, Some(key.kid.clone())).unwrap();
        assert_eq!((signer.alg(), signer.kid()), ("ES256", Some(key.kid.as_str())));
        assert!(!key.public_jwk.contains("\"d\""));
    }
}
