//! The table of what was measured: figures, targets, references, and whether the budget holds.

use std::fmt;

/// One line of the table.
pub(crate) struct Row {
    what: String,
    target: String,
    figure: String,
    yardstick: String,
    verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Holds,
    FallsShort,
    /// There is no target.
    Informs,
}

impl Row {
    /// A row with a target, and whether it is met.
    pub(crate) fn with_target(
        what: impl Into<String>,
        target: impl Into<String>,
        figure: impl Into<String>,
        met: bool,
    ) -> Self {
        let verdict = if met { Verdict::Holds } else { Verdict::FallsShort };
        Self { what: what.into(), target: target.into(), figure: figure.into(), yardstick: "-".into(), verdict }
    }

    /// A row without a target.
    pub(crate) fn info(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self { verdict: Verdict::Informs, ..Self::with_target(what, "-", figure, true) }
    }

    /// Adds the reference, measured in the same run.
    #[must_use]
    pub(crate) fn compared_with(self, yardstick: impl Into<String>) -> Self {
        Self { yardstick: yardstick.into(), ..self }
    }

    pub(crate) fn falls_short(&self) -> bool {
        self.verdict == Verdict::FallsShort
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Holds => "holds",
            Verdict::FallsShort => "**falls short**",
            Verdict::Informs => "",
        };
        write!(f, "| {} | {} | {} | {} | {verdict} |", self.what, self.target, self.figure, self.yardstick)
    }
}

/// The first lines of the table.
pub(crate) const HEAD: &str = "| what | target | figure | yardstick, same run | |\n|---|---|---|---|---|";

/// A size in MB.
pub(crate) fn megabytes(kib: u64) -> String {
    format!("{:.1} MB", kib as f64 * 1024.0 / 1e6)
}
