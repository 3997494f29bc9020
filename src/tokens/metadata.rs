//! Metadata, from the disk or from the server. A document on disk is checked as strictly as a new one, and one that
//! failed a check is never kept.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::cache::dir::{Bucket, CacheDir};
use crate::cache::key;
use crate::http::client::Http;
use crate::oauth::discovery;
use crate::oauth::discovery::{Metadata, MetadataSource};
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::platform::json;
use crate::platform::unix_time;
use crate::platform::url;
use crate::platform::url::Url;

const VERSION: u32 = 1;

/// A document on disk.
#[derive(Deserialize, Serialize)]
struct Wire {
    version: u32,
    url: String,
    fetched_at: u64,
    expires_at: u64,
    document: String,
}

/// The metadata of a source: from the disk if `read`, else fetched and kept for as long as the server allows.
///
/// # Errors
/// As [`discovery::fetch`].
pub async fn find(
    host: &Host,
    http: &Http,
    source: &MetadataSource,
    dir: Option<&CacheDir>,
    read: bool,
) -> Result<Metadata> {
    if let Some(metadata) = dir.filter(|_| read).and_then(|dir| from_disk(host, dir, source)) {
        host.ui.verbose(|| format!("the metadata of {} is in the cache", url::display_url(&metadata.url)));
        return Ok(metadata);
    }
    let metadata = discovery::fetch(host, http, source).await?;
    for remark in &metadata.remarks {
        host.ui.warn(remark);
    }
    if let Some(dir) = dir {
        keep(host, dir, &metadata);
    }
    Ok(metadata)
}

/// A kept document that is still valid and still passes every check.
fn from_disk(host: &Host, dir: &CacheDir, source: &MetadataSource) -> Option<Metadata> {
    source.urls.iter().find_map(|url| {
        let bytes = dir.read(host, Bucket::Metadata, &name(url))?;
        let wire: Wire = json::parse(&bytes).ok()?;
        let current =
            wire.version == VERSION && wire.url == url::display_url(url) && is_current(&wire, host.process.now());
        discovery::read_document(wire.document.as_bytes(), url, source).ok().filter(|_| current)
    })
}

fn is_current(wire: &Wire, now: SystemTime) -> bool {
    let between = unix_time::at(wire.fetched_at).zip(unix_time::at(wire.expires_at));
    between.is_some_and(|(fetched, expires)| fetched <= now && now < expires)
}

/// The name of a document on disk: of its whole URL, whose query may choose between documents and is not shown.
fn name(url: &Url) -> String {
    key::public_name(url.as_str())
}

fn keep(host: &Host, dir: &CacheDir, metadata: &Metadata) {
    let name = name(&metadata.url);
    if metadata.cache_for.is_zero() {
        dir.remove(Bucket::Metadata, &name);
        return;
    }
    let now = host.process.now();
    let wire = Wire {
        version: VERSION,
        url: url::display_url(&metadata.url),
        fetched_at: unix_time::seconds(now),
        expires_at: unix_time::seconds(now + metadata.cache_for),
        document: metadata.document.clone(),
    };
    dir.write(host, Bucket::Metadata, &name, &serde_json::to_vec(&wire).unwrap_or_default());
}
