//! git over HTTP (the "smart" protocol): one `git upload-pack` or `git receive-pack` a request.

use std::path::Path;
use std::process::Stdio;

use axum::body::Body;
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio_util::io::ReaderStream;

use super::archive::git;
use super::{GitError, Repo, hook};

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// `git clone`, `git fetch`.
    UploadPack,
    /// `git push`.
    ReceivePack,
}

impl Service {
    /// From `service=git-upload-pack`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "git-upload-pack" => Some(Self::UploadPack),
            "git-receive-pack" => Some(Self::ReceivePack),
            _ => None,
        }
    }

    /// As the protocol calls it, without `git-`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "upload-pack",
            Self::ReceivePack => "receive-pack",
        }
    }
}

/// What watches over a push.
#[derive(Debug)]
pub struct Guard<'a> {
    /// The folder of [`hook`]s.
    pub hooks: &'a Path,
    /// The branch that may be neither deleted nor rewritten.
    pub protected: &'a str,
    /// Where the push options are written, one a line.
    pub options: &'a Path,
}

/// Largest request that may come compressed: what a client has and wants, never a pack.
const MAX_COMPRESSED: u64 = 64 * 1024 * 1024;

impl Repo {
    fn serve(&self, service: Service, protocol: Option<&str>, advertise: bool, guard: Option<&Guard<'_>>) -> Result<Child, GitError> {
        let mut command = git();
        if let Some(guard) = guard {
            command.env(hook::PROTECTED, guard.protected).env(hook::OPTIONS, guard.options);
            command.arg("-c").arg(format!("core.hooksPath={}", guard.hooks.display()));
        }
        if let Some(protocol) = protocol {
            command.env("GIT_PROTOCOL", protocol);
        }
        // The folder belongs to whoever runs the server; git would otherwise ask who that is.
        command.args(["-c", "safe.directory=*", "-c", "uploadpack.allowFilter=true", "-c", "receive.advertisePushOptions=true", "-c", "receive.denyDeleteCurrent=ignore"]);
        command.arg(service.name()).arg("--stateless-rpc");
        if advertise {
            command.arg("--advertise-refs");
        }
        Ok(command.arg(self.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
    }

    /// `GET info/refs`: what is there, with the service line of protocol version 0.
    pub async fn advertise(&self, service: Service, protocol: Option<&str>) -> Result<Vec<u8>, GitError> {
        if !self.path().join("HEAD").exists() {
            return Err(self.gone());
        }
        let output = self.serve(service, protocol, true, None)?.wait_with_output().await?;
        if !output.status.success() {
            return Err(GitError::Io(std::io::Error::other("git ended badly")));
        }
        let line = format!("# service=git-{}\n", service.name());
        let mut body = format!("{:04x}{line}0000", line.len() + 4).into_bytes();
        body.extend(output.stdout);
        Ok(body)
    }

    /// `POST git-upload-pack`: the answer is streamed while `git` makes it.
    pub async fn upload(&self, protocol: Option<&str>, request: Vec<u8>) -> Result<Body, GitError> {
        let mut child = self.serve(Service::UploadPack, protocol, false, None)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let Some(stdout) = stdout else { return Err(GitError::Io(std::io::Error::other("git has no output"))) };
        tokio::spawn(async move {
            if let Some(mut stdin) = stdin {
                let _ = stdin.write_all(&request).await;
            }
            let _ = child.wait().await;
        });
        Ok(Body::from_stream(ReaderStream::new(stdout)))
    }

    /// `POST git-receive-pack`: the pack is streamed in; the report comes when it is stored.
    pub async fn receive(&self, protocol: Option<&str>, request: Body, guard: &Guard<'_>) -> Result<Vec<u8>, GitError> {
        let mut child = self.serve(Service::ReceivePack, protocol, false, Some(guard))?;
        let Some(mut stdin) = child.stdin.take() else { return Err(GitError::Io(std::io::Error::other("git has no input"))) };
        let Some(mut stdout) = child.stdout.take() else { return Err(GitError::Io(std::io::Error::other("git has no output"))) };
        let feed = async move {
            let mut stream = request.into_data_stream();
            while let Some(chunk) = stream.next().await {
                stdin.write_all(&chunk.map_err(std::io::Error::other)?).await?;
            }
            stdin.shutdown().await
        };
        let mut report = Vec::new();
        let (fed, read) = tokio::join!(feed, stdout.read_to_end(&mut report));
        read?;
        child.wait().await?;
        // A pack that git refuses early closes its input; its report says why.
        if report.is_empty() {
            fed?;
        }
        Ok(report)
    }
}

/// The bytes of a request body, unpacked when the client sent it with gzip.
pub fn unpack(body: &[u8], gzip: bool) -> Result<Vec<u8>, GitError> {
    if !gzip {
        return Ok(body.to_vec());
    }
    use std::io::Read;
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(body).take(MAX_COMPRESSED).read_to_end(&mut out)?;
    Ok(out)
}
