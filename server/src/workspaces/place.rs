//! Under which hosts workspaces are: one each, or a second port for all of them.

use axum::http::HeaderValue;

use super::names::is_label;
use crate::config::workspaces::Workspaces as Settings;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `<label>.<domain>[:port]`
    Hosts {
        /// `https` or `http`.
        scheme: &'static str,
        /// The domain, and the port where it is not the usual one.
        rest: String,
    },
    /// One origin, where the pass says whose workspace is meant.
    Port {
        /// `https` or `http`.
        scheme: &'static str,
        /// Host and port.
        authority: String,
    },
}

/// What a request's host means.
#[derive(Debug, PartialEq, Eq)]
pub enum Meant<'a> {
    /// The app.
    App,
    /// A workspace.
    One(&'a str),
    /// The workspace of whoever is asking.
    Own,
    /// A host under the domain that cannot be a workspace.
    Nothing,
}

fn scheme(url: &url::Url) -> &'static str {
    if url.scheme() == "https" { "https" } else { "http" }
}

fn authority(host: &str, port: Option<u16>) -> String {
    port.map_or(host.to_owned(), |port| format!("{host}:{port}"))
}

impl Place {
    /// Out of the configuration; `public_url` is the app's.
    pub fn of(settings: &Settings, public_url: &str) -> Result<Self, String> {
        let app = url::Url::parse(public_url).map_err(|error| error.to_string())?;
        if let Some(domain) = &settings.domain {
            return Ok(Self::Hosts { scheme: scheme(&app), rest: authority(domain, app.port()) });
        }
        let listen = settings.listen.ok_or("[workspaces] has neither domain nor listen")?;
        let url = match &settings.url {
            Some(url) => url::Url::parse(url).map_err(|error| format!("[workspaces] url “{url}” is no address: {error}"))?,
            None => {
                let mut url = app.clone();
                url.set_port(Some(listen.port())).map_err(|()| "public_url cannot have a port")?;
                url
            }
        };
        if url.origin() == app.origin() {
            return Err("[workspaces] url is Twinport's own address: workspaces need another port".to_owned());
        }
        Ok(Self::Port { scheme: scheme(&url), authority: authority(url.host_str().unwrap_or_default(), url.port()) })
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Hosts { scheme, .. } | Self::Port { scheme, .. } => scheme,
        }
    }

    /// What is meant by a `Host` that came in by the main door. Only the one way to write it counts.
    pub fn meant<'a>(&self, host: &'a str) -> Meant<'a> {
        let Self::Hosts { rest, .. } = self else { return Meant::App };
        if let Some(label) = host.strip_suffix(rest.as_str()).and_then(|label| label.strip_suffix('.')) {
            return if is_label(label) { Meant::One(label) } else { Meant::Nothing };
        }
        // Another port, upper case, a dot at the end: not ours, and not the app's either.
        let domain = rest.split(':').next().unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        if name.strip_suffix(domain).is_some_and(|label| label.ends_with('.')) { Meant::Nothing } else { Meant::App }
    }

    /// The authority of a workspace, as browsers send it.
    pub fn host(&self, label: &str) -> String {
        match self {
            Self::Hosts { rest, .. } => format!("{label}.{rest}"),
            Self::Port { authority, .. } => authority.clone(),
        }
    }

    /// The origin of a workspace.
    pub fn origin(&self, label: &str) -> String {
        format!("{}://{}", self.scheme(), self.host(label))
    }

    /// The name of the cookie that lets one in.
    pub fn cookie(&self) -> &'static str {
        if self.scheme() == "https" { "__Host-twinport-workspace" } else { "twinport-workspace" }
    }

    /// The name of the cookie of a browser that is on its way in.
    pub fn way(&self) -> &'static str {
        if self.scheme() == "https" { "__Host-twinport-way" } else { "twinport-way" }
    }

    /// The whole of it.
    pub fn set_way(&self, value: &str) -> Option<HeaderValue> {
        let secure = if self.scheme() == "https" { "Secure; " } else { "" };
        HeaderValue::from_str(&format!("{}={value}; {secure}HttpOnly; SameSite=Lax; Path=/; Max-Age=600", self.way())).ok()
    }

    /// The whole cookie. `Lax`, as people come here from pages elsewhere.
    pub fn set_cookie(&self, value: &str) -> Option<HeaderValue> {
        let secure = if self.scheme() == "https" { "Secure; " } else { "" };
        HeaderValue::from_str(&format!("{}={value}; {secure}HttpOnly; SameSite=Lax; Path=/", self.cookie())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Meant, Place};

    #[test]
    fn one_way_to_write_a_host() {
        let place = Place::Hosts { scheme: "https", rest: "w.test:8443".to_owned() };
        assert_eq!(place.meant("w1.w.test:8443"), Meant::One("w1"));
        for host in ["W1.w.test:8443", "w1.w.test.:8443", "w1.w.test", "w1.w.test:80", "xn--a.w.test:8443", "8080--id.victim.w.test:8443", "a.b.w.test:8443", ".w.test:8443"] {
            assert_eq!(place.meant(host), Meant::Nothing, "{host}");
        }
        for host in ["p.test", "evilw.test:8443", "w.test:8443", "w1.w.test.evil.test:8443"] {
            assert_eq!(place.meant(host), Meant::App, "{host}");
        }
        assert_eq!(place.origin("w1"), "https://w1.w.test:8443");
    }
}
