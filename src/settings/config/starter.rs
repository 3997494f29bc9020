//! The first profile of a new config file: commented, complete but for what only its owner knows.

use crate::settings::presets::Preset;

/// The lines that a provider's profile needs beside provider, client id and secret.
fn profile_template(provider: &str) -> &'static str {
    match provider {
        "cloudloyalty" => {
            "# The tenant's domain; the metadata is at https://auth.<tenant_domain>/.well-known/openid-configuration\n\
             tenant_domain = \"tenant-demo.webpremios.digital\"\n\
             # Fills in {tenant_id} below.\n\
             tenant_id = \"40499\"\n\
             scope = [\"webpremios.campaigns/{tenant_id}\", \"webpremios.backoffice/all.read\"]\n\
             # The key of your subscription in the API portal.\n\
             subscription_key = { env = \"M2M_SUBSCRIPTION_KEY\" }\n\
             # The API of your environment; this is production.\n\
             # api_url = \"https://api.ltm.digital/cloudloyalty\"\n\
             # The paths of the lookup, if your API's documentation says otherwise.\n\
             # participant_by_login = \"/v1/participants?login={login}\"\n\
             # participant_by_cpf = \"/v1/participants?document={cpf}\"\n"
        }
        "cognito" => {
            "# The user pool's issuer.\n\
             issuer = \"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE\"\n\
             # Custom scopes: <resource server id>/<name>\n\
             # scope = [\"https://api.example.com/read\"]\n"
        }
        "loyaltyone" => {
            "# The defaults are LoyaltyOne's sandbox; set both for production.\n\
             # token_url = \"https://TENANT.auth0.com/oauth/token\"\n\
             # api_url = \"https://api.loyalty.com\"\n\
             audience = \"https://partners.loyalty.com\"\n\
             # scope = [\"read:appointments\"]\n"
        }
        "auth0" => {
            "tenant_domain = \"example.eu.auth0.com\"\n\
             # The identifier of the API; without it Auth0 grants a token that no API accepts.\n\
             audience = \"https://api.example.com\"\n\
             # scope = [\"read:things\"]\n"
        }
        "entra" => {
            "# The directory (tenant) id.\n\
             tenant_id = \"00000000-0000-0000-0000-000000000000\"\n\
             # Exactly one scope, ending in /.default\n\
             scope = [\"api://00000000-0000-0000-0000-000000000000/.default\"]\n"
        }
        "okta" => {
            "# The issuer becomes https://<tenant_domain>/oauth2/default; set `issuer` for another authorization server.\n\
             tenant_domain = \"example.okta.com\"\n\
             # A custom authorization server without default scopes wants one.\n\
             scope = [\"things.read\"]\n"
        }
        "keycloak" => {
            "# The realm.\n\
             issuer = \"https://keycloak.example.com/realms/example\"\n\
             # scope = [\"things\"]\n"
        }
        _ => {
            "# Where the metadata is found, and what it must name. Or: token_url = \"https://..\"\n\
             issuer = \"https://auth.example.com\"\n\
             # scope = [\"read\", \"write\"]\n\
             # audience = \"https://api.example.com\"\n\
             # api_url = \"https://api.example.com\"\n"
        }
    }
}

/// How the client of a new profile proves who it is.
pub enum Proof<'a> {
    /// By a shared secret.
    Secret,
    /// By a key: its file's name and its own.
    Key {
        /// The file, beside the config file.
        file: &'a str,
        /// The key's name.
        kid: &'a str,
    },
}

impl Proof<'_> {
    fn lines(&self) -> String {
        match self {
            Self::Secret => {
                "# Where the secret is, never the secret itself: { env = \"NAME\" }, { file = \"PATH\" },\n\
                 # { command = [\"pass\", \"show\", \"m2m\"] } or { keyring = \"ENTRY\" }\n\
                 client_secret = { env = \"M2M_CLIENT_SECRET\" }\n"
                    .to_owned()
            }
            Self::Key { file, kid } => format!(
                "# The client signs with this key; its public half is registered with the authorization server.\n\
                 auth_method = \"private_key_jwt\"\n\
                 client_key = \"{file}\"\n\
                 assertion_kid = \"{kid}\"\n\
                 assertion_alg = \"ES256\"\n"
            ),
        }
    }
}

/// The text of a config file with one profile.
pub fn config(name: &str, preset: &Preset, proof: &Proof<'_>) -> String {
    format!(
        "# Settings of m2m. `m2m profile show` prints each value with its origin.\n\
         # A flag or a variable (M2M_..) wins over a value here.\n\
         default_profile = \"{name}\"\n\
         \n\
         # {title}\n\
         [profiles.{name}]\n\
         provider = \"{provider}\"\n\
         client_id = \"your-client-id\"\n\
         {proof}{profile_template}",
        title = preset.title,
        provider = preset.name,
        proof = proof.lines(),
        profile_template = profile_template(preset.name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::key::SettingKey;
    use crate::settings::presets::PRESETS;

    #[test]
    fn every_starter_is_valid_and_holds_known_keys_only() {
        for preset in PRESETS {
            for proof in [Proof::Secret, Proof::Key { file: "first-key.pem", kid: "k" }] {
                let text = config("first", preset, &proof);
                // Also with every suggestion switched on.
                let suggestion = |line: &str| {
                    let (key, _) = line.strip_prefix("# ")?.split_once(" = ")?;
                    SettingKey::named(key).map(|_| line[2..].to_owned())
                };
                let all: Vec<String> =
                    text.lines().map(|line| suggestion(line).unwrap_or_else(|| line.to_owned())).collect();
                for text in [text.clone(), all.join("\n")] {
                    let table =
                        toml::de::DeTable::parse(&text).unwrap_or_else(|e| panic!("{}: {e}\n{text}", preset.name));
                    let profile = &table.get_ref()["profiles"].get_ref()["first"];
                    let toml::de::DeValue::Table(profile) = profile.get_ref() else { panic!("no table") };
                    assert!(profile.keys().all(|key| SettingKey::named(key.get_ref()).is_some()), "{text}");
                }
            }
        }
    }
}
