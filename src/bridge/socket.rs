//! Sockets of a machine or of a network.

use crate::error::{Error, Result};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where another program listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A port of a machine.
    Network {
        /// The name of the machine, or its number.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket in the file system.
    #[cfg(unix)]
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { host, port } => write!(f, "{host}:{port}"),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A connection.
#[derive(Debug)]
pub enum Link {
    /// Over a network.
    Network(TcpStream),
    /// Within a machine.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Address {
    /// Connects, if somebody listens before `patience` has passed.
    pub fn connect(&self, patience: Duration) -> Result<Link> {
        let start = Instant::now();
        loop {
            match self.attempt() {
                Ok(link) => return Ok(link),
                Err(source) => {
                    let early = matches!(source.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused);
                    if !early || start.elapsed() >= patience {
                        // A socket that did not appear in time is no mistake in the request, as a missing file is.
                        let source = match source.kind() {
                            ErrorKind::NotFound => io::Error::new(ErrorKind::ConnectionRefused, source),
                            _ => source,
                        };
                        return Err(Error::io(
                            self.to_string(),
                            "connect (does the other program listen there?)",
                        )(source));
                    }
                    sleep(Duration::from_millis(50));
                }
            }
        }
    }

    fn attempt(&self) -> io::Result<Link> {
        match self {
            Self::Network { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port))?;
                // Messages are short and waited for.
                stream.set_nodelay(true)?;
                Ok(Link::Network(stream))
            }
            #[cfg(unix)]
            Self::Unix(path) => UnixStream::connect(path).map(Link::Unix),
        }
    }
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Network(stream) => stream.read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Link {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Network(stream) => stream.write(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Network(stream) => stream.flush(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.flush(),
        }
    }
}
