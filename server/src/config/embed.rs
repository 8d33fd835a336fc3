//! `[embed]`: who may show views of ours in pages of their own, and as whom those are read.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

/// The whole section.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Embed {
    /// Origins that may frame views, such as `https://portal.lab.example`; nobody else may.
    pub allowed_parents: Vec<String>,
    /// Portals that make grants themselves.
    pub portal: Vec<Portal>,
    /// Whom data is read as on a GitLab; the forge needs none.
    pub reader: Vec<Reader>,
}

/// A portal and the secret that it shares with us.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portal {
    /// The `kid` of its grants.
    pub id: String,
    /// A file with at least 32 bytes.
    pub secret_file: PathBuf,
}

/// A robot that may read at a backend.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// The backend.
    pub gitlab: String,
    /// A file with its token, of the scope `read_api` and no more.
    pub token_file: PathBuf,
}

impl Embed {
    /// The first thing that does not fit.
    pub(super) fn check(&self, backends: &[&str]) -> Result<(), String> {
        let origin = |text: &&String| !Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == **text);
        if let Some(parent) = self.allowed_parents.iter().find(origin) {
            return Err(format!("[embed] allowed_parents has “{parent}”: write an origin as browsers do, such as https://portal.lab.example"));
        }
        let name = |id: &str| !id.is_empty() && id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        for (place, portal) in self.portal.iter().enumerate() {
            if !name(&portal.id) {
                return Err(format!("[[embed.portal]] has the id “{}”: up to 40 letters, digits, -, _ and .", portal.id));
            }
            if self.portal[..place].iter().any(|other| other.id == portal.id) {
                return Err(format!("two [[embed.portal]] have the id “{}”", portal.id));
            }
        }
        if let Some(reader) = self.reader.iter().find(|reader| !backends.contains(&reader.gitlab.as_str())) {
            return Err(format!("[[embed.reader]] names the backend “{}”, which is not there", reader.gitlab));
        }
        Ok(())
    }
}
