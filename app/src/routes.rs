//! Every URL of the app, as one enum: parsed and printed here and nowhere else.

use std::fmt;

use leptos::prelude::{Get, Signal};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use twin::asset::{Kind, Owner};

use crate::places::Places;

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A page of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The front page: sign in, or on to the library.
    Home,
    /// The assets of one or several instances.
    Library {
        /// Which instances.
        places: Places,
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
    /// The runs of one or several instances.
    Runs {
        /// Which instances.
        places: Places,
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
    /// Where things are made and changed, which `desks::Desk` tells apart.
    Desk {
        /// Which instance.
        instance: String,
        /// What comes behind it in the address, decoded.
        rest: String,
    },
    /// The guide.
    Help,
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// The start of the address of a page about `places`; what is between ids stays a plain `+`.
fn start(places: &Places) -> String {
    match places {
        Places::All => "/all".to_owned(),
        Places::Of(ids) => format!("/i/{}", ids.iter().map(|id| encode(id)).collect::<Vec<_>>().join("+")),
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Home => f.write_str("/"),
            Self::Help => f.write_str("/help"),
            Self::Library { places, kind: None } => write!(f, "{}/library", start(places)),
            Self::Library { places, kind: Some(kind) } => write!(f, "{}/library/{}", start(places), kind.folder()),
            Self::Asset { instance, owner, kind, name } => write!(f, "/i/{}/library/{}/{}/{}", encode(instance), kind.folder(), owner.word(), encode(name)),
            Self::Twin { instance, owner, name } => write!(f, "/i/{}/twins/{}/{}", encode(instance), owner.word(), encode(name)),
            Self::Runs { places } => write!(f, "{}/runs", start(places)),
            Self::Compare { instance, owner, runs: [first, second] } => write!(f, "/i/{}/compare/{}/{first}/{second}", encode(instance), owner.word()),
            Self::Run { instance, owner, pipeline, job } => {
                write!(f, "/i/{}/runs/{}/{pipeline}", encode(instance), owner.word())?;
                job.map_or(Ok(()), |job| write!(f, "/{job}"))
            }
            Self::Desk { instance, rest } => {
                write!(f, "/i/{}", encode(instance))?;
                rest.split('/').try_for_each(|part| write!(f, "/{}", encode(part)))
            }
        }
    }
}

impl Route {
    /// How the server does, for whoever runs it: a page of the server, not of the app.
    pub const ADMIN: &'static str = "/admin";

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
            ["all"] | ["all", "library"] => Self::Library { places: Places::All, kind: None },
            ["all", "library", kind] => Self::Library { places: Places::All, kind: Some(Kind::of_folder(kind)?) },
            ["all", "runs"] => Self::Runs { places: Places::All },
            ["i", places] | ["i", places, "library"] => Self::Library { places: Places::of_word(places)?, kind: None },
            ["i", places, "library", kind] => Self::Library { places: Places::of_word(places)?, kind: Some(Kind::of_folder(kind)?) },
            ["i", instance, "library", kind, owner, name] => Self::Asset { instance: own(instance), owner: Owner::of_word(owner)?, kind: Kind::of_folder(kind)?, name: own(name) },
            ["i", instance, "twins", owner, name] => Self::Twin { instance: own(instance), owner: Owner::of_word(owner)?, name: own(name) },
            ["i", places, "runs"] => Self::Runs { places: Places::of_word(places)? },
            ["i", instance, "compare", owner, first, second] => {
                Self::Compare { instance: own(instance), owner: Owner::of_word(owner)?, runs: [first.parse().ok()?, second.parse().ok()?] }
            }
            ["i", instance, "runs", owner, pipeline] => Self::Run { instance: own(instance), owner: Owner::of_word(owner)?, pipeline: pipeline.parse().ok()?, job: None },
            ["i", instance, "runs", owner, pipeline, job] => {
                Self::Run { instance: own(instance), owner: Owner::of_word(owner)?, pipeline: pipeline.parse().ok()?, job: Some(job.parse().ok()?) }
            }
            ["i", instance, "compose" | "edit" | "changes" | "workspace" | "services" | "schedules" | "federated", ..] => {
                Self::Desk { instance: own(instance), rest: words[2..].join("/") }
            }
            _ => return None,
        })
    }

    /// The instances it shows; none for pages that are about no instance.
    #[must_use]
    pub fn places(&self) -> Option<Places> {
        match self {
            Self::Home | Self::Help => None,
            Self::Library { places, .. } | Self::Runs { places } => Some(places.clone()),
            Self::Asset { instance, .. } | Self::Twin { instance, .. } | Self::Compare { instance, .. } | Self::Run { instance, .. } | Self::Desk { instance, .. } => {
                Some(Places::one(instance))
            }
        }
    }

    /// The instance it shows, where it is just one.
    #[must_use]
    pub fn instance(&self) -> Option<String> {
        self.places()?.single().map(str::to_owned)
    }

    /// The same page about other instances, where there can be one: lists go on as they are, and
    /// pages about one thing lead to the list that it is in.
    #[must_use]
    pub fn among(&self, places: Places) -> Self {
        match self {
            Self::Library { kind, .. } => Self::Library { places, kind: *kind },
            Self::Runs { .. } | Self::Run { .. } | Self::Compare { .. } => Self::Runs { places },
            Self::Asset { kind, .. } => Self::Library { places, kind: Some(*kind) },
            Self::Twin { .. } => Self::Library { places, kind: Some(Kind::Twin) },
            Self::Home | Self::Help | Self::Desk { .. } => Self::Library { places, kind: None },
        }
    }

    /// The form that starts the twin of this page, filled with what run `from` was given.
    #[must_use]
    pub fn to_start(&self, from: i64, branch: Option<&str>) -> String {
        let branch = branch.map(|branch| format!("&branch={}", encode(branch))).unwrap_or_default();
        format!("{self}?tab=start&from={from}{branch}")
    }

    /// The page of an asset with one of its files open.
    #[must_use]
    pub fn with_file(&self, path: &str) -> String {
        format!("{self}?file={}", encode(path))
    }

    /// The page with what was typed, whose assets are wanted, and what else narrows it in its address.
    #[must_use]
    pub fn narrowed(&self, text: &str, owner: Option<Owner>, more: &str) -> String {
        let mut pairs = search_of([("q", text), ("where", owner.map_or("", Owner::word))].into_iter().filter(|(_, value)| !value.is_empty()));
        if !pairs.is_empty() && !more.is_empty() {
            pairs.push('&');
        }
        self.with_search(&(pairs + more))
    }

    /// The page with this behind its `?`.
    #[must_use]
    pub fn with_search(&self, search: &str) -> String {
        match search.trim_start_matches('?') {
            "" => self.to_string(),
            search => format!("{self}?{search}"),
        }
    }

    /// The page at `address` as ours, with what is behind its `?` and `#` where that is harmless;
    /// what is no page of ours is home.
    #[must_use]
    pub fn safe(address: &str) -> String {
        let end = address.find(['?', '#']).unwrap_or(address.len());
        let (path, rest) = address.split_at(end);
        let plain = rest.len() <= 1_000 && rest.chars().all(|c| c.is_ascii_alphanumeric() || "?#%=&+._~-".contains(c));
        match Self::find(path) {
            Some(route) if plain => format!("{route}{rest}"),
            Some(route) => route.to_string(),
            None => Self::Home.to_string(),
        }
    }

    /// Where signing in at a backend begins, coming back to this page.
    #[must_use]
    pub fn sign_in(&self, backend: &str) -> String {
        sign_in(backend, &self.to_string())
    }
}

