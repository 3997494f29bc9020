//! `m2m-sandbox`: a loopback stand-in for the systems that `m2m` talks to.
//!
//! A house of its own, which shares no code with `m2m`, so that a mistake on one side is not made on the other:
//!
//! - `cli`, `child`, `signals`, `home`: the process, its command, its private folder
//! - `wire`: connections, answers, the request log
//! - `identity`: the two authorization servers
//! - `api`, `participants`: the API, its gateway, and who it knows
//! - `fault`, `catalog`: misbehaviour on request
//! - `client_key`, `certificates`: how clients prove themselves without a secret
//! - `accounts`, `signing`, `jwt`, `random`, `clock`: what the servers agree on
//!
//! This file owns how they are put together, and what is printed.

mod accounts;
mod api;
mod catalog;
mod certificates;
mod child;
mod cli;
mod client_key;
mod clock;
mod fault;
mod home;
mod identity;
mod jwt;
mod participants;
mod random;
mod servers;
mod signals;
mod signing;
mod wire;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::accounts::Accounts;
use crate::certificates::Certificates;
use crate::cli::Cli;
use crate::client_key::ClientKey;
use crate::home::{Addresses, Home, shell_word};
use crate::participants::directory;
use crate::signals::Signals;

fn main() -> ExitCode {
    let cli = Cli::from_process();
    match run(&cli) {
        Ok(code) => code,
        Err(problem) => {
            complain(&problem.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Builds the runtime: one thread, as one machine's worth of requests needs no more.
fn run(cli: &Cli) -> io::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(cli))
}

async fn serve(cli: &Cli) -> io::Result<ExitCode> {
    // Before anything that would be left behind.
    let mut signals = Signals::new()?;
    let key =
        ClientKey::generate().map_err(|_| io::Error::other("cannot make a client key: there is no randomness"))?;
    let certificates =
        Certificates::new().map_err(|cause| io::Error::other(format!("cannot make certificates: {cause}")))?;
    let mut accounts = Accounts::new();
    accounts.cloudloyalty.keys.push(key.public.clone());
    accounts.cloudloyalty.certificate = Some(certificates.client.clone());
    for client in [&mut accounts.cloudloyalty, &mut accounts.loyaltyone] {
        client.keys.extend(cli.client_keys.iter().cloned());
    }
    let addresses = servers::start(cli, &accounts, &certificates).await?;
    let home = Home::new()?;
    home.furnish(&accounts, &key, &certificates, &addresses)?;

    let Some((program, arguments)) = cli.command.split_first() else {
        // Whoever closed stdout has read enough.
        let _ = print_settings(&home.config_path(), &addresses, cli.participants);
        signals.next().await;
        return Ok(ExitCode::SUCCESS);
    };
    match child::run(program, arguments, &home, &mut signals).await {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(child::NotStarted { status, cause }) => {
            complain(&format!("cannot run `{}`: {cause}", program.display()));
            Ok(ExitCode::from(status))
        }
    }
}

/// Prints what a shell can evaluate, with comments for people.
fn print_settings(config: &Path, addresses: &Addresses, generated: u32) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "# m2m-sandbox serves until it is stopped.")?;
    writeln!(out, "export M2M_CONFIG={}", shell_word(config))?;
    writeln!(out, "#")?;
    writeln!(out, "# CloudLoyalty's identity server: {}", addresses.cognito)?;
    writeln!(out, "# LoyaltyOne's identity server:   {}", addresses.auth0)?;
    writeln!(out, "# The API of both:                {}", addresses.api)?;
    writeln!(out, "# The first one behind TLS:       {}", addresses.mutual_tls)?;
    writeln!(out, "# Profiles: cloudloyalty (the default), loyaltyone; without a secret:")?;
    writeln!(out, "# cloudloyalty-key (a signed assertion), cloudloyalty-certificate (mutual TLS)")?;
    writeln!(out, "#")?;
    writeln!(out, "# Participants to try (all of them made up):")?;
    for (key, note) in [
        (format!("--cpf {}", directory::DOCUMENTED_CPF), "the documented example, INACTIVE"),
        (format!("--login {}", directory::DOCUMENTED_LOGIN), "the same one: a login that looks like a CPF"),
        (format!("--cpf {}", directory::SHARED_CPF), "two participants, one CPF"),
    ] {
        writeln!(out, "#   {key:<20} {note}")?;
    }
    if generated > 0 {
        let (login, cpf) = directory::generated_example(1);
        writeln!(out, "#   {:<20} one of {generated} more", format!("--login {login}"))?;
        writeln!(out, "#   {:<20} the same one", format!("--cpf {cpf}"))?;
    }
    out.flush()
}

fn complain(problem: &str) {
    let _ = writeln!(io::stderr(), "error: {problem}");
}
