//! Signing in to the forge itself: by password, or by the link that the first start prints.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::html::{escape, message, page};
use crate::Forge;
use crate::access::blocking;
use crate::auth::{Caller, Peer};
use crate::error::{ApiError, ApiResult};
use crate::secret;
use crate::store::identity::{self, UserRow};

const COOKIE: &str = "forge_session";
/// A browser stays signed in to the forge for a week.
const SESSION_SECONDS: i64 = 7 * 86_400;

/// GitLab's limit is 255; nobody here has more.
const LONGEST_NAME: usize = 255;

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct Then {
    then: Option<String>,
}

/// The form of the sign-in page.
#[derive(Debug, Deserialize)]
pub struct Credentials {
    username: String,
    password: String,
    then: Option<String>,
}

/// A path below the forge and nothing else, so that no link leads out.
fn safe(forge: &Forge, then: Option<&str>) -> String {
    let inside = format!("{}/oauth/authorize?", forge.mount());
    match then {
        Some(path) if path.starts_with(&inside) && !path.contains(['\\', '\r', '\n', '\t']) => path.to_owned(),
        _ => forge.home().to_owned(),
    }
}

fn form(forge: &Forge, then: Option<&str>, username: &str, error: Option<&str>) -> Response {
    let error_box = error.map(|text| format!("<p class=\"error\" role=\"alert\">{}</p>", escape(text))).unwrap_or_default();
    let body = format!(
        "{error_box}<form method=\"post\" action=\"{}/users/sign_in\"><input type=\"hidden\" name=\"then\" value=\"{}\">\
         <label for=\"username\">Username</label><input id=\"username\" name=\"username\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" required value=\"{}\"{}>\
         <label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required{}>\
         <button type=\"submit\">Sign in</button></form>\
         <p>No password yet? Whoever runs this server can make one: <code>twinport user add NAME</code>, or a sign-in link: <code>twinport user link NAME</code>.</p>",
        forge.mount(),
        escape(then.unwrap_or_default()),
        escape(username),
        if username.is_empty() { " autofocus" } else { "" },
        if username.is_empty() { "" } else { " autofocus" }
    );
    page(if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, "Sign in", &body)
}

/// The value of our cookie.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    all.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

/// Whether a form was sent by a page of ours (`Sec-Fetch-Site`, else `Origin`).
pub(crate) fn same_origin(forge: &Forge, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match text("origin") {
        Some(origin) => origin.split_once("://").is_some_and(|(_, host)| Some(host) == text("host") || host == forge.host()),
        None => false,
    }
}

impl Forge {
    /// Who the browser is signed in as.
    pub(crate) async fn browser_user(&self, headers: &HeaderMap) -> ApiResult<Option<UserRow>> {
        let Some(value) = cookie(headers) else { return Ok(None) };
        Ok(identity::session_user(&self.db, &secret::hash(&value), &self.clock.text()).await?)
    }

    /// Starts a browser session: the cookie to set.
    async fn start_session(&self, user: i64) -> ApiResult<HeaderValue> {
        let value = secret::random_hex();
        sqlx::query("DELETE FROM web_sessions WHERE expires_at <= ?").bind(self.clock.text()).execute(&self.db).await?;
        sqlx::query("INSERT INTO web_sessions VALUES (?, ?, ?)").bind(secret::hash(&value)).bind(user).bind(self.clock.text_in(SESSION_SECONDS)).execute(&self.db).await?;
        let secure = if self.url("").starts_with("https://") { "; Secure" } else { "" };
        let text = format!("{COOKIE}={value}; Path={}; HttpOnly; SameSite=Lax; Max-Age={SESSION_SECONDS}{secure}", self.mount());
        HeaderValue::from_str(&text).map_err(ApiError::internal)
    }

