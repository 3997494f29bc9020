//! `m2m participant --cpf-file/--login-file`: many lookups, one JSON line each, with progress, resumption and a summary.

use std::cell::RefCell;
use std::fs::File;
use std::io::{ErrorKind as IoKind, Read, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::commands::participant::ParticipantArgs;
use crate::exit;
use crate::flows::api_session::{ApiSession, Pace};
use crate::flows::bulk::{Answer, Bulk, Field, Row};
use crate::flows::bulk_input;
use crate::flows::participants::Directory;
use crate::flows::resume::{self, Done};
use crate::flows::token_cache::TokenKeeper;
use crate::output::ndjson::{self, Failure, Outcome};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::{Host, Verbosity};
use crate::platform::http::Http;
use crate::platform::runtime;

/// Lines are written together up to this many bytes.
const BUFFER: usize = 64 * 1024;

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
    /// How many lookups are in flight [default: 8]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    concurrency: Option<String>,
    /// How many requests a second, at most
    #[arg(long, value_name = "R", allow_hyphen_values = true)]
    rate: Option<String>,
    /// Append to this output of an earlier run, skipping the lines that it has; a torn last line is dropped
    #[arg(long, value_name = "OUT.NDJSON")]
    resume: Option<PathBuf>,
}

impl BulkArgs {
    fn input(&self) -> Result<(Field, &Path)> {
        match (&self.login_file, &self.cpf_file) {
            (Some(path), _) => Ok((Field::Login, path)),
            (None, Some(path)) => Ok((Field::Cpf, path)),
            (None, None) => Err(Error::usage("something is missing: --login, --cpf, --login-file or --cpf-file")),
        }
    }

    fn concurrency(&self) -> Result<usize> {
        let Some(text) = &self.concurrency else { return Ok(8) };
        let fits = text.parse().ok().filter(|n| (1..=512).contains(n));
        fits.ok_or_else(|| Error::usage(format!("`--concurrency {text}` is not a whole number from 1 to 512")))
    }

    fn rate(&self) -> Result<Option<f64>> {
        let Some(text) = &self.rate else { return Ok(None) };
        let fits = text.parse().ok().filter(|rate: &f64| rate.is_finite() && (0.001..=1e6).contains(rate));
        fits.map(Some)
            .ok_or_else(|| Error::usage(format!("`--rate {text}` is not a number of requests a second above zero")))
    }
}

/// Runs the bulk lookup.
///
/// # Errors
/// Usage; whatever keeps a token from being granted; interrupted; when lines have no answer, the class of the worst error.
pub fn run(
    host: &Host,
    args: &ParticipantArgs,
    directory: &Directory,
    keeper: &TokenKeeper<'_>,
    http: &Http,
) -> Result<()> {
    let (field, path) = args.bulk.input()?;
    let (concurrency, rate) = (args.bulk.concurrency()?, args.bulk.rate()?);
    let (input, total) = open_input(host, path)?;
    let (output, done) = match &args.bulk.resume {
        Some(path) => resume::open(path).map(|(file, done)| (Output::File(file), done))?,
        None => (Output::Stdout, Done::default()),
    };
    let already = done.len();
    let writer = RefCell::new(Writer {
        host,
        output,
        field,
        redact: args.redact,
        buffer: Vec::new(),
        closed: false,
        tally: Tally::default(),
        progress: progress(host, total, already),
    });
    let selection = args.selection.selection(false);
    let outcome = runtime::run_to_a_stop(|mut stop| {
        let writer = &writer;
        async move {
            let session = tokio::select! {
                biased;
                () = stop.requested() => return Err(runtime::interrupted()),
                session = ApiSession::open(host, http, keeper, directory.api(), Pace::Many) => session?,
            };
            let bulk = Bulk {
                host,
                session: &session,
                directory,
                selection: &selection,
                field,
                concurrency,
                rate,
                retries: http.retries(),
                patience: http.timeout(),
            };
            let (lines, reader) = bulk_input::spawn(input, move |line| done.has(line).map(|has| !has));
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
    writer.progress.finish_and_clear();
    if writer.closed {
        return Ok(());
    }
    host.note(&writer.tally.summary(already));
    match outcome {
        Ok(()) => writer.tally.verdict(),
        Err(error) if matches!(error.kind(), ErrorKind::Usage) => Err(error),
        Err(error) => Err(error.hint(resume_command(host, args))),
    }
}

fn open_input(host: &Host, path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path.as_os_str() == "-" {
        return Ok((host.stdin("the values to look up")?, None));
    }
    let failed = |e: std::io::Error| {
        Error::usage(format!("cannot read the values from `{}`", path.display())).cause(e.to_string())
    };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(
            Error::usage(format!("cannot read the values from `{}`", path.display())).cause("it is a directory")
        );
    }
    // Only a person who watches needs to know how much there is.
    let total = if host.stderr_is_terminal { count_lines(path) } else { None };
    Ok((Box::new(file), total))
}

fn count_lines(path: &Path) -> Option<u64> {
    let mut file = File::open(path).ok().filter(|f| f.metadata().is_ok_and(|m| m.is_file()))?;
    let mut buffer = vec![0u8; BUFFER];
    let mut count = 0;
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(count),
            n => count += buffer[..n].iter().filter(|b| **b == b'\n').count() as u64,
        }
    }
}

