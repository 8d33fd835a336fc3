//! The OAuth 2 and OpenID Connect provider, shaped like GitLab's (GITLAB.md §5).

pub mod applications;
pub mod attempts;
pub mod authorize;
pub mod discovery;
pub mod html;
pub mod sign_in;
pub mod token;

/// Every scope that may be asked for.
pub const SCOPES: [&str; 8] = ["api", "read_api", "read_user", "read_repository", "write_repository", "openid", "profile", "email"];

/// What a person reads about a scope on the consent page.
#[must_use]
pub fn explain(scope: &str) -> &'static str {
    match scope {
        "api" => "Read and change everything you can: projects, files, pipelines",
        "read_api" => "Read everything you can see",
        "read_user" => "Read your profile",
        "read_repository" => "Read the files of your projects",
        "write_repository" => "Push to your projects",
        "openid" => "Know who you are",
        "profile" => "Read your name",
        "email" => "Read your mail address",
        _ => "Unknown",
    }
}
