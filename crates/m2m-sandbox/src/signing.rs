//! The RSA key that signs access tokens: generated at start, never written to disk.
//!
//! Both identity servers sign with the same key, because finding its two primes takes from 0.2 to 2 seconds. The format of
//! tokens is in `jwt.rs`.

use std::sync::Arc;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::OsRng;
use ring::digest;
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use serde_json::{Value, json};
use tokio::sync::watch;

/// A key that another thread generates, so that the listeners do not wait for it.
#[derive(Clone)]
pub(crate) struct PendingKey(watch::Receiver<Option<Arc<SigningKey>>>);

impl PendingKey {
    /// Starts to generate a key.
    pub(crate) fn start() -> Self {
        let (ready, pending) = watch::channel(None);
        thread::spawn(move || {
            // A failure drops the sender, and `wait` returns `None`.
            if let Some(key) = SigningKey::generate() {
                ready.send_replace(Some(Arc::new(key)));
            }
        });
        Self(pending)
    }

    /// Waits for the key; `None` if it could not be generated.
    pub(crate) async fn wait(&self) -> Option<Arc<SigningKey>> {
        let mut pending = self.0.clone();
        let key = pending.wait_for(Option::is_some).await.ok()?;
        key.clone()
    }
}

/// An RSA key of 2048 bits for RS256 (RFC 7518 section 3.3).
pub(crate) struct SigningKey {
    pair: KeyPair,
    public: PublicKeyComponents<Vec<u8>>,
    id: String,
}

impl SigningKey {
    /// Generates a key with `rsa` and gives it to `ring`, which signs faster and in constant time.
    ///
    /// `None` if the system has no randomness or `ring` rejects the key: the user can fix neither.
    pub(crate) fn generate() -> Option<Self> {
        let private = RsaPrivateKey::new(&mut OsRng, 2048).ok()?;
        let pair = KeyPair::from_pkcs8(private.to_pkcs8_der().ok()?.as_bytes()).ok()?;
        let public = PublicKeyComponents::from(pair.public());
        let id = thumbprint(&public);
        Some(Self { pair, public, id })
    }

    /// The key's identifier, `kid`: its RFC 7638 thumbprint.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The RS256 signature of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
    }

    /// Whether `signature` is this key's RS256 signature of `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }

    /// The public key as a JWK set (RFC 7517 section 5).
    pub(crate) fn jwk_set(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(&self.public.n),
            "e": URL_SAFE_NO_PAD.encode(&self.public.e),
        }]})
    }
}

/// The SHA-256 thumbprint of the key's required members in lexicographic order (RFC 7638 section 3.2).
fn thumbprint(public: &PublicKeyComponents<Vec<u8>>) -> String {
    let e = URL_SAFE_NO_PAD.encode(&public.e);
    let n = URL_SAFE_NO_PAD.encode(&public.n);
    let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
}