fn progress(host: &Host, total: Option<u64>, already: usize) -> ProgressBar {
    if !host.stderr_is_terminal || host.verbosity() < Verbosity::Normal {
        return ProgressBar::hidden();
    }
    let template = if total.is_some() {
        "{bar:24} {pos}/{len}  {per_sec}  {msg}  {eta} left"
    } else {
        "{spinner} {pos}  {per_sec}  {msg}  {elapsed}"
    };
    let bar = match total {
        Some(total) => ProgressBar::new(total.saturating_sub(already as u64)),
        None => ProgressBar::new_spinner(),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
    bar.set_message("0 failed");
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// How to go on after an interruption: the same command, with the output so far.
fn resume_command(host: &Host, args: &ParticipantArgs) -> String {
    if args.bulk.input().is_ok_and(|(_, path)| path.as_os_str() == "-") {
        return "to go on, send the same input again with `--resume OUT.NDJSON`, the file that holds the output so far"
            .into();
    }
    let word = |arg: &std::ffi::OsString| {
        let text = arg.to_string_lossy();
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/=:@,+".contains(&b));
        if plain && !text.is_empty() { text.into_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
    };
    let mut words: Vec<String> = vec!["m2m".into()];
    words.extend(host.argv.iter().skip(1).map(word));
    if args.bulk.resume.is_some() {
        return format!("to go on: `{}`", words.join(" "));
    }
    format!("to go on: `{} --resume OUT.NDJSON`, the file that holds the output so far", words.join(" "))
}

enum Output {
    Stdout,
    File(File),
}

/// Writes whole lines only, many at a time.
struct Writer<'a> {
    host: &'a Host,
    output: Output,
    field: Field,
    redact: bool,
    buffer: Vec<u8>,
    closed: bool,
    tally: Tally,
    progress: ProgressBar,
}

impl Writer<'_> {
    /// Takes a row; nothing means that there is a pause.
    fn take(&mut self, row: Option<Row>) -> Result<()> {
        let Some(row) = row else { return self.flush() };
        self.tally.count(&row.answer);
        let outcome = match &row.answer {
            Answer::Found(items) => Outcome::Found(items),
            Answer::NotFound => Outcome::NotFound,
            Answer::Invalid(error) => Outcome::Invalid(self.failure(error)),
            Answer::Failed(error) => Outcome::Error(self.failure(error)),
        };
        let line = ndjson::line(row.line.number, self.field.name(), row.line.shown(), &outcome, self.redact);
        if self.host.redactor.knows(line.as_bytes()) {
            self.buffer.extend_from_slice(self.host.redactor.hide(&line).as_bytes());
        } else {
            self.buffer.extend_from_slice(line.as_bytes());
        }
        self.progress.inc(1);
        if self.tally.errors > 0 {
            self.progress.set_message(format!("{} failed", self.tally.errors));
        }
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn failure(&self, error: &Error) -> Failure {
        Failure {
            kind: exit::of(error.kind()).kind,
            message: self.host.redactor.hide(error.message()),
            causes: error
                .causes()
                .iter()
                .map(|cause| self.host.redactor.hide(&cause.render(&self.host.redactor)))
                .collect(),
            http_status: error.http().http_status,
        }
    }

    fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() || self.closed {
            return Ok(());
        }
        let written = match &mut self.output {
            Output::Stdout => self.host.write_stdout(&self.buffer),
            Output::File(file) => file.write_all(&self.buffer),
        };
        self.buffer.clear();
        match written {
            Ok(()) => Ok(()),
            // Nobody reads on: the run ends, and that is no error.
            Err(e) if e.kind() == IoKind::BrokenPipe => {
                self.closed = true;
                Err(runtime::interrupted())
            }
            Err(e) => Err(Error::new(ErrorKind::Internal, "cannot write the output").cause(e.to_string())),
        }
    }
}

/// What became of the lines.
#[derive(Default)]
struct Tally {
    found: u64,
    not_found: u64,
    invalid: u64,
    errors: u64,
    worst: Option<ErrorKind>,
}

impl Tally {
    fn count(&mut self, answer: &Answer) {
        match answer {
            Answer::Found(_) => self.found += 1,
            Answer::NotFound => self.not_found += 1,
            Answer::Invalid(_) => self.invalid += 1,
            Answer::Failed(error) => {
                self.errors += 1;
                let worse = |kind| exit::of(kind).code;
                self.worst = self.worst.into_iter().chain([error.kind()]).max_by_key(|kind| worse(*kind));
            }
        }
    }

    fn total(&self) -> u64 {
        self.found + self.not_found + self.invalid + self.errors
    }

    fn summary(&self, already: usize) -> String {
        let skipped = if already > 0 { format!(", {already} were there already") } else { String::new() };
        format!(
            "{} lines: {} found, {} not found, {} invalid, {} errors{skipped}",
            self.total(),
            self.found,
            self.not_found,
            self.invalid,
            self.errors
        )
    }

    fn verdict(&self) -> Result<()> {
        match self.worst {
            None => Ok(()),
            Some(kind) => Err(Error::new(kind, format!("{} of {} lines have no answer", self.errors, self.total()))
                .hint("their `error` in the output says why; the exit code is the class of the worst")),
        }
    }
}
