//! What a person reads when the server itself cannot go on: the thing, the backend, the next step.
//! Causes go to the log.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use oauth2::RequestTokenError;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};

use crate::auth::backend::Backend;

/// A failure with its page.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    title: String,
    text: String,
    retry: Option<(String, String)>,
}

/// The whole chain of causes.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Failure {
    fn new(status: StatusCode, title: &str, text: String) -> Self {
        Self { status, title: title.to_owned(), text, retry: None }
    }

    /// Somebody who does not run the server asks for what only concerns whoever does.
    #[must_use]
    pub fn not_an_admin() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This page is for whoever runs the server",
            "Sign in as an administrator of its forge, or have your name written into [server] admins of twinport.toml, as name@backend.".to_owned(),
        )
    }

    fn sign_in_again(mut self, backend: &Backend) -> Self {
        self.retry = Some((format!("/auth/{}", backend.id), "Sign in again".to_owned()));
        self
    }

    /// A way on that leads where the first try was to lead, a page of ours.
    #[must_use]
    pub fn on_the_way_to(mut self, then: &str, write: bool) -> Self {
        self.retry = self.retry.map(|(way, words)| {
            let mut pairs = url::form_urlencoded::Serializer::new(String::new());
            pairs.append_pair("then", then);
            if write {
                pairs.append_pair("scope", "api");
            }
            (format!("{way}?{}", pairs.finish()), words)
        });
        self
    }

    /// No workspace, or another's: the same page.
    #[must_use]
    pub fn no_workspace() -> Self {
        let text =
            "Either there is no workspace at this address, or it is not yours. Yours is on the page “Workspace” of its instance; if there is none, ask whoever runs this server.";
        Self::new(StatusCode::NOT_FOUND, "No workspace of yours", text.to_owned())
    }

    /// A backend that is not configured.
    #[must_use]
    pub fn unknown_backend(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Unknown backend", format!("No backend called “{id}” is configured here. Check the address, or ask whoever runs this server."))
    }

    /// An answer that we did not ask for, or too late.
    #[must_use]
    pub fn stale_login(backend: &Backend) -> Self {
        let text = format!("The answer from {} belongs to no sign-in of this browser, or came more than ten minutes after it began. Nothing was changed.", backend.url);
        Self::new(StatusCode::BAD_REQUEST, "This sign-in has expired", text).sign_in_again(backend)
    }

    /// The backend, or the person, said no.
    #[must_use]
    pub fn refused(backend: &Backend, error: &str, description: &str) -> Self {
        let text = match error {
            "access_denied" => format!("You did not allow Twinport at {}. Without it, nothing there can be shown.", backend.url),
            "invalid_scope" => format!(
                "{} does not let this application ask for the right “{}”. Whoever runs this server has to add the scopes “read_api” and “api” to the application there; where it has “api” only, read_first = false in its [[gitlab]] asks for that at once.",
                backend.url,
                backend.scopes(false).join(" ")
            ),
            _ => format!("{} refused the sign-in: {} ({error}).", backend.url, description.trim_end_matches('.')),
        };
        Self::new(StatusCode::FORBIDDEN, "Sign-in was refused", text).sign_in_again(backend)
    }

    /// The backend should have done something, and did not.
    #[must_use]
    pub fn backend(backend: &Backend, should_have: &str, reason: &str) -> Self {
        tracing::warn!(backend = backend.id, reason, "a backend failed a sign-in");
        let text = format!(
            "{} should have {should_have}, and did not. It may be down, or the application there may be configured for another address. Try again in a minute; if it stays, tell whoever runs this server.",
            backend.url
        );
        Self::new(StatusCode::BAD_GATEWAY, "Sign-in failed", text).sign_in_again(backend)
    }

    /// An answer that names another backend than the one that was asked (RFC 9207).
    #[must_use]
    pub fn mixed_up(backend: &Backend) -> Self {
        let text = format!(
            "The answer says that it comes from another server than {}, so it was not used. Nothing was changed. If this happens again, tell whoever runs this server.",
            backend.url
        );
        Self::new(StatusCode::BAD_REQUEST, "This answer is not the backend's", text).sign_in_again(backend)
    }

    /// A backend that calls itself something else than the configuration does.
    #[must_use]
    pub fn another_issuer(backend: &Backend, issuer: &str) -> Self {
        let shown: String = issuer.chars().filter(|c| !c.is_control()).take(200).collect();
        let text = format!(
            "What answers at {} says that it is {shown}, so nobody is sent there to sign in. If that is its address, whoever runs this server has to write it as the url in [[gitlab]]; `twinport check` says so too.",
            backend.url
        );
        Self::new(StatusCode::BAD_GATEWAY, "This backend calls itself something else", text)
    }

    /// The code could not be exchanged for tokens.
    #[must_use]
    pub fn exchange<E: std::error::Error + 'static>(backend: &Backend, error: &RequestTokenError<E, BasicErrorResponse>) -> Self {
        let reason = chain(error);
        tracing::warn!(backend = backend.id, reason, "a backend failed a sign-in");
        let text = match error {
            RequestTokenError::ServerResponse(refusal) => match refusal.error() {
                BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => format!(
                    "{} does not know this application, or its secret is wrong. Whoever runs this server has to compare client_id and client_secret_file with the application there; `twinport check` does it.",
                    backend.url
                ),
                _ => format!("{} took back the sign-in before it was finished ({}). Try again.", backend.url, refusal.error().as_ref()),
            },
            RequestTokenError::Parse(..) => format!(
                "What answered at {} is no GitLab: its answer could not be read. Something between may answer in its place, or the url in [[gitlab]] lacks a path such as /gitlab.",
                backend.url
            ),
            _ if reason.contains("ertificate") => {
                format!("This server does not trust the certificate of {}: {reason}. Whoever runs it has to add its authority to this system's certificates.", backend.url)
            }
            _ => return Self::backend(backend, "accepted the sign-in", &reason),
        };
        Self::new(StatusCode::BAD_GATEWAY, "Sign-in failed", text).sign_in_again(backend)
    }

    /// Ours.
    #[must_use]
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "failed to answer a request");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here",
            "The server could not do this. Nothing was changed. Try again; if it stays, its log says why.".to_owned(),
        )
    }
}

impl From<tower_sessions::session::Error> for Failure {
    fn from(error: tower_sessions::session::Error) -> Self {
        Self::internal(chain(&error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let escape = forge::oauth::html::escape;
        let retry = self.retry.map(|(href, words)| format!("<p><a href=\"{}\">{}</a></p>", escape(&href), escape(&words))).unwrap_or_default();
        let text = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <link rel=\"icon\" href=\"data:,\"><title>{title} · Twinport</title><link rel=\"stylesheet\" href=\"{css}\"></head>\
             <body class=\"plain\"><main class=\"notice\"><h1>{title}</h1><p>{text}</p>{retry}<p><a href=\"/\">Go to the front page</a></p></main></body></html>",
            title = escape(&self.title),
            text = escape(&self.text),
            css = crate::site::path_of("main.css")
        );
        (self.status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response()
    }
}
