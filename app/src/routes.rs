//! Every URL of the app, as one enum: parsed and printed here and nowhere else.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use twin::asset::{Kind, Owner};

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A page of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The front page: sign in, or on to the library.
    Home,
    /// The assets of an instance.
    Library {
        /// Which instance.
        instance: String,
        /// Which kind; all of them when absent.
        kind: Option<Kind>,
    },
    /// One asset that is no twin.
    Asset {
        /// Which instance.
        instance: String,
        /// Private or common.
        owner: Owner,
        /// Which kind.
        kind: Kind,
        /// Its folder.
        name: String,
    },
    /// One twin.
    Twin {
        /// Which instance.
        instance: String,
        /// Private or common.
        owner: Owner,
        /// Its folder.
        name: String,
    },
    /// The runs of an instance.
    Runs {
        /// Which instance.
        instance: String,
    },
    /// One run.
    Run {
        /// Which instance.
        instance: String,
        /// Private or common.
        owner: Owner,
        /// The parent pipeline.
        pipeline: i64,
        /// The job whose log is shown.
        job: Option<i64>,
    },
    /// Two runs of a project, side by side.
    Compare {
        /// Which instance.
        instance: String,
        /// Private or common.
        owner: Owner,
        /// The parent pipelines.
        runs: [i64; 2],
    },
    /// The guide.
    Help,
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Home => f.write_str("/"),
            Self::Help => f.write_str("/help"),
            Self::Library { instance, kind: None } => write!(f, "/i/{}/library", encode(instance)),
            Self::Library { instance, kind: Some(kind) } => write!(f, "/i/{}/library/{}", encode(instance), kind.folder()),
            Self::Asset { instance, owner, kind, name } => write!(f, "/i/{}/library/{}/{}/{}", encode(instance), kind.folder(), owner.word(), encode(name)),
            Self::Twin { instance, owner, name } => write!(f, "/i/{}/twins/{}/{}", encode(instance), owner.word(), encode(name)),
            Self::Runs { instance } => write!(f, "/i/{}/runs", encode(instance)),
            Self::Compare { instance, owner, runs: [first, second] } => write!(f, "/i/{}/compare/{}/{first}/{second}", encode(instance), owner.word()),
            Self::Run { instance, owner, pipeline, job } => {
                write!(f, "/i/{}/runs/{}/{pipeline}", encode(instance), owner.word())?;
                job.map_or(Ok(()), |job| write!(f, "/{job}"))
            }
        }
    }
}

impl Route {
    /// The page at `path` (anything after `?` or `#` is left out); what is no page of ours is home.
    #[must_use]
    pub fn parse(path: &str) -> Self {
        Self::find(path).unwrap_or(Self::Home)
    }

    /// The page at `path`, or nothing.
    #[must_use]
    pub fn find(path: &str) -> Option<Self> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let decode = |part: &str| percent_decode_str(part).decode_utf8().ok().map(|text| text.into_owned());
        let parts: Vec<String> = path.strip_prefix('/')?.split('/').filter(|part| !part.is_empty()).map(decode).collect::<Option<_>>()?;
        let words: Vec<&str> = parts.iter().map(String::as_str).collect();
        let own = |text: &str| text.to_owned();
        Some(match words.as_slice() {
            [] => Self::Home,
            ["help"] => Self::Help,
            ["i", instance] | ["i", instance, "library"] => Self::Library { instance: own(instance), kind: None },
            ["i", instance, "library", kind] => Self::Library { instance: own(instance), kind: Some(Kind::of_folder(kind)?) },
            ["i", instance, "library", kind, owner, name] => Self::Asset { instance: own(instance), owner: Owner::of_word(owner)?, kind: Kind::of_folder(kind)?, name: own(name) },
            ["i", instance, "twins", owner, name] => Self::Twin { instance: own(instance), owner: Owner::of_word(owner)?, name: own(name) },
            ["i", instance, "runs"] => Self::Runs { instance: own(instance) },
            ["i", instance, "compare", owner, first, second] => {
                Self::Compare { instance: own(instance), owner: Owner::of_word(owner)?, runs: [first.parse().ok()?, second.parse().ok()?] }
            }
            ["i", instance, "runs", owner, pipeline] => Self::Run { instance: own(instance), owner: Owner::of_word(owner)?, pipeline: pipeline.parse().ok()?, job: None },
            ["i", instance, "runs", owner, pipeline, job] => {
                Self::Run { instance: own(instance), owner: Owner::of_word(owner)?, pipeline: pipeline.parse().ok()?, job: Some(job.parse().ok()?) }
            }
            _ => return None,
        })
    }

    /// The instance it shows.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        match self {
            Self::Home | Self::Help => None,
            Self::Library { instance, .. }
            | Self::Asset { instance, .. }
            | Self::Twin { instance, .. }
            | Self::Runs { instance }
            | Self::Compare { instance, .. }
            | Self::Run { instance, .. } => Some(instance),
        }
    }

    /// The form that starts the twin of this page, filled with what run `from` was given.
    #[must_use]
    pub fn to_start(&self, from: i64, branch: Option<&str>) -> String {
        let branch = branch.map(|branch| format!("&branch={}", encode(branch))).unwrap_or_default();
        format!("{self}?tab=start&from={from}{branch}")
    }

    /// Where signing in at a backend begins, coming back to this page.
    #[must_use]
    pub fn sign_in(&self, backend: &str) -> String {
        format!("/auth/{}?then={}", encode(backend), encode(&self.to_string()))
    }
}

/// Where a page gets a token for a backend.
#[must_use]
pub fn token_url(backend: &str) -> String {
    format!("/auth/{}/token", encode(backend))
}

/// Where a page signs out of a backend.
#[must_use]
pub fn logout_url(backend: &str) -> String {
    format!("/auth/{}/logout", encode(backend))
}

/// The base of a backend's API.
#[must_use]
pub fn api_base(url: &str) -> String {
    format!("{url}/api/v4")
}

#[cfg(test)]
mod tests {
    use super::{Kind, Owner, Route};

    #[test]
    fn every_route_is_read_back() {
        let i = || "aarhus".to_owned();
        let name = || "a b/c ü".to_owned();
        let routes = [
            Route::Home,
            Route::Help,
            Route::Library { instance: i(), kind: None },
            Route::Library { instance: i(), kind: Some(Kind::Model) },
            Route::Asset { instance: i(), owner: Owner::Common, kind: Kind::Function, name: name() },
            Route::Twin { instance: i(), owner: Owner::Private, name: name() },
            Route::Runs { instance: i() },
            Route::Compare { instance: i(), owner: Owner::Common, runs: [4, 12] },
            Route::Run { instance: i(), owner: Owner::Private, pipeline: 4, job: Some(7) },
            Route::Run { instance: i(), owner: Owner::Common, pipeline: 4, job: None },
        ];
        for route in routes {
            assert_eq!(Route::find(&route.to_string()), Some(route.clone()), "{route}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        for path in ["//evil.test", "https://evil.test", "/\\evil.test", "/i/x/library/../..", "javascript:alert(1)", "/auth/forge", ""] {
            assert!(["/", "/i"].iter().any(|start| Route::parse(path).to_string().starts_with(start)) && !Route::parse(path).to_string().contains("evil"), "{path}");
        }
    }
}
