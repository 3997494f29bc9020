//! What the tests share: a scripted server, a hermetic runner of the binary, and the leak tripwire that watches every run.

pub mod account;
pub mod attempt;
pub mod call;
pub mod client_key;
pub mod command;
pub mod corpus;
pub mod crowd;
pub mod encodings;
pub mod failure;
pub mod findings;
pub mod home;
pub mod junit;
pub mod lookup;
pub mod mutual_tls;
pub mod outcome;
pub mod property;
pub mod random;
#[cfg(unix)]
pub mod real_run;
#[cfg(unix)]
pub mod real_server;
#[cfg(unix)]
pub mod real_table;
#[cfg(unix)]
pub mod real_trial;
pub mod reply;
pub mod request;
pub mod rust_source;
pub mod sandbox;
pub mod scene;
pub mod server;
mod server_tests;
#[cfg(unix)]
pub mod signal;
pub mod signer;
pub mod tls;
pub mod tripwire;
pub mod watch;

pub use account::Account;
pub use command::Cli;
pub use crowd::Crowd;
pub use findings::Findings;
pub use home::Home;
pub use outcome::Outcome;
pub use reply::Reply;
pub use request::Request;
pub use sandbox::sandbox;
pub use scene::Scene;
pub use server::Server;
