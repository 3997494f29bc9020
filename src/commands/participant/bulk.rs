//! `m2m participant --cpf-file/--login-file`: many lookups, one JSON line each, with progress, resumption and a
//! summary.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use kdam::{Bar, BarBuilder, BarExt as _};

use crate::api::session::{ApiSession, DeadlineScope};
use crate::commands::participant::writer::{Output, Summary, Writer};
use crate::exit;
use crate::http::retry::RetryPolicy;
use crate::participants::bulk::{Bulk, Field};
use crate::participants::bulk_input;
use crate::participants::filter::ParticipantFilter;
use crate::participants::follow_up::FollowUp;
use crate::participants::lookup::ParticipantLookup;
use crate::participants::resume;
use crate::participants::resume::CompletedLines;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::runtime;
use crate::platform::shell;
use crate::platform::ui::Verbosity;
use crate::tokens::session::TokenSession;

/// Many at once.
#[derive(Args, Debug)]
#[command(next_help_heading = "Many participants")]
pub struct BulkArgs {
    /// File of logins, one a line, `-` for stdin; blank lines and `#` comments are skipped
    #[arg(long, value_name = "FILE")]
    login_file: Option<PathBuf>,
    /// File of CPFs, one a line, `-` for stdin; blank lines and `#` comments are skipped
    #[arg(long, value_name = "FILE")]
    cpf_file: Option<PathBuf>,
    /// How many lookups are in flight, 1 to 512 [default: 8]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = parse_concurrency)]
    concurrency: Option<usize>,
    /// How many requests per second, at most
    #[arg(long, value_name = "R", allow_hyphen_values = true, value_parser = parse_rate)]
    rate: Option<f64>,
    /// Append to this output of an earlier run, skipping the lines that it has; a torn last line is dropped
    #[arg(long, value_name = "OUT.NDJSON")]
    resume: Option<PathBuf>,
    /// GET this path or named path on behalf of each participant found; needs an impersonator
    #[arg(long, value_name = "PATH|@NAME")]
    then: Option<String>,
}

impl BulkArgs {
    /// Refuses what makes no sense for a single lookup.
    pub(super) fn refuse_for_one(&self) -> Result<()> {
        let given = [
            ("--concurrency", self.concurrency.is_some()),
            ("--rate", self.rate.is_some()),
            ("--resume", self.resume.is_some()),
            ("--then", self.then.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map_or(Ok(()), |(flag, _)| {
            Err(Error::usage(format!("`{flag}` is for many lookups, and this is one"))
                .hint("`--cpf-file` and `--login-file` look many participants up"))
        })
    }

    /// Insists on a file, where no single login or CPF is given.
    pub(super) fn require_input(&self) -> Result<()> {
        self.input().map(|_| ())
    }

    fn input(&self) -> Result<(Field, &Path)> {
        match (&self.login_file, &self.cpf_file) {
            (Some(path), _) => Ok((Field::Login, path)),
            (None, Some(path)) => Ok((Field::Cpf, path)),
            (None, None) => {
                Err(Error::usage("nobody is named: `--login`, `--cpf`, `--login-file` or `--cpf-file` is missing")
                    .hint("`m2m participant --help` shows what there is"))
            }
        }
    }
}

fn parse_concurrency(text: &str) -> std::result::Result<usize, &'static str> {
    text.parse().ok().filter(|n| (1..=512).contains(n)).ok_or("it must be a whole number from 1 to 512")
}

fn parse_rate(text: &str) -> std::result::Result<f64, &'static str> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && (0.001..=1e6).contains(rate));
    rate.ok_or("it must be a number of requests per second, above zero")
}

