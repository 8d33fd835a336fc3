//! Rendering: the app's shell with what is public about backends and instances, and where this
//! browser is signed in. Never a token, never a request to a backend.

use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::LazyLock;

use app::bootstrap::{Bootstrap, Person};
use app::places::Places;
use app::routes::Route;
use app::shell::{Assets, shell};
use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use tokio_util::task::LocalPoolHandle;
use tower_sessions::Session;

use crate::State;
use crate::admin::is_admin;
use crate::auth::signed_in;
use crate::failure::Failure;
use crate::site;

/// The Content-Security-Policy of pages (`connect-src`: this server and the configured backends;
/// `frames`: whom they may frame, the Grafanas of the configuration; `parents`: who may frame them).
pub(crate) fn policy(nonce: &str, backends: &str, frames: &str, parents: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; worker-src 'self'; \
         connect-src 'self'{backends}; frame-src {frames}; form-action 'self'; base-uri 'none'; frame-ancestors {parents}"
    )
}

/// What an address says of itself to whoever has no account: nothing that is not in it.
fn unfolded(route: &Route) -> String {
    match route {
        Route::Twin { name, instance, .. } => format!("{name} · a digital twin on {instance}"),
        Route::Asset { name, instance, kind, .. } => format!("{name} · {} on {instance}", kind.plural()),
        Route::Run { pipeline, instance, .. } => format!("Run {pipeline} on {instance}"),
        Route::Library { .. } => "Library · Twinport".to_owned(),
        _ => "Twinport".to_owned(),
    }
}

/// A rendered page.
type Rendering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Renders from the first byte to the last on one thread: views hold things that must be dropped on
/// the thread that made them, and a connection is served by another.
pub(crate) async fn on_one_thread(render: impl Fn(Request<Body>) -> Rendering + Send + 'static, request: Request<Body>) -> Response {
    static THREADS: LazyLock<LocalPoolHandle> = LazyLock::new(|| LocalPoolHandle::new(std::thread::available_parallelism().map_or(2, usize::from)));
    let rendering = THREADS.spawn_pinned(move || async move {
        let (parts, body) = render(request).await.into_parts();
        axum::body::to_bytes(body, usize::MAX).await.map(|bytes| (parts, bytes))
    });
    match rendering.await {
        Ok(Ok((parts, bytes))) => Response::from_parts(parts, Body::from(bytes)),
        Ok(Err(error)) => Failure::internal(error).into_response(),
        Err(error) => Failure::internal(error).into_response(),
    }
}

/// Every page of the app.
pub async fn page(Shared(state): Shared<State>, session: Session, request: Request<Body>) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let own = signed_in(&state, &session).await.unwrap_or_default();
    let admin = is_admin(&state, &own).await;
    let people: Vec<Person> = own.into_iter().map(|own| Person { backend: own.backend, username: own.username, name: own.name }).collect();
    let known: Vec<&str> = state.instances.iter().filter(|instance| people.iter().any(|person| person.backend == instance.backend)).map(|instance| instance.id.as_str()).collect();
    if request.uri().path() == "/"
        && let Some(first) = known.first()
    {
        let places = if known.len() > 1 { Places::All } else { Places::one(*first) };
        return Redirect::to(&Route::Library { places, kind: None }.to_string()).into_response();
    }
    let bootstrap =
        Bootstrap { version: env!("CARGO_PKG_VERSION").to_owned(), backends: state.public_backends.clone(), instances: state.instances.clone(), people, admin, embed: None };
    let origins: Vec<String> = state
        .backends
        .iter()
        // Large files are where a backend redirects to.
        .flat_map(|backend| std::iter::once(&backend.url).chain(&backend.storage))
        .filter_map(|url| url::Url::parse(url).ok())
        .map(|url| url.origin().ascii_serialization())
        .filter(|origin| *origin != state.public_url)
        .collect();
    let origins: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    let path = request.uri().path().to_owned();
    let title = Route::find(&path).map(|route| unfolded(&route)).unwrap_or_else(|| "Twinport".to_owned());
    let assets = Assets { title, oembed: None, path, ..site::assets() };
    // Asked for while the page itself is still on its way (RFC 8288): the app is most of what a slow line waits for.
    let ahead = format!("<{}>; rel=preload; as=fetch; crossorigin=anonymous, <{}>; rel=preload; as=style", assets.wasm, assets.css);
    let render = leptos_axum::render_app_to_stream_with_context(
        move || {
            provide_context(bootstrap.clone());
            provide_context(assets.clone());
        },
        move || {
            if let Some(response) = use_context::<ResponseOptions>() {
                let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
                if let Ok(value) = HeaderValue::from_str(&policy(&nonce, &origins, &state.services.frames(), "'none'")) {
                    response.insert_header(header::CONTENT_SECURITY_POLICY, value);
                }
                response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                if let Ok(ahead) = HeaderValue::from_str(&ahead) {
                    response.insert_header(header::LINK, ahead);
                }
            }
            shell()
        },
    );
    let small = site::accepts(request.headers(), "gzip");
    let response = on_one_thread(render, request).await;
    if small { compressed(response).await } else { response }
}

/// A page in a third of its bytes, for slow lines. There is no secret in it that its length could give away.
async fn compressed(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else { return Failure::internal("a page could not be read").into_response() };
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 2), flate2::Compression::default());
    let written = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    let Ok(small) = written else { return Response::from_parts(parts, Body::from(bytes)) };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Response::from_parts(parts, Body::from(small))
}
