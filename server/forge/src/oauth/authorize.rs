//! `/oauth/authorize`: the consent page, and the code that comes of it.

use axum::Form;
use axum::extract::{OriginalUri, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::html::{escape, message, page};
use super::sign_in::same_origin;
use super::{SCOPES, explain};
use crate::Forge;
use crate::error::ApiResult;
use crate::secret;
use crate::store::identity::{self, ApplicationRow, UserRow};

/// A code lives ten minutes, as on GitLab.
const CODE_SECONDS: i64 = 600;

/// An authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Deserialize)]
pub struct Request {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    nonce: Option<String>,
    /// `yes` or `no`, from the consent page.
    consent: Option<String>,
}

/// A request that makes sense.
struct Checked {
    application: ApplicationRow,
    redirect_uri: String,
    scopes: String,
}

fn back(redirect_uri: &str, pairs: &[(&str, &str)], state: Option<&str>) -> Response {
    let Ok(mut url) = url::Url::parse(redirect_uri) else {
        return message(StatusCode::BAD_REQUEST, "This sign-in cannot go on", "The redirect address of the application is not valid.");
    };
    url.query_pairs_mut().extend_pairs(pairs).extend_pairs(state.map(|state| ("state", state)));
    (StatusCode::SEE_OTHER, [(header::LOCATION, url.to_string()), (header::REFERRER_POLICY, "no-referrer".to_owned()), (header::CACHE_CONTROL, "no-store".to_owned())])
        .into_response()
}

fn error(redirect_uri: &str, name: &str, description: &str, state: Option<&str>) -> Response {
    back(redirect_uri, &[("error", name), ("error_description", description)], state)
}

/// A wrong client or address is told to the person, never sent on; everything else goes back.
async fn check(forge: &Forge, request: &Request) -> ApiResult<Result<Checked, Response>> {
    let client = request.client_id.as_deref().unwrap_or_default();
    let Some(application) = identity::application(&forge.db, client).await? else {
        return Ok(Err(message(
            StatusCode::UNAUTHORIZED,
            "Unknown application",
            &format!("No application with the id “{client}” is registered here. Check client_id in the configuration of the portal that sent you."),
        )));
    };
    let redirect_uri = request.redirect_uri.clone().unwrap_or_default();
    if !application.redirect_uris.lines().any(|known| known.trim() == redirect_uri) {
        return Ok(Err(message(
            StatusCode::BAD_REQUEST,
            "Wrong redirect address",
            &format!("“{redirect_uri}” is not registered for {}. Add it to the application, exactly as it is written here.", application.name),
        )));
    }
    let state = request.state.as_deref();
    let refuse = |name: &str, text: &str| Ok(Err(error(&redirect_uri, name, text, state)));
    if request.response_type.as_deref() != Some("code") {
        return refuse("unsupported_response_type", "The authorization server does not support this response type.");
    }
    let scopes = request.scope.clone().filter(|scope| !scope.trim().is_empty()).unwrap_or_else(|| application.scopes.split_whitespace().next().unwrap_or("api").to_owned());
    let allowed: Vec<&str> = application.scopes.split_whitespace().collect();
    if scopes.split_whitespace().any(|scope| !SCOPES.contains(&scope) || !allowed.contains(&scope)) {
        return refuse("invalid_scope", "The requested scope is invalid, unknown, or malformed.");
    }
    let method = request.code_challenge_method.as_deref().unwrap_or("plain");
    let challenge_fits = request.code_challenge.as_ref().is_none_or(|text| (43..=128).contains(&text.len()));
    if !["plain", "S256"].contains(&method) || !challenge_fits {
        return refuse("invalid_request", "The code challenge method must be plain or S256, and the challenge 43 to 128 characters.");
    }
    if !application.confidential && request.code_challenge.is_none() {
        return refuse("invalid_request", "Code challenge is required.");
    }
    Ok(Ok(Checked { application, redirect_uri, scopes }))
}

/// `GET /oauth/authorize`
pub async fn show(State(forge): State<Forge>, OriginalUri(uri): OriginalUri, Query(request): Query<Request>, headers: HeaderMap) -> ApiResult<Response> {
    let checked = match check(&forge, &request).await? {
        Ok(checked) => checked,
        Err(response) => return Ok(response),
    };
    let Some(user) = forge.browser_user(&headers).await? else {
        let here = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("then", &here).finish();
        return Ok(Redirect::to(&format!("{}/users/sign_in?{query}", forge.mount())).into_response());
    };
    let known: Option<String> = sqlx::query_scalar("SELECT scopes FROM oauth_consents WHERE application_id = ? AND user_id = ?")
        .bind(checked.application.id)
        .bind(user.id)
        .fetch_optional(&forge.db)
        .await?;
    let agreed = known.is_some_and(|known| checked.scopes.split_whitespace().all(|scope| known.split_whitespace().any(|had| had == scope)));
    if checked.application.trusted || agreed {
        return grant(&forge, &checked, &request, &user).await;
    }
    Ok(consent_page(&forge, &checked, &request, &user))
}

fn consent_page(forge: &Forge, checked: &Checked, request: &Request, user: &UserRow) -> Response {
    let hidden =
        |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))).unwrap_or_default();
    let fields = [
        ("client_id", &request.client_id),
        ("redirect_uri", &request.redirect_uri),
        ("response_type", &request.response_type),
        ("scope", &request.scope),
        ("state", &request.state),
        ("code_challenge", &request.code_challenge),
        ("code_challenge_method", &request.code_challenge_method),
        ("nonce", &request.nonce),
    ];
    let fields: String = fields.iter().map(|(name, value)| hidden(name, value)).collect();
    let list: String = checked.scopes.split_whitespace().map(|scope| format!("<li>{} <code>{}</code></li>", explain(scope), escape(scope))).collect();
    let host = url::Url::parse(&checked.redirect_uri).ok().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let body = format!(
        "<p>You are signed in as <strong>{}</strong>. <strong>{}</strong> at {} would like to:</p><ul>{list}</ul>\
         <form method=\"post\" action=\"{}/oauth/authorize\">{fields}<button name=\"consent\" value=\"yes\">Allow</button><button class=\"quiet\" name=\"consent\" value=\"no\">Do not allow</button></form>",
        escape(&user.username),
        escape(&checked.application.name),
        escape(&host),
        forge.mount()
    );
    page(StatusCode::OK, &format!("Allow {}?", checked.application.name), &body)
}

