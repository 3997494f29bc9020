//! Flags that say who asks for a token, and for what.

use std::path::PathBuf;

use clap::Args;

use crate::args::assertion::AssertionArgs;
use crate::args::word::WordOf;
use crate::platform::error::{Error, Result};
use crate::settings::key::SettingKey;
use crate::settings::layer::Layer;

/// The client and its grant.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Client and grant")]
pub struct ClientArgs {
    /// The client's identifier [env: M2M_CLIENT_ID]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Refused: arguments are visible to other users and stay in the shell's history. Use M2M_CLIENT_SECRET or
    /// --client-secret-file
    #[arg(long, value_name = "SECRET", num_args = 0..=1, allow_hyphen_values = true)]
    client_secret: Option<Option<String>>,
    /// File with the client secret, `-` for stdin [env: M2M_CLIENT_SECRET holds the secret, M2M_CLIENT_SECRET_FILE a
    /// path]
    #[arg(long, value_name = "PATH")]
    client_secret_file: Option<PathBuf>,
    /// How the client authenticates [env: M2M_AUTH_METHOD] [default: client_secret_basic, with a JSON body
    /// client_secret_post]
    #[arg(long, value_name = "METHOD", value_parser = WordOf(SettingKey::AuthMethod))]
    auth_method: Option<String>,
    /// PEM file with the client's certificate, for mutual TLS; may hold the key too [env: M2M_CLIENT_CERT]
    #[arg(long, value_name = "FILE")]
    client_cert: Option<String>,
    /// File with the client's private key (PEM or JWK), for private_key_jwt and mutual TLS [env: M2M_CLIENT_KEY]
    #[arg(long, value_name = "FILE")]
    client_key: Option<PathBuf>,
    /// How parameters are sent [env: M2M_BODY_FORMAT] [default: form]
    #[arg(long, value_name = "FORMAT", value_parser = WordOf(SettingKey::BodyFormat))]
    body_format: Option<String>,
    /// How id and secret are encoded in the Basic header [default: form]
    #[arg(long, value_name = "ENCODING", value_parser = WordOf(SettingKey::BasicEncoding))]
    basic_encoding: Option<String>,
    /// Also send client_id in the body beside Basic
    #[arg(long)]
    client_id_in_body: bool,
    #[command(flatten)]
    assertion: AssertionArgs,
    /// Further `token_type` that means Bearer; repeatable [env: M2M_BEARER_TOKEN_TYPES, separated by commas]
    #[arg(long, value_name = "TYPE")]
    bearer_token_type: Vec<String>,
    /// Scope to ask for; repeatable, or several separated by spaces [env: M2M_SCOPE]
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// API that the token is for, as Auth0 and others name it [env: M2M_AUDIENCE]
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// Resource that the token is for (RFC 8707); repeatable
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// Extra parameter of the token request; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    param: Vec<String>,
}

impl ClientArgs {
    /// Adds what was given to a layer.
    ///
    /// # Errors
    /// Usage: `--client-secret` was used, or a parameter is not a pair.
    pub fn add_to(&self, layer: &mut Layer) -> Result<()> {
        if self.client_secret.is_some() {
            return Err(Error::usage(
                "`--client-secret` is refused: a secret on the command line can be read by every user of the machine",
            )
            .cause("arguments show up in process listings, shell histories and CI logs")
            .hint("put it in the environment: `M2M_CLIENT_SECRET`")
            .hint("or in a file: `--client-secret-file PATH`, where `-` reads stdin")
            .hint("or name its source in a profile: `client_secret = { command = [\"pass\", \"show\", \"m2m\"] }`"));
        }
        layer.flag(SettingKey::ClientId, self.client_id.as_ref());
        layer.flag_secret_file(SettingKey::ClientSecret, self.client_secret_file.as_ref());
        layer.flag(SettingKey::AuthMethod, self.auth_method.as_ref());
        layer.flag(SettingKey::ClientCert, self.client_cert.as_ref());
        layer.flag_secret_file(SettingKey::ClientKey, self.client_key.as_ref());
        layer.flag(SettingKey::BodyFormat, self.body_format.as_ref());
        layer.flag(SettingKey::BasicEncoding, self.basic_encoding.as_ref());
        layer.flag_switch(SettingKey::ClientIdInBody, self.client_id_in_body);
        self.assertion.add_to(layer);
        layer.flag_list(SettingKey::BearerTokenTypes, &self.bearer_token_type);
        layer.flag_list(SettingKey::Scope, &self.scope);
        layer.flag(SettingKey::Audience, self.audience.as_ref());
        layer.flag_list(SettingKey::Resource, &self.resource);
        layer.flag_pairs(SettingKey::Params, &self.param)
    }
}
