//! The one error type of the crate.
//!
//! What comes from a file carries path, line and column; what a person asked for and cannot have is
//! said in one sentence with what would have been possible.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, by who has to act on it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Text in a file (or in `--set`) that cannot be accepted, with the place where it stands.
    #[error(transparent)]
    Text(Box<Diagnostic>),
    /// A request that cannot be carried out, for a reason that is not at one place in a file.
    #[error("{0}")]
    Invalid(String),
    /// The simulated physics left the permitted range: non-finite values, explosion, extrapolation.
    #[error("{0}")]
    Physics(String),
    /// The operating system refused: a missing file, a full disk, a closed pipe.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    Io {
        /// The file in question.
        path: PathBuf,
        /// What was tried, as a verb phrase: "open", "write frame 12".
        action: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Stopped by a signal or a time limit after a checkpoint: the same command goes on.
    #[error("{0}")]
    Interrupted(String),
    /// Another process does this already.
    #[error("{0}")]
    Busy(String),
    /// A graphics processor is missing, too small for the task, or gave up on it.
    #[error("{0}")]
    Device(String),
    /// A broken invariant of this program.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

impl Error {
    /// Builds [`Error::Invalid`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// Builds [`Error::Io`]; for use with `map_err`.
    pub fn io(path: impl AsRef<Path>, action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let (path, action) = (path.as_ref().to_path_buf(), action.into());
        move |source| Self::Io { path, action, source }
    }

    /// The exit code of the process: 2 bad input, 3 stopped by physics, 4 input/output or a graphics processor,
    /// 75 interrupted after a checkpoint, 76 done by another process, 70 a bug.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Text(_) | Self::Invalid(_) => 2,
            Self::Physics(_) => 3,
            // A file that is not there, or whose compressed bytes are damaged, is a mistake in the
            // request, not a failing disk.
            Self::Io { source, .. }
                if matches!(
                    source.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::UnexpectedEof
                ) =>
            {
                2
            }
            Self::Io { .. } | Self::Device(_) => 4,
            Self::Interrupted(_) => 75,
            Self::Busy(_) => 76,
            Self::Internal(_) => 70,
        }
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Text(Box::new(diagnostic))
    }
}

/// A complaint about text at a place: `path:line:column: message`, the line with a caret, then help.
///
/// ```
/// use mlmd::error::Diagnostic;
/// let d = Diagnostic::new("input.toml", 3, 12, "unknown unit `kelvn`")
///     .with_source("temperature = \"300 kelvn\"", 9)
///     .with_help("did you mean `kelvin`?");
/// assert!(d.to_string().starts_with("input.toml:3:12: unknown unit `kelvn`\n"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, or a name for what is not a file (`--set`, `<standard input>`).
    pub path: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong, in one line.
    pub message: String,
    /// The line as it stands in the file.
    pub source_line: Option<String>,
    /// How many characters the caret underlines.
    pub length: usize,
    /// What was expected, the nearest valid key, what to do: one line each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A complaint without the offending line.
    pub fn new(path: impl AsRef<Path>, line: usize, column: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            line,
            column,
            message: shortened(message.into()),
            source_line: None,
            length: 1,
            help: Vec::new(),
        }
    }

    /// Adds the offending line and how many characters of it are meant.
    #[must_use]
    pub fn with_source(mut self, line: impl Into<String>, length: usize) -> Self {
        self.source_line = Some(line.into());
        self.length = length.max(1);
        self
    }

    /// Adds a line of help below the caret.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// The longest message that is worth printing, in characters: a hostile file has words of megabytes.
const LONGEST_MESSAGE: usize = 400;

fn shortened(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    message
}

/// The longest stretch of a source line that is worth printing.
const SHOWN: usize = 120;

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path.display(), self.line, self.column, self.message)?;
        if let Some(source) = &self.source_line {
            let number = self.line.to_string();
            // Long lines are cut to a window that holds the caret.
            let start = if self.column > SHOWN { self.column - SHOWN / 2 } else { 0 };
            let shown: String = source
                .chars()
                .skip(start)
                .take(SHOWN)
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            let offset = self.column.saturating_sub(1 + start);
            let length = self.length.min(shown.chars().count().saturating_sub(offset)).max(1);
            write!(f, "\n {number} | {shown}")?;
            write!(f, "\n {:w$} | {:offset$}{}", "", "", "^".repeat(length), w = number.len())?;
        }
        for help in &self.help {
            write!(f, "\n   {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// The candidate nearest to what was typed, if it is near enough to be a likely typo.
///
/// ```
/// assert_eq!(mlmd::error::nearest("temprature", ["time", "temperature"]), Some("temperature"));
/// assert_eq!(mlmd::error::nearest("xyz", ["time", "temperature"]), None);
/// ```
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is longer than any key is no typo of one, and comparing it would take its time.
    if typed.len() > 100 {
        return None;
    }
    let lower = typed.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(3)) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Damerau–Levenshtein distance (adjacent transpositions count one).
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let substitution = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substitution.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_points_at_the_text() {
        let d = Diagnostic::new("in.toml", 12, 5, "unknown key `tmie`")
            .with_source("    tmie = 3", 4)
            .with_help("did you mean `time`?");
        assert_eq!(
            d.to_string(),
            "in.toml:12:5: unknown key `tmie`\n 12 |     tmie = 3\n    |     ^^^^\n   did you mean `time`?"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let line = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let text = Diagnostic::new("f", 1, 501, "m").with_source(line, 1).to_string();
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows[1].len() < 140);
        assert_eq!(rows[1].find('X'), rows[2].find('^'));
    }

    #[test]
    fn words_of_megabytes_are_cut() {
        let word = "é".repeat(1 << 20);
        assert_eq!(nearest(&word, ["temperature"]), None);
        assert!(Diagnostic::new("f", 1, 1, word).to_string().chars().count() < 500);
    }

    #[test]
    fn exit_codes_follow_the_contract() {
        assert_eq!(Error::invalid("x").exit_code(), 2);
        assert_eq!(Error::Physics("x".into()).exit_code(), 3);
        assert_eq!(Error::io("f", "write")(io::Error::from(io::ErrorKind::StorageFull)).exit_code(), 4);
        assert_eq!(Error::Interrupted("x".into()).exit_code(), 75);
    }
}
