//! Where an upstream is. Addresses come from the configuration or from what we started ourselves,
//! never from a request.

use std::fmt;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::stream::Stream;

/// A connection is made within this time, or not at all.
pub const CONNECT_TIME: Duration = Duration::from_secs(5);

/// An upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `http://host:port`
    Tcp {
        /// A name or an address.
        host: String,
        /// Its port.
        port: u16,
    },
    /// `https://host:port`, whose certificate must be good.
    Tls {
        /// The name in the certificate.
        host: String,
        /// Its port.
        port: u16,
    },
    /// `unix:/path`
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "http://{host}:{port}"),
            Self::Tls { host, port } => write!(f, "https://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Address {
    /// Reads `http://host[:port]`, `https://host[:port]` or `unix:/path`; what follows the authority
    /// is left to the caller.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return path.starts_with('/').then(|| Self::Unix(path.into()));
        }
        let url = url::Url::parse(text).ok()?;
        // Nobody's name belongs in an address of ours, and what stands before an `@` has fooled many.
        if url.authority().contains('@') {
            return None;
        }
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        match url.scheme() {
            "http" => Some(Self::Tcp { host, port: url.port().unwrap_or(80) }),
            "https" => Some(Self::Tls { host, port: url.port().unwrap_or(443) }),
            _ => None,
        }
    }

    /// The authority by which an upstream may call itself.
    pub(crate) fn authority(&self) -> Option<String> {
        match self {
            Self::Tcp { host, port } | Self::Tls { host, port } => Some(format!("{host}:{port}")),
            Self::Unix(_) => None,
        }
    }

    /// Connects, within [`CONNECT_TIME`].
    pub async fn connect(&self) -> std::io::Result<Stream> {
        let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "it did not answer within 5 seconds");
        tokio::time::timeout(CONNECT_TIME, self.open()).await.map_err(late)?
    }

    async fn open(&self) -> std::io::Result<Stream> {
        match self {
            Self::Unix(path) => Ok(Stream::Unix(socket(path).await?)),
            Self::Tcp { host, port } => Ok(Stream::Tcp(tcp(host, *port).await?)),
            Self::Tls { host, port } => {
                let name = ServerName::try_from(host.clone()).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error))?;
                let secured = TlsConnector::from(tls()).connect(name, tcp(host, *port).await?).await?;
                Ok(Stream::Tls(Box::new(secured.into())))
            }
        }
    }
}

/// Connects to the socket at `path` and to nothing that a link there leads to: whoever may write in
/// its folder could otherwise have us connect to any socket of this machine.
async fn socket(path: &Path) -> std::io::Result<UnixStream> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(std::io::ErrorKind::InvalidInput.into()) };
    let folder = open(folder, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    let found = openat(&folder, name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    if SFlag::from_bits_truncate(fstat(&found)?.st_mode) & SFlag::S_IFMT != SFlag::S_IFSOCK {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "what is there is no socket"));
    }
    UnixStream::connect(format!("/proc/self/fd/{}", found.as_raw_fd())).await
}

async fn tcp(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn tls() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let make = || {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    };
    CONFIG.get_or_init(make).clone()
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[tokio::test]
    async fn a_link_is_no_socket() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (real, link, file) = (folder.path().join("real"), folder.path().join("link"), folder.path().join("file"));
        let _listener = tokio::net::UnixListener::bind(&real).expect("it can be bound");
        std::os::unix::fs::symlink(&real, &link).expect("it can be linked");
        std::fs::write(&file, "").expect("it can be written");
        assert!(Address::Unix(real).connect().await.is_ok());
        assert!(Address::Unix(link).connect().await.is_err(), "it could lead to anybody's");
        assert!(Address::Unix(file).connect().await.is_err());
    }

    #[test]
    fn addresses() {
        let shown = |text: &str| Address::parse(text).map(|address| address.to_string());
        assert_eq!(shown("http://127.0.0.1:8888/alice/"), Some("http://127.0.0.1:8888".into()));
        assert_eq!(shown("https://w.test"), Some("https://w.test:443".into()));
        assert_eq!(shown("unix:/run/a.sock"), Some("unix:/run/a.sock".into()));
        for text in ["localhost@169.254.169.254", "http://user:pass@h:1/x", "http://h@evil:1", "http://h:8080.evil", "ftp://h", "unix:a", "", "http://", "//h", "http://h:99999"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
