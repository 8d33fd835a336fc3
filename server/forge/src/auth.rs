//! Who is calling: every kind of credential GitLab takes, and what the caller may do with it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::Forge;
use crate::error::{ApiError, ApiResult};
use crate::params::{CREDENTIALS, Params};
use crate::secret;
use crate::store::identity::{self, TokenRow, UserRow};

/// The person behind a request, if any, and what their credential allows.
#[derive(Debug, Clone)]
pub struct Caller {
    user: Option<UserRow>,
    scopes: Vec<String>,
    /// The running job whose token this is.
    pub job: Option<i64>,
    /// That job's project: the only private one that its token opens (GitLab's default allowlist).
    pub job_project: Option<i64>,
}

impl Caller {
    /// Nobody.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { user: None, scopes: Vec::new(), job: None, job_project: None }
    }

    /// A person with these scopes.
    #[must_use]
    pub fn of(user: UserRow, scopes: &[&str]) -> Self {
        Self { user: Some(user), scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(), job: None, job_project: None }
    }

    /// The scopes, separated by spaces.
    #[must_use]
    pub fn scope_text(&self) -> String {
        self.scopes.join(" ")
    }

    /// The person, whatever their scopes.
    #[must_use]
    pub fn person(&self) -> Option<&UserRow> {
        self.user.as_ref()
    }

    /// The person, or 401.
    pub fn user(&self) -> ApiResult<&UserRow> {
        self.user.as_ref().ok_or_else(ApiError::unauthorized)
    }

    /// Whether the credential has one of these scopes; without a credential there is nothing to limit.
    #[must_use]
    pub fn has_scope(&self, wanted: &[&str]) -> bool {
        self.user.is_none() || self.scopes.iter().any(|scope| wanted.contains(&scope.as_str()))
    }

    fn check(&self, write: bool, path: &str) -> ApiResult<()> {
        // A job may ask for itself, for artifacts and for files of projects that its person can read.
        let open_to_jobs = job_may_read(path);
        if self.job.is_some() && (write || !open_to_jobs) {
            return Err(ApiError::forbidden("This endpoint is not open to job tokens"));
        }
        // Any token may look at itself and end itself (GitLab: `PersonalAccessTokens::SelfInformation`).
        if path.strip_prefix("/api/v4").unwrap_or(path) == "/personal_access_tokens/self" {
            return Ok(());
        }
        let profile = path.ends_with("/user") || path.contains("/users") || path.ends_with("/version") || path.ends_with("/metadata");
        let files = path.contains("/repository/files/") || path.ends_with("/raw");
        let (wanted, named): (&[&str], _) = match (write, profile, files) {
            (true, ..) => (&["api"], "api"),
            (false, true, _) => (&["api", "read_api", "read_user"], "api read_api read_user"),
            (false, _, true) => (&["api", "read_api", "read_repository"], "api read_api read_repository"),
            _ => (&["api", "read_api"], "api read_api"),
        };
        if self.has_scope(wanted) { Ok(()) } else { Err(ApiError::Scope(named)) }
    }
}

/// Endpoints open to job tokens, by their place in the path and nowhere else: a project may be
/// called `artifacts`.
fn job_may_read(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let from_api = parts.iter().position(|part| *part == "v4").map_or(&parts[..], |at| &parts[at + 1..]);
    matches!(from_api, ["job"] | ["projects", _, "repository", ..] | ["projects", _, "jobs", "artifacts", ..] | ["projects", _, "jobs", _, "artifacts", ..])
}

/// The credential in a request, in GitLab's order of precedence.
pub(crate) fn credential(headers: &HeaderMap, query: &str) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bearer = || {
        let value = header(header::AUTHORIZATION.as_str())?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    };
    let parameter = || {
        // Most requests carry none of these: then there is nothing to build.
        let params = query.contains("token").then(|| Params::from_query(query))?;
        CREDENTIALS.iter().find_map(|key| params.filled(key))
    };
    header("private-token").or_else(bearer).or_else(|| header("job-token")).or_else(parameter)
}

