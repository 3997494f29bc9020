//! Connections and requests, whatever they are for: deadlines, retries, redirects, proxies, unusual responses.

mod authorities;
mod certificate_files;
mod certificates;
mod deadline;
mod endings;
mod handshakes;
mod http_versions;
mod preconnect;
mod proxies;
mod redirects;
mod responses;
mod retries;
