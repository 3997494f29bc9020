//! `m2m` against the authorization servers in `tests/servers`, which other projects wrote.

mod api;
mod assertions;
mod authlib;
mod django_oauth_toolkit;
mod mutual_tls;
mod oauth2_mock_server;
mod oidc_provider;
mod trials;