    /// The person with this name and password; 429 after too many wrong ones for a name, or from a place.
    pub(crate) async fn check_password(&self, name: &str, password: &str, peer: Peer) -> ApiResult<Option<UserRow>> {
        let now = self.clock.now().timestamp();
        if name.chars().count() > LONGEST_NAME {
            return Ok(None);
        }
        if let Some(seconds) = self.attempts.wait(name, now) {
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, format!("Too many wrong passwords for this name. Try again in {} minutes.", seconds / 60 + 1)));
        }
        // Many names tried from one place: an account is not locked by it, the place is.
        let place = peer.place();
        if let Some(seconds) = place.as_ref().and_then(|place| self.places.wait(place, now)) {
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, format!("Too many wrong passwords from your address. Try again in {} minutes.", seconds / 60 + 1)));
        }
        let user = identity::user_by_name(&self.db, name).await?.filter(|user| user.state == "active");
        // Counted before it is known to be wrong, or sixty at once would all be let through.
        self.attempts.failed(name, now);
        place.iter().for_each(|place| self.places.failed(place, now));
        let _turn = self.hashing.acquire().await.map_err(ApiError::internal)?;
        let (stored, given) = (user.as_ref().and_then(|user| user.password_hash.clone()), password.to_owned());
        let fits = blocking(move || Ok::<_, ApiError>(secret::password_matches(&given, stored.as_deref()))).await?;
        if fits {
            self.attempts.succeeded(name);
            place.iter().for_each(|place| self.places.forgiven(place));
            return Ok(user);
        }
        Ok(None)
    }

    /// Full rights of a person, after their password was right.
    pub(crate) fn caller_for(&self, user: UserRow) -> Caller {
        Caller::of(user, &["api"])
    }
}

/// `GET /users/sign_in`
pub async fn show(State(forge): State<Forge>, Query(query): Query<Then>, headers: HeaderMap) -> ApiResult<Response> {
    if forge.browser_user(&headers).await?.is_some() {
        return Ok(Redirect::to(&safe(&forge, query.then.as_deref())).into_response());
    }
    Ok(form(&forge, query.then.as_deref(), "", None))
}

/// `POST /users/sign_in`
pub async fn submit(State(forge): State<Forge>, peer: Peer, headers: HeaderMap, Form(credentials): Form<Credentials>) -> ApiResult<Response> {
    if !same_origin(&forge, &headers) {
        return Ok(message(StatusCode::FORBIDDEN, "This form came from elsewhere", "Open the sign-in page on this server and try again."));
    }
    let then = credentials.then.as_deref().filter(|then| !then.is_empty());
    match forge.check_password(&credentials.username, &credentials.password, peer).await {
        Ok(Some(user)) => {
            let cookie = forge.start_session(user.id).await?;
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&safe(&forge, then))).into_response())
        }
        Ok(None) => Ok(form(&forge, then, &credentials.username, Some("Name or password is wrong. Names do not depend on upper or lower case, passwords do."))),
        Err(ApiError::Message(StatusCode::TOO_MANY_REQUESTS, text)) => {
            let mut response = form(&forge, then, &credentials.username, Some(&text));
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("300"));
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// `POST /users/sign_out`
pub async fn sign_out(State(forge): State<Forge>, headers: HeaderMap) -> ApiResult<Response> {
    if !same_origin(&forge, &headers) {
        return Ok(message(StatusCode::FORBIDDEN, "This form came from elsewhere", "Sign out from Twinport itself."));
    }
    if let Some(value) = cookie(&headers) {
        sqlx::query("DELETE FROM web_sessions WHERE token_hash = ?").bind(secret::hash(&value)).execute(&forge.db).await?;
    }
    let gone = format!("{COOKIE}=; Path={}; HttpOnly; SameSite=Lax; Max-Age=0", forge.mount());
    let cookie = HeaderValue::from_str(&gone).map_err(ApiError::internal)?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

/// `GET /users/link/:token`: signs in once with the link that the server printed.
pub async fn follow_link(State(forge): State<Forge>, method: Method, Path(token): Path<String>, headers: HeaderMap) -> ApiResult<Response> {
    // Mail programs and chats ask for the head of links to show them; that must not use them up.
    if method == Method::HEAD {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let (hash, now) = (secret::hash(&token), forge.clock.text());
    let used = sqlx::query("UPDATE sign_in_links SET used_at = ?1 WHERE token_hash = ?2 AND used_at IS NULL AND expires_at > ?1").bind(&now).bind(&hash).execute(&forge.db).await?;
    if used.rows_affected() == 1 {
        let user: i64 = sqlx::query_scalar("SELECT user_id FROM sign_in_links WHERE token_hash = ?").bind(&hash).fetch_one(&forge.db).await?;
        let cookie = forge.start_session(user).await?;
        return Ok(([(header::SET_COOKIE, cookie)], Redirect::to(forge.home())).into_response());
    }
    if forge.browser_user(&headers).await?.is_some() {
        return Ok(Redirect::to(forge.home()).into_response());
    }
    let text = "A sign-in link works once, for a day. Start the server again, or run `twinport user link NAME`, for a new one.";
    Ok(message(StatusCode::GONE, "This link has been used or has expired", text))
}