/// `POST /oauth/authorize`
pub async fn decide(State(forge): State<Forge>, headers: HeaderMap, Form(request): Form<Request>) -> ApiResult<Response> {
    if !same_origin(&forge, &headers) {
        return Ok(message(StatusCode::FORBIDDEN, "This form came from elsewhere", "Start again from the portal that you want to use."));
    }
    let checked = match check(&forge, &request).await? {
        Ok(checked) => checked,
        Err(response) => return Ok(response),
    };
    let Some(user) = forge.browser_user(&headers).await? else {
        return Ok(message(StatusCode::UNAUTHORIZED, "You are no longer signed in", "Start again from the portal that you want to use."));
    };
    if request.consent.as_deref() != Some("yes") {
        return Ok(error(&checked.redirect_uri, "access_denied", "The resource owner or authorization server denied the request.", request.state.as_deref()));
    }
    sqlx::query("INSERT INTO oauth_consents VALUES (?,?,?) ON CONFLICT DO UPDATE SET scopes = excluded.scopes")
        .bind(checked.application.id)
        .bind(user.id)
        .bind(&checked.scopes)
        .execute(&forge.db)
        .await?;
    grant(&forge, &checked, &request, &user).await
}

async fn grant(forge: &Forge, checked: &Checked, request: &Request, user: &UserRow) -> ApiResult<Response> {
    let code = secret::random_hex();
    sqlx::query("INSERT INTO oauth_codes VALUES (?,?,?,?,?,?,?,?,?,?,NULL)")
        .bind(secret::hash(&code))
        .bind(checked.application.id)
        .bind(user.id)
        .bind(&checked.redirect_uri)
        .bind(&checked.scopes)
        .bind(&request.code_challenge)
        .bind(request.code_challenge.as_ref().map(|_| request.code_challenge_method.as_deref().unwrap_or("plain")))
        .bind(&request.nonce)
        .bind(forge.clock.text())
        .bind(forge.clock.text_in(CODE_SECONDS))
        .execute(&forge.db)
        .await?;
    Ok(back(&checked.redirect_uri, &[("code", &code)], request.state.as_deref()))
}
