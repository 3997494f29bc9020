//! A temporary home of a user of m2m: a config file with five profiles, a trusted authority, and an empty cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

/// A home that is removed on drop.
pub(crate) struct Home {
    folder: TempDir,
    m2m: PathBuf,
}

impl Home {
    /// A home whose default profile names these servers, by base URL.
    pub(crate) fn new(m2m: &Path, ca_file: &Path, identity: &str, api: &str) -> Result<Self> {
        let folder = TempDir::with_prefix("m2m-bench-")?;
        let config = folder.path().join("config/m2m");
        fs::create_dir_all(&config)?;
        fs::copy(ca_file, config.join("ca.pem"))?;
        fs::write(config.join("config.toml"), profiles(identity, api))?;
        Ok(Self { folder, m2m: m2m.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the cache; `tokens` and `metadata` are below it.
    pub(crate) fn cache(&self) -> PathBuf {
        self.path().join("cache/m2m")
    }

    /// Removes tokens from the cache, and metadata too if asked.
    pub(crate) fn forget(&self, metadata: bool) -> Result<()> {
        for kind in ["tokens", "metadata"] {
            let folder = self.cache().join(kind);
            if folder.exists() && (metadata || kind == "tokens") {
                fs::remove_dir_all(folder)?;
            }
        }
        Ok(())
    }

    /// `m2m` with these arguments.
    pub(crate) fn m2m(&self, args: &[&str]) -> Command {
        let mut command = self.command(&self.m2m);
        command.args(args);
        command
    }

    /// A program in this home, with as small an environment as a job has.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs([
            ("HOME", self.path().as_os_str()),
            ("XDG_CONFIG_HOME", self.path().join("config").as_os_str()),
            ("XDG_CACHE_HOME", self.path().join("cache").as_os_str()),
            ("PATH", std::env::var_os("PATH").unwrap_or_default().as_os_str()),
            ("LC_ALL", "C".as_ref()),
            ("BENCH_CLIENT_SECRET", "not-a-secret".as_ref()),
        ]);
        command
    }
}

fn profiles(identity: &str, api: &str) -> String {
    format!(
        r#"default_profile = "bench"

[profiles.bench]
issuer = "{identity}"
client_id = "1h57kf5cpq17m0eml12EXAMPLE"
client_secret = {{ env = "BENCH_CLIENT_SECRET" }}
scope = ["webpremios.campaigns/40499", "webpremios.backoffice/all.read"]
api_url = "{api}"
ca_file = "ca.pem"

[profiles.uat]
provider = "cloudloyalty"
tenant_domain = "tenant-demo.webpremios.digital"
tenant_id = "40499"
client_id = "2h57kf5cpq17m0eml12EXAMPLE"
client_secret = {{ env = "UAT_CLIENT_SECRET" }}
subscription_key = {{ file = "/run/secrets/apim" }}
scope = ["webpremios.campaigns/40499", "webpremios.backoffice/all.read"]

[profiles.production]
provider = "cloudloyalty"
tenant_domain = "tenant.webpremios.digital"
tenant_id = "40500"
client_id = "3h57kf5cpq17m0eml12EXAMPLE"
client_secret = {{ command = ["pass", "show", "cloudloyalty/production"] }}
subscription_key = {{ file = "/run/secrets/apim" }}
scope = ["webpremios.backoffice/all.read"]

[profiles.airmiles]
provider = "loyaltyone"
client_id = "4h57kf5cpq17m0eml12EXAMPLE"
client_secret = {{ command = ["pass", "show", "airmiles/m2m"] }}
audience = "https://partners.loyalty.com"

[profiles.keycloak]
provider = "keycloak"
issuer = "https://keycloak.example.com/realms/example"
client_id = "reports"
client_secret = {{ file = "/run/secrets/keycloak" }}
"#
    )
}
