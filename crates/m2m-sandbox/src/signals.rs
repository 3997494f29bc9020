//! The signals that ask the sandbox to stop. What it does then is decided in `main` and `child`.

#[cfg(unix)]
pub(crate) use unix::Signals;

#[cfg(not(unix))]
pub(crate) use elsewhere::Signals;

/// How the sandbox was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Signal {
    /// Ctrl-C: the terminal sends it to every process in the foreground, including a child.
    Interrupt,
    /// SIGTERM, sent to this process alone.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has it"))]
    Terminate,
}

#[cfg(unix)]
mod unix {
    use std::io;

    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use crate::signals::Signal;

    /// From its creation on, the signals no longer end the process.
    pub(crate) struct Signals {
        interrupt: Stream,
        terminate: Stream,
    }

    impl Signals {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
        }

        /// Waits for the next signal.
        pub(crate) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::Interrupt,
                _ = self.terminate.recv() => Signal::Terminate,
            }
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::future::pending;
    use std::io;

    use tokio::signal::ctrl_c;

    use crate::signals::Signal;

    pub(crate) struct Signals;

    impl Signals {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for the next signal.
        pub(crate) async fn next(&mut self) -> Signal {
            match ctrl_c().await {
                Ok(()) => Signal::Interrupt,
                Err(_) => pending().await,
            }
        }
    }
}
