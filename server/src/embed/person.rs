//! Views read as the person who looks: no OAuth in a frame, so they sign in in a window of its own and
//! say yes there; the frame, which shares no cookie and no storage with that window where browsers keep
//! them apart, meets it at this server by a name that only the frame knows.

use axum::Json;
use axum::extract::{Form, Query, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tower_sessions::Session;

use super::{Grant, Subject, now};
use crate::State;
use crate::auth::grants::random_name;
use crate::auth::signed_in;
use crate::failure::Failure;
use crate::middleware::{ByTheApp, FromOurPages};
use crate::site;

/// A frame waits so long for its person.
const PATIENCE: i64 = 300;
/// A sign-in for frames lasts so long.
const LASTS: i64 = 8 * 3600;
/// Frames that wait at once.
const MOST: usize = 5_000;
const COOKIES: &str = "embed person";
const WAY: &str = "/embed/sign-in";

/// What the cookie of a frame says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    grant: String,
    backend: String,
    until: i64,
}

fn secure(state: &State) -> bool {
    state.public_url.starts_with("https://")
}

fn cookie(state: &State) -> &'static str {
    if secure(state) { "__Host-twinport-embed" } else { "twinport-embed" }
}

/// A number that the person sees in the frame and in the window: a stranger's window shows another.
fn code(nonce: &str) -> String {
    let hash = Sha256::digest(nonce);
    format!("{:04}", u32::from_be_bytes([0, hash[0], hash[1], hash[2]]) % 10_000)
}

