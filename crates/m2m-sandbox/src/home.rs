//! The sandbox's temporary folder: the configuration file for `m2m`, and the secrets that it names. It is removed when the
//! sandbox ends. What the secrets are is decided in `accounts`, `client_key` and `certificates`.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use crate::accounts::{Accounts, LOYALTYONE_AUDIENCE, TENANT_ID};
use crate::certificates::Certificates;
use crate::client_key::ClientKey;
use crate::random;

const CLIENT_KEY: &str = "cloudloyalty-client-key.pem";
const CLIENT_CERTIFICATE: &str = "cloudloyalty-client-certificate.pem";
const AUTHORITY: &str = "authority.pem";

/// A folder that only its owner can read; removed on drop.
pub(crate) struct Home(PathBuf);

/// Where the servers listen; no trailing slashes.
pub(crate) struct Addresses {
    pub(crate) cognito: String,
    /// The same server, behind TLS.
    pub(crate) mutual_tls: String,
    pub(crate) auth0: String,
    pub(crate) api: String,
}

impl Home {
    /// Makes a new folder below the system's folder for temporary files.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let name = format!("m2m-sandbox-{}", random::text(random::HEX, 16));
        let path = std::path::absolute(env::temp_dir())?.join(name);
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| format!("cannot create the folder `{}`", path.display()))?;
        Ok(Self(path))
    }

    /// Writes the secrets and the configuration file.
    pub(crate) fn write_files(
        &self,
        accounts: &Accounts,
        key: &ClientKey,
        certificates: &Certificates,
        addresses: &Addresses,
    ) -> anyhow::Result<()> {
        for (name, secret) in [
            ("cloudloyalty-client-secret", &accounts.cloudloyalty.secret),
            ("loyaltyone-client-secret", &accounts.loyaltyone.secret),
            ("subscription-key", &accounts.subscription_key),
        ] {
            self.write(name, &format!("{secret}\n"))?;
        }
        self.write(CLIENT_KEY, &key.pem)?;
        self.write(CLIENT_CERTIFICATE, &certificates.client_pem)?;
        self.write(AUTHORITY, &certificates.authority_pem)?;
        self.write("config.toml", &self.config(accounts, addresses))
    }

    /// The configuration file.
    pub(crate) fn config_path(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// Where `m2m` can keep its token cache.
    pub(crate) fn cache_path(&self) -> PathBuf {
        self.0.join("cache")
    }

    fn config(&self, accounts: &Accounts, addresses: &Addresses) -> String {
        let secret = |name| toml_string(&self.0.join(name).to_string_lossy());
        let Accounts { cloudloyalty, loyaltyone, .. } = accounts;
        let Addresses { cognito, auth0, api, .. } = addresses;
        let profile = |credentials: &str| {
            format!(
                r#"provider = "cloudloyalty"
tenant_id = "{TENANT_ID}"
discovery_url = "{cognito}/.well-known/openid-configuration"
client_id = "{}"
{credentials}
subscription_key = {{ file = {} }}
scope = {}
api_url = "{api}""#,
                cloudloyalty.id,
                secret("subscription-key"),
                json!(cloudloyalty.scopes),
            )
        };
        let by_secret = profile(&format!("client_secret = {{ file = {} }}", secret("cloudloyalty-client-secret")));
        let by_key = profile(&format!("auth_method = \"private_key_jwt\"\nclient_key = {}", secret(CLIENT_KEY)));
        let by_certificate = profile(&format!(
            "auth_method = \"tls_client_auth\"\nclient_cert = {}\nca_file = {}",
            secret(CLIENT_CERTIFICATE),
            secret(AUTHORITY)
        ));
        format!(
            r#"# Written by m2m-sandbox. This file and the files that it names are removed when the sandbox ends.
default_profile = "cloudloyalty"

[profiles.cloudloyalty]
{by_secret}

# The same client, with a signed assertion instead of the secret.
[profiles.cloudloyalty-key]
{by_key}

# The same client, with a certificate.
[profiles.cloudloyalty-certificate]
{by_certificate}

# Refunds use another identity at the real system; here it is the same client, which sends its secret in the body.
[profiles.cloudloyalty-refunds]
extends = "cloudloyalty"
auth_method = "client_secret_post"

[profiles.loyaltyone]
provider = "loyaltyone"
origin_client = "m2m-sandbox"
token_url = "{auth0}/oauth/token"
client_id = "{}"
client_secret = {{ file = {} }}
audience = "{LOYALTYONE_AUDIENCE}"
scope = {}
api_url = "{api}"
"#,
            loyaltyone.id,
            secret("loyaltyone-client-secret"),
            json!(loyaltyone.scopes),
        )
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = self.0.join(name);
        let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("cannot write `{}`", path.display()))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A failure cannot be reported any more, and the system cleans up temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `text` as a TOML basic string, whose escapes are those of JSON.
fn toml_string(text: &str) -> String {
    json!(text).to_string()
}

/// `path` as one word of a POSIX shell.
pub(crate) fn shell_word(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        Addresses {
            cognito: "http://127.0.0.1:1".to_owned(),
            auth0: "http://127.0.0.1:2".to_owned(),
            api: "http://127.0.0.1:3".to_owned(),
            mutual_tls: "https://127.0.0.1:4".to_owned(),
        }
    }

    #[test]
    fn the_configuration_is_toml_that_names_the_files_of_secrets() {
        let accounts = Accounts::new();
        let home = Home::new().unwrap();
        let (key, certificates) = (ClientKey::generate().unwrap(), Certificates::new().unwrap());
        home.write_files(&accounts, &key, &certificates, &addresses()).unwrap();

        let text = fs::read_to_string(home.config_path()).unwrap();
        let config: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(config["default_profile"].as_str(), Some("cloudloyalty"));
        for (profile, secret) in
            [("cloudloyalty", &accounts.cloudloyalty.secret), ("loyaltyone", &accounts.loyaltyone.secret)]
        {
            let file = config["profiles"][profile]["client_secret"]["file"].as_str().unwrap();
            assert_eq!(fs::read_to_string(file).unwrap(), format!("{secret}\n"));
            assert!(!text.contains(secret.as_str()));
        }
        assert!(!text.contains(&accounts.subscription_key));
        for (profile, setting, contents) in [
            ("cloudloyalty-key", "client_key", &key.pem),
            ("cloudloyalty-certificate", "client_cert", &certificates.client_pem),
            ("cloudloyalty-certificate", "ca_file", &certificates.authority_pem),
        ] {
            let file = config["profiles"][profile][setting].as_str().unwrap();
            assert_eq!(&fs::read_to_string(file).unwrap(), contents);
            assert!(config["profiles"][profile].get("client_secret").is_none());
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_home_and_dropping_it_removes_it() {
        use std::os::unix::fs::PermissionsExt;

        let home = Home::new().unwrap();
        let (key, certificates) = (ClientKey::generate().unwrap(), Certificates::new().unwrap());
        home.write_files(&Accounts::new(), &key, &certificates, &addresses()).unwrap();
        let folder = home.0.clone();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        let files: Vec<_> = fs::read_dir(&folder).unwrap().collect();
        assert_eq!(files.len(), 7);
        for file in files {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }

        drop(home);
        assert!(!folder.exists());
    }

    #[test]
    fn shell_words_survive_quotes() {
        assert_eq!(shell_word(Path::new("/tmp/a b")), "'/tmp/a b'");
        assert_eq!(shell_word(Path::new("/tmp/o'k")), r"'/tmp/o'\''k'");
    }
}
