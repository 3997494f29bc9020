//! Connections and requests, whatever they are for: deadlines, retries, redirects, proxies, unusual responses.

mod certificate_files;
mod deadline;
mod preconnect;
mod proxies;
mod redirects;
mod responses;
mod retries;
