//! What the tests share: scripted servers, a hermetic runner of the binary, and the leak check after every run.

pub mod account;
pub mod binary;
pub mod bulk_lookup;
pub mod call;
pub mod check_report;
pub mod corpus;
pub mod encodings;
pub mod failure;
pub mod http;
pub mod jose;
pub mod junit;
pub mod lookup;
pub mod module_graph;
pub mod property;
pub mod random;
pub mod rust_source;
pub mod sandbox;
#[cfg(unix)]
pub mod servers;
pub mod stderr;
pub mod test_servers;

pub use account::Account;
pub use binary::command::Cli;
pub use binary::home::Home;
pub use binary::outcome::Outcome;
pub use bulk_lookup::BulkLookup;
pub use check_report::CheckReport;
pub use http::reply::Reply;
pub use http::request::Request;
pub use http::server::Server;
pub use sandbox::sandbox;
pub use test_servers::TestServers;