/// Runs the bulk lookup.
///
/// # Errors
/// Usage; whatever keeps a token from being granted; interrupted; when lines have no answer, the class of the worst
/// error.
pub fn run(
    host: &Host,
    args: &BulkArgs,
    redact: bool,
    selection: &ParticipantFilter,
    session: &TokenSession,
    lookup: &ParticipantLookup,
) -> Result<()> {
    let (field, path) = args.input()?;
    let settings = &session.settings;
    let follow_up = args.then.as_ref().map(|target| FollowUp::resolve(settings, lookup.api(), target)).transpose()?;
    let (http, provider) = (session.http()?, session.provider(host)?);
    let (http, provider) = (&http, &provider);
    let (input, total) = open_input(host, path, field)?;
    let (output, mut done) = match &args.resume {
        Some(path) => resume::open(path, field).map(|(file, done)| (Output::File(file), done))?,
        None => (Output::Stdout, CompletedLines::default()),
    };
    // Lines that go to the terminal are themselves what is seen.
    let watched = !(matches!(output, Output::Stdout) && host.ui.stdout_is_terminal());
    let progress = progress(host, total.map(|total| total.saturating_sub(done.count() as u64)), watched)?;
    let summary = Summary::after(&done);
    let (closed, buffer) = (false, Vec::new());
    let writer = RefCell::new(Writer { host, output, field, redact, summary, first: None, progress, closed, buffer });
    let begun = Cell::new(false);
    runtime::force_exit_after_interrupt(|| std::process::exit(exit::of(ErrorKind::Interrupted).code.into()));
    let outcome = runtime::run_with_graceful_shutdown(|mut stop| {
        let (writer, begun) = (&writer, &begun);
        async move {
            let session = tokio::select! {
                biased;
                () = stop.requested() => return Err(runtime::interrupted()),
                session = ApiSession::open(host, http, provider, lookup.api(), DeadlineScope::PerRequest, RetryPolicy::Idempotent) => session?,
            };
            begun.set(true);
            let bulk = Bulk {
                host,
                session: &session,
                lookup,
                selection,
                then: follow_up.as_ref(),
                field,
                concurrency: args.concurrency.unwrap_or(8),
                rate: args.rate,
                retries: http.retries(),
                max_wait: http.timeout(),
            };
            let (lines, reader) = bulk_input::spawn(input, move |line| match line {
                Some(line) => done.take(line).map(|has| !has),
                None => done.finish().map(|()| false),
            });
            let mut stopped = stop.clone();
            bulk.run(lines, stop, &mut |row| writer.borrow_mut().take(row)).await?;
            if futures_util::FutureExt::now_or_never(stopped.requested()).is_some() {
                return Err(runtime::interrupted());
            }
            reader.join().unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the reader of the input failed")))
        }
    });
    let mut writer = writer.into_inner();
    let outcome = outcome.and(writer.flush()).or_else(|error| writer.flush().and(Err(error)));
    if let Some(progress) = &mut writer.progress {
        let _ = progress.clear();
    }
    if writer.closed {
        return Ok(());
    }
    if !begun.get() {
        return outcome;
    }
    host.ui.note(&writer.summary.summary());
    match outcome {
        Ok(()) => writer.outcome(),
        Err(error) if matches!(error.kind(), ErrorKind::Usage) => Err(error),
        Err(error) => Err(error.hint(resume_command(host, args))),
    }
}

fn open_input(host: &Host, path: &Path, field: Field) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path.as_os_str() == "-" {
        let purpose = match field {
            Field::Login => "the logins (one a line)",
            Field::Cpf => "the CPFs (one a line)",
        };
        return Ok((host.stdin(purpose)?, None));
    }
    let failed =
        |e: std::io::Error| Error::usage(format!("cannot read the values from `{}`", path.display())).caused_by(e);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(Error::usage(format!("cannot read the values from `{}`", path.display())).cause("it is a lookup"));
    }
    // Only a person who watches needs to know how much there is.
    let countable = host.ui.stderr_is_terminal() && file.metadata().is_ok_and(|m| m.is_file());
    let total = countable.then(|| File::open(path).ok().and_then(|file| bulk_input::count(file).ok())).flatten();
    Ok((Box::new(file), total))
}

/// A line on stderr, redrawn five times per second; `None` if nobody would see it.
fn progress(host: &Host, total: Option<u64>, watched: bool) -> Result<Option<Bar>> {
    // The log of `-v` would break the progress line.
    if !watched || !host.ui.stderr_is_terminal() || host.ui.verbosity() != Verbosity::Normal {
        return Ok(None);
    }
    let known = total.and_then(|total| usize::try_from(total).ok());
    BarBuilder::default()
        .total(known.unwrap_or_default())
        .unit(" lines")
        .postfix("0 failed")
        .mininterval(0.2)
        .dynamic_ncols(true)
        .leave(false)
        .build()
        .map(Some)
        .map_err(|e| Error::new(ErrorKind::Internal, "cannot set up the progress line").cause(e))
}

/// How to go on after an interruption: the same command, with the output so far.
fn resume_command(host: &Host, args: &BulkArgs) -> String {
    if args.input().is_ok_and(|(_, path)| path.as_os_str() == "-") {
        return "to go on, send the same input again with `--resume OUT.NDJSON`, the file that holds the output so far"
            .into();
    }
    let word = |arg: &std::ffi::OsString| shell::quote(&arg.to_string_lossy()).into_owned();
    let mut words: Vec<String> = vec!["m2m".into()];
    words.extend(host.process.argv.iter().skip(1).map(word));
    if args.resume.is_some() {
        return format!("to go on: `{}`", words.join(" "));
    }
    format!("to go on: `{} --resume OUT.NDJSON`, the file that holds the output so far", words.join(" "))
}