/// Pairs as they stand behind the `?` of an address.
pub fn search_of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    pairs.map(|(key, value)| format!("{key}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// What is behind the `?` of a library's address besides what was typed and whose assets are wanted.
#[must_use]
pub fn more_of(search: &str) -> String {
    let more = |pair: &&str| !pair.is_empty() && !pair.starts_with("q=") && !pair.starts_with("where=");
    search.trim_start_matches('?').split('&').filter(more).collect::<Vec<_>>().join("&")
}

/// The pairs behind a `?`, decoded.
#[must_use]
pub fn pairs(search: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    search.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (decode(key), decode(value))).collect()
}

/// Where signing in at a backend begins, coming back to `here`: path, `?` and all.
#[must_use]
pub fn sign_in(backend: &str, here: &str) -> String {
    format!("/auth/{}?then={}", encode(backend), encode(here))
}

/// The address of the page that is shown, followed: path, what is behind `?`, and behind `#`.
#[must_use]
pub fn here() -> Signal<String> {
    let location = leptos_router::hooks::use_location();
    Signal::derive(move || {
        let (search, hash) = (location.search.get(), location.hash.get());
        let behind = |mark: char, text: String| if text.is_empty() || text.starts_with(mark) { text } else { format!("{mark}{text}") };
        format!("{}{}{}", location.pathname.get(), behind('?', search), behind('#', hash))
    })
}

/// Where a page gets a token for a backend.
#[must_use]
pub fn token_url(backend: &str) -> String {
    format!("/auth/{}/token", encode(backend))
}

/// Where the right to write at a backend is asked for, in a tab of its own.
#[must_use]
pub fn step_up_url(backend: &str) -> String {
    format!("/auth/{}?scope=api&then=%2Fauth%2Fdone", encode(backend))
}

/// Where a page signs out of a backend.
#[must_use]
pub fn logout_url(backend: &str) -> String {
    format!("/auth/{}/logout", encode(backend))
}

/// Where this server tells of one's workspace, or does something with it.
#[must_use]
pub fn workspace_url(act: &str) -> String {
    format!("/workspaces/own/{act}").trim_end_matches('/').to_owned()
}

/// The way into one's workspace, to a path there.
#[must_use]
pub fn workspace_enter(path: &str) -> String {
    format!("/workspaces/enter/me?then={}", encode(path))
}

/// Where this server keeps links to embedded views; `act` is empty or `revoke`.
#[must_use]
pub fn embed_links(act: &str) -> String {
    format!("/embed/links/{act}").trim_end_matches('/').to_owned()
}

/// Where this server tells of the services of an instance, or of one, or does something with it.
#[must_use]
pub fn service_url(instance: &str, service: &str, act: &str) -> String {
    format!("/services/{}/{}/{act}", encode(instance), encode(service)).trim_end_matches('/').to_owned()
}

/// Where this server sends what is published to topics of a service; `want` is a list in JSON.
#[must_use]
pub fn stream_url(instance: &str, service: &str, want: &str) -> String {
    format!("{}?want={}", service_url(instance, service, "stream"), encode(want))
}

/// The whole address of a page, for whoever is not on this server.
#[must_use]
pub fn absolute(route: &Route) -> String {
    format!("{}{route}", leptos::prelude::window().location().origin().unwrap_or_default())
}

/// The base of a backend's APIs.
#[must_use]
pub fn api_base(url: &str) -> String {
    format!("{url}/api")
}

/// The base of a backend's APIs where this server passes requests on.
#[must_use]
pub fn relay_base(backend: &str) -> String {
    format!("/relay/{}/api", encode(backend))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Owner, Places, Route};

    #[test]
    fn every_route_is_read_back() {
        let i = || "aarhus".to_owned();
        let name = || "a b/c ü".to_owned();
        let routes = [
            Route::Home,
            Route::Help,
            Route::Library { places: Places::one("aarhus"), kind: None },
            Route::Library { places: Places::All, kind: Some(Kind::Model) },
            Route::Library { places: Places::Of(vec!["a".into(), "b-2".into()]), kind: Some(Kind::Twin) },
            Route::Runs { places: Places::All },
            Route::Asset { instance: i(), owner: Owner::Common, kind: Kind::Function, name: name() },
            Route::Twin { instance: i(), owner: Owner::Private, name: name() },
            Route::Runs { places: Places::Of(vec!["a".into(), "b".into()]) },
            Route::Compare { instance: i(), owner: Owner::Common, runs: [4, 12] },
            Route::Run { instance: i(), owner: Owner::Private, pipeline: 4, job: Some(7) },
            Route::Run { instance: i(), owner: Owner::Common, pipeline: 4, job: None },
            Route::Desk { instance: i(), rest: "edit/private/models/a b ü".to_owned() },
        ];
        for route in routes {
            assert_eq!(Route::find(&route.to_string()), Some(route.clone()), "{route}");
        }
    }

    #[test]
    fn one_comes_back_to_the_very_view() {
        for (asked, shown) in [
            ("/i/a+b/library/models?q=a%20b&where=common", "/i/a+b/library/models?q=a%20b&where=common"),
            ("/i/a/runs/private/4/7#L10-L20", "/i/a/runs/private/4/7#L10-L20"),
            ("/help?x=//evil.test", "/help"),
            ("//evil.test?q=1", "/"),
        ] {
            assert_eq!(Route::safe(asked), shown);
        }
        assert_eq!(Route::Library { places: Places::All, kind: None }.narrowed("a b", Some(Owner::Common), ""), "/all/library?q=a%20b&where=common");
        let more = super::search_of([("tag", "a&b"), ("by", "Ada L")].into_iter());
        assert_eq!(Route::Library { places: Places::All, kind: None }.narrowed("", None, &more), "/all/library?tag=a%26b&by=Ada%20L");
        assert_eq!(super::more_of(&format!("?q=x&{more}&where=private")), more);
        assert_eq!(super::pairs(&more)[0], ("tag".to_owned(), "a&b".to_owned()));
    }

    #[test]
    fn nothing_leads_out() {
        for path in ["//evil.test", "https://evil.test", "/\\evil.test", "/i/x/library/../..", "javascript:alert(1)", "/auth/forge", ""] {
            assert!(["/", "/i"].iter().any(|start| Route::parse(path).to_string().starts_with(start)) && !Route::parse(path).to_string().contains("evil"), "{path}");
        }
    }
}
