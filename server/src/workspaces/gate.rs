//! The gate before the workspaces: who has a pass comes to their own, and to nothing else. What is
//! asked without one learns nothing, not even which workspaces there are.

use std::any::Any;
use std::sync::Arc;

use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use proxy::{Broken, Own, Passage, Told, forward, is_upgrade};
use sha2::{Digest, Sha256};

use super::enter::is_inside;
use super::pages::{self, go, page, text};
use super::pass::Pass;
use super::place::{Meant, Place};
use super::{Seat, Standing, Workspaces};
use crate::State;
use crate::auth::grants::random_name;
use crate::edge::Door;
use crate::edge::serve::Answer;

/// What belongs to us in names of cookies and headers.
pub const OWN: Own = Own { cookie: "twinport", header: "x-twinport" };
/// Where tickets are taken, on a workspace's host.
pub const ENTER: &str = "/.twinport/enter";

/// See the module.
pub struct Gate {
    state: State,
}

/// A header as text.
fn word<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Somebody who wants to see a page, in a tab of its own.
fn is_navigation(request: &Request<Incoming>) -> bool {
    let headers = request.headers();
    let page = match word(headers, "sec-fetch-mode") {
        Some(mode) => mode == "navigate" && word(headers, "sec-fetch-dest").is_none_or(|dest| dest == "document"),
        None => word(headers, "accept").is_some_and(|accept| accept.contains("text/html")),
    };
    page && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Whether a request that carries a pass was made by the workspace's own pages, or by a person who
/// follows a link. A browser says so in `Sec-Fetch-Site`, or else in `Origin`; for what changes
/// something, and for tunnels, one of them has to.
fn is_own_wish(request: &Request<Incoming>, origin: &str) -> bool {
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let upgrade = is_upgrade(headers);
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let named = origins.next();
    if origins.next().is_some() || named.is_some_and(|named| named != origin) {
        return false;
    }
    match word(headers, "sec-fetch-site") {
        _ if upgrade => named.is_some(),
        Some("same-origin" | "none") => true,
        Some(_) => is_navigation(request),
        None => safe || named.is_some(),
    }
}

/// What a ticket says of the browser that it is for.
fn bound_to(way: &str) -> String {
    hex::encode(&Sha256::digest(way)[..16])
}

/// The cookies of this name, as they came.
fn passes_in<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    pairs.filter_map(move |pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

impl Gate {
    /// Before the workspaces of `state`, if there are any.
    #[must_use]
    pub fn of(state: &State) -> Option<Arc<Self>> {
        state.workspaces.is_some().then(|| Arc::new(Self { state: state.clone() }))
    }

    fn workspaces(&self) -> &Workspaces {
        self.state.workspaces.as_ref().expect("a gate is made where there are workspaces")
    }

    /// The host that is asked for; the front has looked that there is one.
    fn host(request: &Request<Incoming>) -> &str {
        request.uri().authority().map(axum::http::uri::Authority::as_str).or_else(|| word(request.headers(), "host")).unwrap_or_default()
    }

    fn meant<'a>(&self, request: &'a Request<Incoming>, door: Door) -> Meant<'a> {
        match (door, &self.workspaces().place) {
            (Door::Workspaces, _) => Meant::Own,
            (Door::Main, place) => place.meant(Self::host(request)),
        }
    }

    /// Whether a request is for a workspace, or for a host that could only be one.
    #[must_use]
    pub fn is_for(&self, request: &Request<Incoming>, door: Door) -> bool {
        door == Door::Workspaces || self.meant(request, door) != Meant::App
    }

    /// Answers it.
    pub async fn answer(&self, request: Request<Incoming>, client: &HeaderValue, held: &Arc<dyn Any + Send + Sync>) -> Response<Answer> {
        let place = &self.workspaces().place;
        let label = match place {
            Place::Hosts { .. } => match place.meant(Self::host(&request)) {
                Meant::One(label) => Some(label.to_owned()),
                _ => return text(StatusCode::MISDIRECTED_REQUEST, "there is no workspace at this host"),
            },
            Place::Port { authority, .. } if Self::host(&request) == authority => None,
            Place::Port { .. } => return text(StatusCode::MISDIRECTED_REQUEST, "there is no workspace at this host"),
        };
        if request.uri().path() == ENTER {
            return self.enter(label.as_deref(), &request);
        }
        let Some(pass) = self.pass(&request, label.as_deref()).await else { return self.outside(label.as_deref(), &request) };
        if !is_own_wish(&request, &pass.origin) {
            return text(StatusCode::FORBIDDEN, "this workspace answers its own pages only");
        }
        let Some(seat) = self.workspaces().seat(&pass.user) else { return text(StatusCode::NOT_FOUND, "there is no workspace here any more") };
        // One script in the background for a port that all share would see what others do there.
        if matches!(place, Place::Port { .. }) && request.headers().contains_key("service-worker") {
            return text(StatusCode::FORBIDDEN, "workspaces that share a port have no service workers");
        }
        self.pass_on(request, (&pass, &seat), client, held).await
    }

    async fn pass(&self, request: &Request<Incoming>, label: Option<&str>) -> Option<Arc<Pass>> {
        let workspaces = self.workspaces();
        for cookie in passes_in(request.headers(), workspaces.place.cookie()) {
            let pass = workspaces.passes.of(&self.state, (&workspaces.backend, &workspaces.place), cookie).await;
            if let Some(pass) = pass.filter(|pass| label.is_none_or(|label| label == pass.label)) {
                return Some(pass);
            }
        }
        None
    }

    /// A ticket is taken once, and does not stay in the address.
    fn enter(&self, label: Option<&str>, request: &Request<Incoming>) -> Response<Answer> {
        let query = request.uri().query().unwrap_or_default();
        let of = |wanted: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
        let workspaces = self.workspaces();
        if let (Some(then), None) = (of("then"), of("ticket")) {
            return self.begin(label, if is_inside(&then) { &then } else { "/" });
        }
        let way = passes_in(request.headers(), workspaces.place.way()).next().map(bound_to).unwrap_or_default();
        let redeemed = of("ticket").filter(|_| *request.method() == Method::GET).and_then(|ticket| workspaces.passes.redeem(&self.state, label, &ticket, &way));
        let Some((pass, then)) = redeemed else {
            let again = pages::way_in(&self.state, label.unwrap_or("me"), "/", None);
            return page(
                &self.state,
                StatusCode::BAD_REQUEST,
                "This way in has been used",
                "It can be taken once, within half a minute. Nothing was changed.",
                Some((&again, "Go in")),
            );
        };
        let mut response = go(&then);
        if let Some(cookie) = workspaces.place.set_cookie(&pass) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// Sends a browser to get a ticket, which only this browser can use.
    fn begin(&self, label: Option<&str>, then: &str) -> Response<Answer> {
        let way = random_name();
        let mut response = go(&pages::way_in(&self.state, label.unwrap_or("me"), then, Some(&bound_to(&way))));
        if let Some(cookie) = self.workspaces().place.set_way(&way) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// Whoever has no pass is sent to get one, whether or not there is such a workspace.
    fn outside(&self, label: Option<&str>, request: &Request<Incoming>) -> Response<Answer> {
        if is_navigation(request) && !is_upgrade(request.headers()) {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            return self.begin(label, path);
        }
        text(StatusCode::UNAUTHORIZED, "you are not signed in to this workspace: open it anew from Twinport")
    }

    async fn pass_on(&self, request: Request<Incoming>, (pass, seat): (&Arc<Pass>, &Arc<Seat>), client: &HeaderValue, held: &Arc<dyn Any + Send + Sync>) -> Response<Answer> {
        let navigation = is_navigation(&request);
        let path = if navigation { request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned() } else { String::new() };
        let Some(address) = seat.address() else {
            return if navigation {
                go(&pages::about(&self.state, &path))
            } else {
                text(StatusCode::SERVICE_UNAVAILABLE, "the workspace is not running: open it anew from Twinport")
            };
        };
        seat.touch();
        let place = &self.workspaces().place;
        let Some(host) = &pass.host else { return text(StatusCode::BAD_REQUEST, "this host cannot be passed on") };
        let (mut moved, mut kept) = (seat.moved.clone(), None);
        if is_upgrade(request.headers()) {
            let Ok(place) = seat.tunnels.clone().try_acquire_owned() else { return text(StatusCode::SERVICE_UNAVAILABLE, "this workspace has as many tunnels as one may have") };
            kept = Some(Arc::new((held.clone(), place)) as Arc<dyn Any + Send + Sync>);
            let (pass, seat) = (pass.clone(), seat.clone());
            moved = Arc::new(move || {
                pass.touch();
                seat.touch();
            });
        }
        let told = Told { client, scheme: place.scheme(), host, user: seat.user_header.as_ref(), own: OWN };
        let passage = Passage { key: &seat.key, address: &address, told, stop: &pass.stop, moved: &moved, held: kept };
        match forward(request, &passage).await {
            Ok(response) => response.map(|body| Answer::Passed(Box::new(body))),
            Err(broken) => self.broken(seat, navigation, &path, &broken),
        }
    }

    fn broken(&self, seat: &Arc<Seat>, navigation: bool, path: &str, broken: &Broken) -> Response<Answer> {
        tracing::debug!(workspace = seat.label, %broken, "a workspace did not answer");
        let status = if matches!(broken, Broken::Silent(_)) { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
        // One that was ended meanwhile has a page that says so.
        if navigation && !matches!(seat.standing(), Standing::Running(_)) {
            return go(&pages::about(&self.state, path));
        }
        if !navigation {
            return text(status, &format!("the workspace did not answer: {broken}"));
        }
        let words = format!("The workspace of {} was asked, and {broken}. What is in its files is not touched by this.", seat.user);
        page(&self.state, status, "The workspace does not answer", &words, Some((path, "Try again")))
    }
}