fn is_nonce(text: &str) -> bool {
    (32..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether a sign-in may lead on to the question whether a frame may read.
#[must_use]
pub fn is_way(then: &str) -> bool {
    then.len() < 1_000 && then.split_once('?').is_some_and(|(path, query)| path == WAY && query.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=&%_.-".contains(&byte)))
}

/// Whom the frame reads as, if they signed in for it and have not signed out since.
async fn person(state: &State, headers: &HeaderMap, backend: &str) -> Option<Claims> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    for value in pairs.filter_map(|pair| pair.trim().strip_prefix(cookie(state))?.strip_prefix('=')) {
        let claims: Option<Claims> = state.grants.open_text(COOKIES, value).and_then(|plain| serde_json::from_slice(&plain).ok());
        if let Some(claims) = claims.filter(|claims| claims.backend == backend && claims.until > now())
            && state.grants.is_alive(&claims.grant, backend).await == Ok(true)
        {
            return Some(claims);
        }
    }
    None
}

/// The grant of whoever looks, or the page that asks them to sign in.
pub async fn grant(state: &State, headers: &HeaderMap, subject: Subject) -> Result<Grant, Response> {
    let refused = |words: &str| super::page::refused(state, words);
    let Some(instance) = state.instances.iter().find(|instance| instance.id == subject.instance).filter(|_| subject.is_whole()) else {
        return Err(refused("It names something that is not here."));
    };
    let parents = state.embeds.parents(&[]);
    if parents.is_empty() {
        return Err(refused("No page may show views of this Twinport."));
    }
    match person(state, headers, &instance.backend).await {
        Some(claims) => Ok(Grant { id: "person".to_owned(), subject, parents, until: claims.until, reads_as: Some(claims.grant) }),
        None => Err(asks(&instance.backend, &instance.name, &parents)),
    }
}

fn document(title: &str, body: &str, nonce: &str, script: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"icon\" href=\"data:,\"><title>{title} · Twinport</title><link rel=\"stylesheet\" href=\"{css}\"></head><body class=\"plain\"><main class=\"notice\" id=\"main\"><h1>{title}</h1>{body}</main>\
         <script nonce=\"{nonce}\">{script}</script></body></html>",
        css = site::path_of("main.css")
    )
}

fn policy(nonce: &str, ancestors: &str) -> HeaderValue {
    let text = format!(
        "default-src 'none'; style-src 'self'; img-src data:; script-src 'nonce-{nonce}'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// In the frame: who should sign in, and how it goes on. The name that it waits under is made for this
/// answer, and is in no address of the frame.
fn asks(backend: &str, instance: &str, parents: &[String]) -> Response {
    let escape = forge::oauth::html::escape;
    let (waits, script_nonce) = (random_name(), random_name());
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let way = format!("{WAY}?nonce={waits}&backend={}", encode(backend));
    let body = format!(
        "<p id=\"why\">This view of {} is shown to whoever may see it there.</p><p><a class=\"button\" data-variant=\"primary\" id=\"in\" href=\"{}\" target=\"_blank\" rel=\"opener\">Sign in</a></p>\
         <p>The window that opens shows the number <strong>{}</strong>.</p><p id=\"said\" role=\"status\"></p>",
        escape(instance),
        escape(&way),
        code(&waits)
    );
    let script = format!(
        "const said = document.getElementById('said'), link = document.getElementById('in');\
         if (self.origin === 'null') {{ link.hidden = true; said.textContent = 'The page around this view needs allow-same-origin in the sandbox of its frame.'; }}\
         const end = Date.now() + {PATIENCE}000; let asking = false;\
         const ask = async () => {{ if (Date.now() > end) {{ said.textContent = 'It took too long. Reload the page to try again.'; return; }}\
         try {{ const answer = await fetch('/embed/claim', {{ method: 'POST', headers: {{ 'X-Twinport': '1', 'Content-Type': 'application/json' }}, body: JSON.stringify({{ nonce: '{waits}' }}) }});\
         if (answer.status === 200) return location.reload(); }} catch {{}} setTimeout(ask, 1000); }};\
         link.addEventListener('click', (event) => {{ const opened = window.open(link.href, 'twinport-sign-in', 'popup,width=560,height=680'); if (opened) event.preventDefault();\
         said.textContent = 'Waiting for the other window…'; if (!asking) {{ asking = true; ask(); }} }});"
    );
    let mut response =
        ([(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], Html(document("Sign in to see this", &body, &script_nonce, &script))).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy(&script_nonce, &parents.join(" ")));
    response
}

/// What the window was opened with.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    nonce: String,
    backend: String,
}

/// `GET /embed/sign-in`, in a window of its own: the question whether a frame may read.
pub async fn question(Shared(state): Shared<State>, session: Session, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let backend = state.backend(&asked.backend).ok_or_else(|| Failure::unknown_backend(&asked.backend))?;
    if !is_nonce(&asked.nonce) {
        return Err(Failure::stale_login(backend));
    }
    let Some(own) = signed_in(&state, &session).await?.into_iter().find(|own| own.backend == backend.id) else {
        let here = format!("{WAY}?nonce={}&backend={}", asked.nonce, asked.backend);
        return Ok(([(header::CACHE_CONTROL, "no-store")], Redirect::to(&app::routes::sign_in(&backend.id, &here))).into_response());
    };
    let escape = forge::oauth::html::escape;
    let places: Vec<String> = state.embeds.settings.allowed_parents.iter().map(|parent| format!("<li>{}</li>", escape(parent))).collect();
    let body = format!(
        "<p>You are {} at {}. A view in another page asks to read there as you. It can change nothing, and it ends when you sign out, or after eight hours.</p>\
         <p>Say yes only if the page that you came from shows the number <strong>{}</strong>, and is one of these:</p><ul>{}</ul>\
         <form method=\"post\" action=\"{WAY}\"><input type=\"hidden\" name=\"nonce\" value=\"{}\"><input type=\"hidden\" name=\"backend\" value=\"{}\">\
         <p><button class=\"button\" data-variant=\"primary\">Let it read</button></p></form>",
        escape(&own.username),
        escape(&backend.url),
        code(&asked.nonce),
        places.join(""),
        escape(&asked.nonce),
        escape(&asked.backend)
    );
    let nonce = random_name();
    let mut response = ([(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], Html(document("Show a view as you?", &body, &nonce, ""))).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy(&nonce, "'none'"));
    Ok(response)
}

/// `POST /embed/sign-in`: yes.
pub async fn yes(Shared(state): Shared<State>, session: Session, _: FromOurPages, Form(asked): Form<Asked>) -> Result<Response, Failure> {
    let backend = state.backend(&asked.backend).ok_or_else(|| Failure::unknown_backend(&asked.backend))?;
    let own =
        signed_in(&state, &session).await?.into_iter().find(|own| own.backend == backend.id).filter(|_| is_nonce(&asked.nonce)).ok_or_else(|| Failure::stale_login(backend))?;
    let claims = Claims { grant: own.grant, backend: own.backend, until: now() + LASTS };
    let plain = serde_json::to_vec(&claims).map_err(Failure::internal)?;
    let sealed = state.grants.seal_text(COOKIES, &plain).map_err(Failure::internal)?;
    state.embeds.meet(&asked.nonce, sealed);
    let nonce = random_name();
    let page = document("Done", "<p>The page that you came from goes on. You can close this window.</p>", &nonce, "setTimeout(close, 500);");
    let mut response = ([(header::CACHE_CONTROL, "no-store")], Html(page)).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy(&nonce, "'none'"));
    Ok(response)
}

/// What a frame waits under.
#[derive(Debug, Deserialize)]
pub struct Waits {
    nonce: String,
}

/// `POST /embed/claim`: the frame asks whether its person has said yes, and gets its cookie, once. The
/// cookie belongs to the page around it alone (CHIPS), so it is there where others are blocked.
pub async fn claim(Shared(state): Shared<State>, _: ByTheApp, Json(waits): Json<Waits>) -> Response {
    let none = [(header::CACHE_CONTROL, "no-store")];
    let Some(sealed) = state.embeds.met(&waits.nonce) else { return (StatusCode::ACCEPTED, none).into_response() };
    let rest = if secure(&state) { "; Secure; HttpOnly; SameSite=None; Partitioned; Path=/" } else { "; HttpOnly; SameSite=Lax; Path=/" };
    let mut response = (StatusCode::OK, none).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("{}={sealed}{rest}; Max-Age={LASTS}", cookie(&state))) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

impl super::Embeds {
    /// A person said yes.
    fn meet(&self, nonce: &str, sealed: String) {
        let mut waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        waiting.retain(|_, (until, _)| *until > now());
        if waiting.len() < MOST {
            waiting.insert(hex::encode(Sha256::digest(nonce)), (now() + PATIENCE, sealed));
        }
    }

    /// The frame that waits for it takes it.
    fn met(&self, nonce: &str) -> Option<String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        waiting.remove(&hex::encode(Sha256::digest(nonce))).filter(|(until, _)| *until > now()).map(|(_, sealed)| sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::{code, is_nonce, is_way};

    #[test]
    fn a_sign_in_leads_to_the_question_and_nowhere_else() {
        assert!(is_way("/embed/sign-in?nonce=abc&backend=forge"));
        for then in ["/embed/sign-in", "//evil.test/embed/sign-in?x", "/embed/sign-in/../x?y", "/embed/sign-in?x=<b>", "/embed/sign-in?x#y", "https://evil.test/embed/sign-in?x"] {
            assert!(!is_way(then), "{then}");
        }
        assert!(is_nonce(&"a".repeat(43)) && !is_nonce("short") && !is_nonce(&"é".repeat(20)) && !is_nonce(&"a\"".repeat(20)));
        assert!(code("a").len() == 4 && code("a") == code("a"));
    }
}
