//! `m2m-sandbox`: a loopback stand-in for the systems that `m2m` talks to.
//!
//! It shares no code with `m2m`, so that a mistake on one side is not repeated on the other:
//!
//! - `cli`, `child`, `signals`, `home`: the process, its command, its temporary folder
//! - `wire`: connections, answers, the request log
//! - `identity`: the two authorization servers
//! - `api`, `participants`: the API, its gateway, and its participants
//! - `fault`, `catalog`: faults on request
//! - `client_key`, `certificates`: how clients authenticate without a secret
//! - `accounts`, `signing`, `jwt`, `random`, `clock`: what the servers share
//!
//! This file owns the order of start and end, and what is printed.

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

use anyhow::Context;

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
            print_error(&format!("{problem:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Builds the runtime. One thread is enough for the requests of one machine.
fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(cli))
}

async fn serve(cli: &Cli) -> anyhow::Result<ExitCode> {
    // First: from here on a signal no longer ends the process before its temporary folder is removed.
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let key = ClientKey::generate()?;
    let certificates = Certificates::new().context("cannot generate certificates")?;
    let mut accounts = Accounts::new();
    accounts.cloudloyalty.keys.push(key.public.clone());
    accounts.cloudloyalty.certificate = Some(certificates.client.clone());
    for client in [&mut accounts.cloudloyalty, &mut accounts.loyaltyone] {
        client.keys.extend(cli.client_keys.iter().cloned());
    }
    let addresses = servers::start(cli, &accounts, &certificates).await?;
    let home = Home::new()?;
    home.write_files(&accounts, &key, &certificates, &addresses)?;

    let Some((program, arguments)) = cli.command.split_first() else {
        // A closed stdout does not stop the servers.
        let _ = print_settings(&home.config_path(), &addresses, cli.participants);
        signals.next().await;
        return Ok(ExitCode::SUCCESS);
    };
    match child::run(program, arguments, &home, &mut signals).await {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(child::NotStarted { status, cause }) => {
            print_error(&format!("cannot run `{}`: {cause}", program.display()));
            Ok(ExitCode::from(status))
        }
    }
}

/// Prints settings that a shell can evaluate, with comments.
fn print_settings(config: &Path, addresses: &Addresses, generated: u32) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "# m2m-sandbox serves until it is stopped.")?;
    writeln!(out, "export M2M_CONFIG={}", shell_word(config))?;
    writeln!(out, "#")?;
    writeln!(out, "# CloudLoyalty's identity server: {}", addresses.cognito)?;
    writeln!(out, "# LoyaltyOne's identity server:   {}", addresses.auth0)?;
    writeln!(out, "# The API of both:                {}", addresses.api)?;
    writeln!(out, "# CloudLoyalty's server with TLS: {}", addresses.mutual_tls)?;
    writeln!(out, "# Profiles: cloudloyalty (the default), loyaltyone; without a secret:")?;
    writeln!(out, "# cloudloyalty-key (a signed assertion), cloudloyalty-certificate (mutual TLS)")?;
    writeln!(out, "#")?;
    writeln!(out, "# Participants to try (all of them fictional):")?;
    for (key, note) in [
        (format!("--cpf {}", directory::DOCUMENTED_CPF), "the documented example, INACTIVE"),
        (format!("--login {}", directory::DOCUMENTED_LOGIN), "the same participant: a login that looks like a CPF"),
        (format!("--cpf {}", directory::SHARED_CPF), "two participants, one CPF"),
    ] {
        writeln!(out, "#   {key:<20} {note}")?;
    }
    if generated > 0 {
        let (login, cpf) = directory::generated_example(1);
        writeln!(out, "#   {:<20} one of {generated} more", format!("--login {login}"))?;
        writeln!(out, "#   {:<20} the same participant", format!("--cpf {cpf}"))?;
    }
    out.flush()
}

fn print_error(problem: &str) {
    let _ = writeln!(io::stderr(), "error: {problem}");
}