/// The other end of a connection, where the server in front says who that is (an extension of the request).
#[derive(Debug, Clone, Copy, Default)]
pub struct Peer(pub Option<std::net::IpAddr>);

impl Peer {
    /// What guesses are counted by: an address, of the sixth version the network that one household or office has.
    #[must_use]
    pub fn place(self) -> Option<String> {
        self.0.map(|address| match address.to_canonical() {
            std::net::IpAddr::V6(address) => format!("{:x}:{:x}:{:x}:{:x}::", address.segments()[0], address.segments()[1], address.segments()[2], address.segments()[3]),
            address => address.to_string(),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

impl Forge {
    /// The caller that `token` stands for.
    pub async fn caller_of(&self, token: &str) -> ApiResult<Caller> {
        let hash = secret::hash(token);
        if token.starts_with("glcbt-") {
            return self.job_caller(&hash).await;
        }
        let row = match identity::access_token(&self.db, &hash).await? {
            Some(row) => Some(row),
            None => identity::oauth_token(&self.db, &hash).await?,
        };
        let row = row.ok_or_else(ApiError::unauthorized)?;
        self.check_alive(&row)?;
        let user = identity::user(&self.db, row.user_id).await?.filter(|user| user.state == "active").ok_or_else(ApiError::unauthorized)?;
        Ok(Caller { user: Some(user), scopes: row.scopes.split_whitespace().map(str::to_owned).collect(), job: None, job_project: None })
    }

    fn check_alive(&self, row: &TokenRow) -> ApiResult<()> {
        if row.revoked_at.is_some() {
            return Err(ApiError::Token("Token was revoked. You have to re-authorize from the user."));
        }
        if row.expires_at.as_ref().is_some_and(|expires| *expires <= self.clock.text()) {
            return Err(ApiError::Token("Token is expired. You can either do re-authorization or token refresh."));
        }
        Ok(())
    }

    /// A job's token lives as long as the job runs, and only reads.
    async fn job_caller(&self, hash: &str) -> ApiResult<Caller> {
        let found: Option<(i64, i64, i64)> =
            sqlx::query_as("SELECT id, user_id, project_id FROM jobs WHERE token_hash = ? AND status = 'running'").bind(hash).fetch_optional(&self.db).await?;
        let (job, user, project) = found.ok_or_else(ApiError::unauthorized)?;
        let user = identity::user(&self.db, user).await?.ok_or_else(ApiError::unauthorized)?;
        Ok(Caller { user: Some(user), scopes: vec!["read_api".to_owned(), "read_repository".to_owned()], job: Some(job), job_project: Some(project) })
    }
}

impl FromRequestParts<Forge> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, forge: &Forge) -> Result<Self, ApiError> {
        let caller = match credential(&parts.headers, parts.uri.query().unwrap_or_default()) {
            Some(token) => forge.caller_of(&token).await?,
            None => Self::anonymous(),
        };
        // The graph has no mutations here, so asking it is reading, whatever the method.
        let write = !matches!(parts.method.as_str(), "GET" | "HEAD") && !parts.uri.path().ends_with("/api/graphql");
        caller.check(write, parts.uri.path())?;
        Ok(caller)
    }
}

#[cfg(test)]
mod tests {
    use super::job_may_read;

    #[test]
    fn what_jobs_may_read() {
        for (path, open) in [
            ("/api/v4/job", true),
            ("/api/v4/projects/3/jobs/7/artifacts", true),
            ("/projects/3/repository/files/a/raw", true),
            ("/api/v4/projects/3/variables", false),
            ("/api/v4/projects/a%2Fartifacts/variables", false),
            ("/api/v4/projects/3/variables/artifacts", false),
            ("/api/v4/user", false),
        ] {
            assert_eq!(job_may_read(path), open, "{path}");
        }
    }
}
