//! Where tokens are granted: a token endpoint, or the metadata document that names it.

use crate::oauth::discovery::MetadataSource;
use crate::oauth::issuer;
use crate::oauth::issuer::IssuerRule;
use crate::platform::error::{Error, Result};
use crate::platform::redaction::redactor::HIDDEN;
use crate::platform::text::list_quoted;
use crate::platform::url::Url;
use crate::settings::config::file::AvailableProfiles;
use crate::settings::key::SettingKey;
use crate::settings::layer::Origin;
use crate::settings::resolved::Settings;

/// The authorization server, as far as the settings know it.
#[derive(Clone, Debug)]
pub enum Server {
    /// Its token endpoint is set; nothing is discovered.
    TokenEndpoint(Url),
    /// Its metadata says where.
    Metadata(MetadataSource),
}

impl Server {
    /// Chooses between `token_url`, `discovery_url` and `issuer`: `token_url` skips discovery, unless one of the others
    /// was set by a stronger source (a flag over a profile, a profile over a preset).
    ///
    /// # Errors
    /// Usage: none is set, or the one that counts is not a URL that may be used.
    pub fn resolve(settings: &Settings) -> Result<Self> {
        let token_url = settings.origin(SettingKey::TokenUrl);
        let stronger = [SettingKey::DiscoveryUrl, SettingKey::Issuer]
            .iter()
            .any(|key| settings.origin(*key).overrides(&token_url));
        if !stronger && let Some(url) = settings.url(SettingKey::TokenUrl)? {
            return Ok(Self::TokenEndpoint(url));
        }
        Ok(Self::Metadata(metadata_source(settings)?))
    }
}

/// Where the metadata is, and whose it must be. `discovery_url` names the document, `issuer` pins its issuer; without
/// `discovery_url` the issuer also says where to look.
///
/// # Errors
/// Usage: neither is set, or they cannot be used.
pub fn metadata_source(settings: &Settings) -> Result<MetadataSource> {
    // Who says which issuer it must be means that one; a preset's leniency is for those who do not.
    let rule = if settings.is_explicit(SettingKey::Issuer) { IssuerRule::Exact } else { settings.preset.issuer_rule };
    // A preset's issuer belongs to the preset's server, not to a document that the user named.
    let preset_outdone = matches!(settings.origin(SettingKey::Issuer), Origin::Preset(_))
        && settings.is_explicit(SettingKey::DiscoveryUrl);
    let pinned = if preset_outdone { None } else { settings.text(SettingKey::Issuer)? };
    // A preset's document needs the tenant's domain; an issuer that was set does without it.
    let by_document = settings.is_explicit(SettingKey::DiscoveryUrl)
        || pinned.is_none()
        || settings.raw_str(SettingKey::TenantDomain).is_some();
    if by_document && let Some(url) = settings.url(SettingKey::DiscoveryUrl)? {
        let expected = match pinned {
            Some(issuer) => issuer,
            None => issuer::of_document(&url).ok_or_else(|| {
                Error::usage(format!("the issuer of `discovery_url = \"{url}\"` cannot be told from it"))
                    .cause("it does not end in `/.well-known/openid-configuration`")
                    .hint(format!(
                        "say whose document it must be: set `issuer` with {}",
                        SettingKey::Issuer.how_to_set()
                    ))
            })?,
        };
        return Ok(MetadataSource { urls: vec![url], expected, rule });
    }
    let Some(issuer) = pinned else { return Err(no_server_configured(settings)) };
    let urls = issuer::metadata_urls(&issuer).map_err(|why| {
        let error = settings.bad(SettingKey::Issuer, if issuer.contains('@') { HIDDEN } else { &issuer }, &why);
        if why.contains("metadata document") {
            error.hint(format!("set it as `discovery_url` instead: {}", SettingKey::DiscoveryUrl.how_to_set()))
        } else {
            error
        }
    })?;
    Ok(MetadataSource { urls, expected: issuer, rule })
}

/// The error where nothing says which metadata document it is, with what to do about it for this provider and these
/// profiles.
fn no_server_configured(settings: &Settings) -> Error {
    let error = match settings.raw(SettingKey::TokenUrl) {
        Some((_, origin)) => Error::usage("no metadata document is named").cause(format!(
            "`token_url` (from {origin}) says where tokens are granted; neither `discovery_url` nor `issuer` is set"
        )),
        None => Error::usage("it is not known where tokens are granted")
            .cause("none of `token_url`, `discovery_url` and `issuer` is set"),
    };
    let set_issuer = format!("set `issuer` with {}", SettingKey::Issuer.how_to_set());
    let preset = settings.preset;
    match (preset.issuer_form, &settings.available_profiles) {
        (Some(form), _) => error.hint(format!("an issuer of `{}` reads `{form}`: {set_issuer}", preset.name)),
        (None, _) if settings.raw(SettingKey::TokenUrl).is_some() => error.hint(set_issuer),
        (None, AvailableProfiles::Profiles(names)) => error
            .hint(format!(
                "choose a profile with `--profile NAME`, or set `default_profile`: {}",
                summarize_profiles(names)
            ))
            .hint(format!("or {set_issuer}")),
        (None, available_profiles) => {
            let error = error.hint(set_issuer).hint(
                "or choose a provider: `--provider cloudloyalty --tenant-domain DOMAIN`, `--provider loyaltyone`",
            );
            match available_profiles {
                AvailableProfiles::NoFile => error.hint("`m2m profile init --provider NAME` writes a first profile"),
                _ => error,
            }
        }
    }
}

/// The first names, and how many more there are.
fn summarize_profiles(names: &[String]) -> String {
    const MOST: usize = 8;
    let first: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
    match names.len().saturating_sub(MOST) {
        0 => format!("there is {}", list_quoted(&first)),
        more => format!("there is {}, and {more} more", list_quoted(&first)),
    }
}

/// Whose metadata names the keys that tokens are signed with: as [`metadata_source`], in the words of somebody who has
/// a token already.
///
/// # Errors
/// Usage: neither `issuer` nor `discovery_url` is set, or they cannot be used.
pub fn issuer_source(settings: &Settings) -> Result<MetadataSource> {
    if settings.raw(SettingKey::Issuer).or(settings.raw(SettingKey::DiscoveryUrl)).is_none() {
        return Err(Error::usage("it is not known whose token this must be")
            .cause("neither `issuer` nor `discovery_url` is set")
            .hint(format!("set `issuer` with {}: its metadata names the keys", SettingKey::Issuer.how_to_set())));
    }
    metadata_source(settings)
}
