//! What reaches the person: results on standard output, everything else on standard error.

use crate::error::{Error, Result};
use crate::io as files;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// How much is said while working. Results and errors are not affected.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Terminal {
    /// Print results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Messages")]
    pub quiet: bool,
    /// Print more about what is being done
    #[arg(short, long, global = true, help_heading = "Messages")]
    pub verbose: bool,
}

impl Terminal {
    /// A remark about the work, for people; not part of the result.
    pub(super) fn note(self, message: &str) {
        if !self.quiet {
            // Remarks nobody can read any more are dropped.
            let _ = writeln!(io::stderr(), "{message}");
        }
    }

    /// What only those want to know who ask for it with `--verbose`.
    pub(super) fn detail(self, message: impl FnOnce() -> String) {
        if self.verbose {
            self.note(&message());
        }
    }

    /// Something that may be wrong but does not stop the work.
    pub(super) fn warn(self, message: &str) {
        self.note(&format!("{} {message}", painted("warning:", "1;33")));
    }
}

/// The name of standard output in errors.
const OUTPUT: &str = "<standard output>";

/// Prints a result.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::io(OUTPUT, "write"))
}

/// Prints a result for machines.
pub(super) fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&files::json(value)?)
}

/// Did the reader of our output (`| head`) go away?
pub(super) fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Io { path, source, .. }
        if source.kind() == ErrorKind::BrokenPipe && path.as_os_str() == OUTPUT)
}

/// Prints an error.
pub(super) fn complain(error: &Error) {
    let mut message = format!("{} {error}", painted("error:", "1;31"));
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        // Most messages already contain their cause.
        if !message.contains(&text) {
            message = format!("{message}\n  because: {text}");
        }
        cause = inner.source();
    }
    let _ = writeln!(io::stderr(), "{message}");
}

/// The most memory this process held so far, bytes, where the system tells.
pub(super) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Coloured text, if standard error is a terminal that wants it.
fn painted(text: &str, colour: &str) -> String {
    let wanted =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_string() }
}

/// Columns to wrap long text to.
pub(super) fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100)
}
