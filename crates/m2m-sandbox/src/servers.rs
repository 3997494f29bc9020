//! Builds the servers from accounts and options, and starts to listen. What they answer is in `identity` and `api`.

use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::accounts::{Accounts, LOYALTYONE_AUDIENCE};
use crate::api::Api;
use crate::api::gateway::Gateway;
use crate::api::issuances::Issuances;
use crate::api::offers::Offers;
use crate::api::orders::Orders;
use crate::api::participants::Service;
use crate::catalog::Plans;
use crate::certificates::Certificates;
use crate::cli::Cli;
use crate::home::Addresses;
use crate::identity::assertion::UsedAssertions;
use crate::identity::auth0::Auth0;
use crate::identity::cognito::{self, Cognito};
use crate::identity::{Faults, IdentityServer};
use crate::participants::directory::Directory;
use crate::signing::PendingKey;
use crate::wire::listener::{self, ListenerConfig};
use crate::wire::request_log::RequestLog;

/// The default lifetimes of tokens of the two real services.
const COGNITO_LIFETIME_SECS: u64 = 3_600;
const AUTH0_LIFETIME_SECS: u64 = 86_400;

/// Starts the servers. They accept connections when this returns; only requests that need the signing key wait for it.
pub(crate) async fn start(cli: &Cli, accounts: &Accounts, certificates: &Certificates) -> anyhow::Result<Addresses> {
    let key = PendingKey::start();
    let (cognito_listener, cognito_url) = listen(cli.port, 0).await?;
    let (auth0_listener, auth0_url) = listen(cli.port, 1).await?;
    let (api_listener, api_url) = listen(cli.port, 2).await?;
    let (tls_listener, tls_url) = listen(cli.port, 3).await?;
    let mutual_tls_url = tls_url.replacen("http:", "https:", 1);

    let config = ListenerConfig { request_log: Arc::new(open_request_log(cli)?), latency: cli.latency };
    let plans = Plans::new(&cli.faults);
    let faults = Faults { token: Arc::new(plans.token), metadata: Arc::new(plans.discovery) };

    let cognito = IdentityServer {
        provider: Cognito {
            base_url: cognito_url.clone(),
            mutual_tls_url: mutual_tls_url.clone(),
            client: accounts.cloudloyalty.clone(),
            lifetime_secs: cli.token_ttl.unwrap_or(COGNITO_LIFETIME_SECS),
        },
        key: key.clone(),
        faults: faults.clone(),
        used: UsedAssertions::default(),
    };
    let auth0 = IdentityServer {
        provider: Auth0 {
            base_url: auth0_url.clone(),
            client: accounts.loyaltyone.clone(),
            audience: LOYALTYONE_AUDIENCE,
            lifetime_secs: cli.token_ttl.unwrap_or(AUTH0_LIFETIME_SECS),
        },
        key: key.clone(),
        faults,
        used: UsedAssertions::default(),
    };
    let api = Api {
        gateway: Gateway { subscription_key: accounts.subscription_key.clone(), key },
        orders: Orders::default(),
        offers: Offers::default(),
        issuances: Issuances::default(),
        service: Service { directory: Directory::new(cli.participants) },
        cloudloyalty_issuer: cognito::ISSUER.to_owned(),
        loyaltyone_issuer: Auth0::issuer(&auth0_url),
        faults: plans.api,
    };

    let (cognito, tls) = (Arc::new(cognito), TlsAcceptor::from(Arc::clone(&certificates.server)));
    tokio::spawn(listener::serve(tls_listener, Some(tls), Arc::clone(&cognito), config.clone()));
    tokio::spawn(listener::serve(cognito_listener, None, cognito, config.clone()));
    tokio::spawn(listener::serve(auth0_listener, None, Arc::new(auth0), config.clone()));
    tokio::spawn(listener::serve(api_listener, None, Arc::new(api), config));
    Ok(Addresses { cognito: cognito_url, mutual_tls: mutual_tls_url, auth0: auth0_url, api: api_url })
}

/// Listens on `first + offset` of the loopback interface, or on a free port. Also returns the base URL.
async fn listen(first: Option<u16>, offset: u16) -> anyhow::Result<(TcpListener, String)> {
    let port = first.map_or(0, |first| first.saturating_add(offset));
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("cannot listen on port {port} of 127.0.0.1"))?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

fn open_request_log(cli: &Cli) -> anyhow::Result<RequestLog> {
    let Some(path) = &cli.log else {
        return Ok(RequestLog::disabled());
    };
    RequestLog::open(path).with_context(|| format!("cannot write the log `{}`", path.display()))
}
