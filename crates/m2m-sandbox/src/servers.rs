//! Puts the servers together and opens their doors.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::accounts::{Accounts, LOYALTYONE_AUDIENCE};
use crate::api::Api;
use crate::api::gateway::Gateway;
use crate::api::participants::Service;
use crate::catalog::Plans;
use crate::certificates::Certificates;
use crate::cli::Cli;
use crate::home::Addresses;
use crate::identity::assertion::Used;
use crate::identity::auth0::Auth0;
use crate::identity::cognito::{self, Cognito};
use crate::identity::{Faults, Identity};
use crate::participants::directory::Directory;
use crate::signing::PendingKey;
use crate::wire::listener::{self, Manner};
use crate::wire::request_log::Journal;

/// Lifetimes that both real services give out when nobody asks for another.
const COGNITO_LIFETIME_SECS: u64 = 3_600;
const AUTH0_LIFETIME_SECS: u64 = 86_400;

/// Starts the servers. They take connections when this returns; only what needs the signing key waits for it.
pub(crate) async fn start(cli: &Cli, accounts: &Accounts, certificates: &Certificates) -> io::Result<Addresses> {
    let key = PendingKey::start();
    let (cognito_listener, cognito_url) = listen(cli.port, 0).await?;
    let (auth0_listener, auth0_url) = listen(cli.port, 1).await?;
    let (api_listener, api_url) = listen(cli.port, 2).await?;
    let (tls_listener, tls_url) = listen(cli.port, 3).await?;
    let mutual_tls_url = tls_url.replacen("http:", "https:", 1);

    let manner = Manner { journal: Arc::new(open_journal(cli)?), latency: cli.latency };
    let plans = Plans::new(&cli.faults);
    let faults = Faults { token: Arc::new(plans.token), metadata: Arc::new(plans.discovery) };

    let cognito = Identity {
        provider: Cognito {
            base_url: cognito_url.clone(),
            mutual_tls_url: mutual_tls_url.clone(),
            client: accounts.cloudloyalty.clone(),
            lifetime_secs: cli.token_ttl.unwrap_or(COGNITO_LIFETIME_SECS),
        },
        key: key.clone(),
        faults: faults.clone(),
        used: Used::default(),
    };
    let auth0 = Identity {
        provider: Auth0 {
            base_url: auth0_url.clone(),
            client: accounts.loyaltyone.clone(),
            audience: LOYALTYONE_AUDIENCE,
            lifetime_secs: cli.token_ttl.unwrap_or(AUTH0_LIFETIME_SECS),
        },
        key: key.clone(),
        faults,
        used: Used::default(),
    };
    let api = Api {
        gateway: Gateway { subscription_key: accounts.subscription_key.clone(), key },
        service: Service { directory: Directory::new(cli.participants) },
        cloudloyalty_issuer: cognito::ISSUER.to_owned(),
        loyaltyone_issuer: Auth0::issuer(&auth0_url),
        faults: plans.api,
    };

    let (cognito, tls) = (Arc::new(cognito), TlsAcceptor::from(Arc::clone(&certificates.server)));
    tokio::spawn(listener::serve(tls_listener, Some(tls), Arc::clone(&cognito), manner.clone()));
    tokio::spawn(listener::serve(cognito_listener, None, cognito, manner.clone()));
    tokio::spawn(listener::serve(auth0_listener, None, Arc::new(auth0), manner.clone()));
    tokio::spawn(listener::serve(api_listener, None, Arc::new(api), manner));
    Ok(Addresses { cognito: cognito_url, mutual_tls: mutual_tls_url, auth0: auth0_url, api: api_url })
}

/// Listens on `first + offset`, or on any free port, of the loopback interface; and its base URL.
async fn listen(first: Option<u16>, offset: u16) -> io::Result<(TcpListener, String)> {
    let port = first.map_or(0, |first| first.saturating_add(offset));
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|cause| io::Error::new(cause.kind(), format!("cannot listen on port {port} of 127.0.0.1: {cause}")))?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

fn open_journal(cli: &Cli) -> io::Result<Journal> {
    let Some(path) = &cli.log else {
        return Ok(Journal::none());
    };
    Journal::open(path)
        .map_err(|cause| io::Error::new(cause.kind(), format!("cannot write the log `{}`: {cause}", path.display())))
}
