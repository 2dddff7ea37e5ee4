//! XML events with the line and column they end at.

use crate::error::{Diagnostic, Error, Result};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

/// The longest element, in bytes: a file without any `<` must not be held in memory.
const LONGEST: usize = 1 << 20;

/// How much of the line before the place of an error is shown.
const REMEMBERED: usize = 200;

/// A stream that knows how many lines went through it.
///
/// VASP declares ISO-8859-1 and copies titles as they are. Nothing that matters is beyond ASCII, so
/// other bytes become `?` and no encoding can go wrong.
struct Counted {
    inner: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    at: usize,
    line: usize,
    /// The line so far, or its end if it is long.
    text: String,
    /// Bytes of the line that are no longer in `text`.
    dropped: usize,
    /// Bytes since the last event.
    pending: usize,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.pending > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an element longer than 1 MiB"));
        }
        if self.at == self.buffer.len() {
            let bytes = self.inner.fill_buf()?;
            self.buffer.clear();
            self.buffer.extend(bytes.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }));
            self.at = 0;
            let count = bytes.len();
            self.inner.consume(count);
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, count: usize) {
        let end = (self.at + count).min(self.buffer.len());
        for byte in &self.buffer[self.at..end] {
            if *byte == b'\n' {
                self.line += 1;
                self.text.clear();
                self.dropped = 0;
            } else {
                self.text.push(char::from(*byte));
                if self.text.len() > 2 * REMEMBERED {
                    self.text.drain(..REMEMBERED);
                    self.dropped += REMEMBERED;
                }
            }
        }
        self.pending += end - self.at;
        self.at = end;
    }
}

/// What happens next in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// An element opens: its name and its attribute `name`.
    Open(String, String),
    /// An element closes.
    Close(String),
    /// Text that is not blank.
    Text(String),
    /// The end of the file.
    End,
}

/// XML as a stream of nodes.
pub(super) struct Nodes {
    reader: Reader<Counted>,
    path: PathBuf,
    buffer: Vec<u8>,
}

impl Nodes {
    pub(super) fn new(inner: Box<dyn BufRead + Send>, path: PathBuf) -> Self {
        let counted = Counted {
            inner,
            buffer: Vec::new(),
            at: 0,
            line: 1,
            text: String::new(),
            dropped: 0,
            pending: 0,
        };
        let mut reader = Reader::from_reader(counted);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.trim_text(true);
        Self { reader, path, buffer: Vec::new() }
    }

    /// The next node.
    pub(super) fn next(&mut self) -> Result<Node> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().pending = 0;
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(source)) => {
                    let source = io::Error::new(source.kind(), source.to_string());
                    return Err(Error::io(&self.path, format!("read line {}", self.line()))(source));
                }
                Err(error) => {
                    return Err(
                        Diagnostic::new(&self.path, self.line(), 1, format!("broken XML: {error}")).into()
                    );
                }
            };
            return Ok(match event {
                Event::Start(start) => {
                    let name =
                        start.attributes().flatten().find(|attribute| attribute.key.as_ref() == "name");
                    let name = name.map(|attribute| attribute.value.to_string()).unwrap_or_default();
                    Node::Open(start.name().as_ref().to_string(), name)
                }
                Event::End(end) => Node::Close(end.name().as_ref().to_string()),
                Event::Text(content) => Node::Text(content.to_string()),
                Event::Eof => Node::End,
                _ => continue,
            });
        }
    }

    /// The line of the last node's end.
    pub(super) fn line(&self) -> usize {
        self.reader.get_ref().line
    }

    /// The name of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// An error about `word`, a part of the text that was read last.
    pub(super) fn error(&self, word: &str, message: impl Into<String>) -> Error {
        let counted = self.reader.get_ref();
        let shown = &counted.text;
        let (at, length) = match shown.rfind(word).filter(|_| !word.is_empty()) {
            Some(at) => (shown[..at].chars().count(), word.chars().count()),
            None => (shown.chars().count().saturating_sub(1), 1),
        };
        let diagnostic = Diagnostic::new(&self.path, counted.line, counted.dropped + at + 1, message);
        // A line whose beginning was dropped cannot be shown in place.
        if counted.dropped == 0 {
            diagnostic.with_source(shown.clone(), length).into()
        } else {
            diagnostic.into()
        }
    }
}
