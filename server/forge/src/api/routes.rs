//! Every route of the forge, grouped by who calls it.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, delete, get, post, put};
use tower::Layer;

use super::{
    artifacts, branches, commits, environments, files, forks, git_http, groups, headers, jobs, lint, merge_requests, merging, pipelines, projects, replay, repository, runners,
    schedules, search, settings, tags, trace, triggers, users, variables,
};
use crate::Forge;
use crate::oauth::{applications, authorize, discovery, sign_in, token};

/// Enough for a form; nobody has signed in yet when these are read.
const SMALL_BODY: usize = 64 * 1024;
/// GitLab's limit for commits and files.
const MAX_BODY: usize = 300 * 1024 * 1024;

/// The whole surface, relative to where it is mounted.
pub fn router(forge: Forge) -> Router {
    let api = Router::new()
        .merge(people())
        .merge(projects_and_groups())
        .merge(repositories())
        .merge(contributions())
        .merge(ci())
        .fallback(super::headers::unknown_route)
        .layer(from_fn_with_state(forge.clone(), headers::api));
    // Paths that the API does not have answer with its headers too, or browsers elsewhere could not
    // tell them from a dead server.
    let outside = Router::new()
        .route("/api/graphql", post(crate::graphql::query).layer(DefaultBodyLimit::max(crate::graphql::MOST_BODY)))
        .route("/api/v3/{*rest}", any(headers::gone))
        .route("/api/{*rest}", any(headers::unknown_route))
        .layer(from_fn_with_state(forge.clone(), headers::api));
    let tidy = |mut request: Request| {
        // Some clients end addresses with a slash, which GitLab does not mind.
        if let Some(short) = request.uri().path().strip_suffix('/').filter(|short| short.len() > 1).map(str::to_owned) {
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            if let Ok(uri) = format!("{short}{query}").parse() {
                *request.uri_mut() = uri;
            }
        }
        request
    };
    let api = tower::util::MapRequestLayer::new(tidy).layer(api.layer(DefaultBodyLimit::max(MAX_BODY)).with_state(forge.clone()));
    Router::new()
        .nest_service("/api/v4", api)
        .merge(outside)
        .merge(sign_in_pages().layer(DefaultBodyLimit::max(SMALL_BODY)))
        .merge(git())
        .fallback(super::headers::no_page)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(forge)
}

fn people() -> Router<Forge> {
    Router::new()
        .route("/user", get(users::get_user))
        .route("/users", get(users::list_users))
        .route("/users/{id}", get(users::get_user_by_id))
        .route("/users/{id}/projects", get(users::list_user_projects))
        .route("/version", get(users::get_version))
        .route("/metadata", get(users::get_version))
        .route("/personal_access_tokens/self", get(users::get_own_token).delete(users::revoke_own_token))
        .route("/user/applications", post(applications::create_application))
        .route("/applications", post(applications::create_application))
}

fn projects_and_groups() -> Router<Forge> {
    Router::new()
        .route("/groups", get(groups::list_groups).post(groups::create_group))
        .route("/groups/{id}", get(groups::get_group))
        .route("/groups/{id}/projects", get(groups::list_group_projects))
        .route("/groups/{id}/subgroups", get(groups::list_subgroups))
        .route("/groups/{id}/descendant_groups", get(groups::list_subgroups))
        .route("/groups/{id}/members", get(groups::list_members).post(groups::add_member))
        .route("/groups/{id}/members/all", get(groups::list_members))
        .route("/groups/{id}/members/{user}", delete(groups::remove_member))
        .route("/groups/{id}/variables", get(variables::list_group_variables).post(variables::create_group_variable))
        .route("/groups/{id}/variables/{key}", get(variables::get_group_variable).put(variables::update_group_variable).delete(variables::delete_group_variable))
        .route("/namespaces", get(groups::list_namespaces))
        .route("/namespaces/{id}", get(groups::get_namespace))
        .route("/projects", get(projects::list_projects).post(projects::create_project))
        .route("/projects/{id}", get(projects::get_project).put(settings::update_project).delete(projects::delete_project))
        .route("/projects/{id}/search", get(search::search_project))
        .route("/projects/{id}/-/search", get(search::search_project))
        .route("/projects/{id}/languages", get(projects::list_languages))
        .route("/projects/{id}/users", get(projects::list_project_users))
        .route("/projects/{id}/archive", post(settings::archive_project))
        .route("/projects/{id}/unarchive", post(settings::unarchive_project))
        .route("/projects/{id}/transfer", put(settings::transfer_project))
        .route("/projects/{id}/releases", get(projects::list_releases))
        .route("/search", get(search::search_all))
        .route("/groups/{id}/search", get(search::search_group))
        .route("/groups/{id}/-/search", get(search::search_group))
        .route("/projects/{id}/protected_branches", get(branches::list_protected_branches))
        .route("/projects/{id}/protected_branches/{name}", get(branches::get_protected_branch))
        .route("/projects/{id}/members", get(projects::list_members).post(projects::add_member))
        .route("/projects/{id}/members/all", get(projects::list_all_members))
        .route("/projects/{id}/members/all/{user}", get(projects::get_any_member))
        .route("/projects/{id}/members/{user}", get(projects::get_member).put(projects::update_member).delete(projects::remove_member))
}

fn repositories() -> Router<Forge> {
    Router::new()
        .route("/projects/{id}/repository/tree", get(repository::list_tree))
        .route("/projects/{id}/repository/blobs/{sha}", get(repository::get_blob))
        .route("/projects/{id}/repository/blobs/{sha}/raw", get(repository::get_raw_blob))
        .route("/projects/{id}/repository/compare", get(repository::compare))
        .route("/projects/{id}/repository/merge_base", get(repository::merge_base))
        .route("/projects/{id}/repository/contributors", get(repository::list_contributors))
        .route("/projects/{id}/repository/{archive}", get(repository::get_archive))
        .route("/projects/{id}/repository/files/{path}", get(files::get_file).head(files::head_file).post(files::create_file).put(files::update_file).delete(files::delete_file))
        .route("/projects/{id}/repository/files/{path}/raw", get(files::get_raw_file))
        .route("/projects/{id}/repository/commits", get(commits::list_commits).post(commits::create_commit))
        .route("/projects/{id}/repository/commits/{sha}", get(commits::get_commit))
        .route("/projects/{id}/repository/commits/{sha}/diff", get(commits::list_commit_diffs))
        .route("/projects/{id}/repository/commits/{sha}/refs", get(commits::list_commit_refs))
        .route("/projects/{id}/repository/commits/{sha}/statuses", get(commits::list_commit_statuses))
        .route("/projects/{id}/repository/commits/{sha}/merge_requests", get(merge_requests::list_of_commit))
        .route("/projects/{id}/repository/commits/{sha}/revert", post(replay::revert_commit))
        .route("/projects/{id}/repository/commits/{sha}/cherry_pick", post(replay::cherry_pick_commit))
        .route("/projects/{id}/repository/branches", get(branches::list_branches).post(branches::create_branch))
        .route("/projects/{id}/repository/branches/{branch}", get(branches::get_branch).head(branches::head_branch).delete(branches::delete_branch))
        .route("/projects/{id}/repository/merged_branches", delete(branches::delete_merged_branches))
        .route("/projects/{id}/repository/tags", get(tags::list_tags).post(tags::create_tag))
        .route("/projects/{id}/repository/tags/{tag}", get(tags::get_tag).delete(tags::delete_tag))
}

/// Forks, merge requests, what is said about them.
fn contributions() -> Router<Forge> {
    Router::new()
        .route("/merge_requests", get(merge_requests::list_all_merge_requests))
        .route("/projects/{id}/fork", post(forks::fork_project))
        .route("/projects/{id}/forks", get(forks::list_forks))
        .route("/projects/{id}/merge_requests", get(merge_requests::list_merge_requests).post(merge_requests::create_merge_request))
        .route("/projects/{id}/merge_requests/{iid}", get(merge_requests::get_merge_request).put(merge_requests::update_merge_request))
        .route("/projects/{id}/merge_requests/{iid}/merge", put(merging::merge))
        .route("/projects/{id}/merge_requests/{iid}/approvals", get(merging::get_approvals))
        .route("/projects/{id}/merge_requests/{iid}/approve", post(merging::approve))
        .route("/projects/{id}/merge_requests/{iid}/unapprove", post(merging::unapprove))
        .route("/projects/{id}/merge_requests/{iid}/commits", get(merge_requests::list_commits))
        .route("/projects/{id}/merge_requests/{iid}/diffs", get(merge_requests::list_diffs))
        .route("/projects/{id}/merge_requests/{iid}/changes", get(merge_requests::get_changes))
        .route("/projects/{id}/merge_requests/{iid}/pipelines", get(merge_requests::list_pipelines))
        .route("/projects/{id}/merge_requests/{iid}/notes", get(merging::list_notes).post(merging::create_note))
        .route("/projects/{id}/merge_requests/{iid}/notes/{note}", delete(merging::delete_note))
}

fn ci() -> Router<Forge> {
    Router::new()
        .route("/projects/{id}/pipeline", post(pipelines::create_pipeline))
        .route("/projects/{id}/pipelines", get(pipelines::list_pipelines))
        .route("/projects/{id}/pipelines/latest", get(pipelines::get_latest_pipeline))
        .route("/projects/{id}/pipelines/{pipeline}", get(pipelines::get_pipeline).delete(pipelines::delete_pipeline))
        .route("/projects/{id}/pipelines/{pipeline}/jobs", get(jobs::list_pipeline_jobs))
        .route("/projects/{id}/pipelines/{pipeline}/bridges", get(jobs::list_pipeline_bridges))
        .route("/projects/{id}/pipelines/{pipeline}/trigger_jobs", get(jobs::list_pipeline_bridges))
        .route("/projects/{id}/pipelines/{pipeline}/variables", get(pipelines::list_pipeline_variables))
        .route("/projects/{id}/pipelines/{pipeline}/cancel", post(pipelines::cancel_pipeline))
        .route("/projects/{id}/pipelines/{pipeline}/retry", post(pipelines::retry_pipeline))
        .route("/projects/{id}/pipelines/{pipeline}/metadata", put(pipelines::update_pipeline_metadata))
        .route("/projects/{id}/trigger/pipeline", post(triggers::trigger_pipeline))
        .route("/projects/{id}/ref/{reference}/trigger/pipeline", post(triggers::trigger_pipeline_on_ref))
        .route("/projects/{id}/triggers", get(triggers::list_triggers).post(triggers::create_trigger))
        .route("/projects/{id}/triggers/{trigger}", get(triggers::get_trigger).put(triggers::update_trigger).delete(triggers::delete_trigger))
        .route("/projects/{id}/environments", get(environments::list_environments).post(environments::create_environment))
        .route("/projects/{id}/environments/{environment}", get(environments::get_environment).put(environments::update_environment).delete(environments::delete_environment))
        .route("/projects/{id}/environments/{environment}/stop", post(environments::stop_environment))
        .route("/projects/{id}/pipeline_schedules", get(schedules::list_schedules).post(schedules::create_schedule))
        .route("/projects/{id}/pipeline_schedules/{schedule}", get(schedules::get_schedule).put(schedules::update_schedule).delete(schedules::delete_schedule))
        .route("/projects/{id}/pipeline_schedules/{schedule}/play", post(schedules::play_schedule))
        .route("/projects/{id}/pipeline_schedules/{schedule}/take_ownership", post(schedules::take_ownership))
        .route("/projects/{id}/pipeline_schedules/{schedule}/variables", post(schedules::create_variable))
        .route("/projects/{id}/pipeline_schedules/{schedule}/variables/{key}", put(schedules::update_variable).delete(schedules::delete_variable))
        .route("/projects/{id}/jobs", get(jobs::list_jobs))
        .route("/projects/{id}/jobs/{job}", get(jobs::get_job))
        .route("/projects/{id}/jobs/{job}/trace", get(trace::get_trace))
        .route("/projects/{id}/jobs/{job}/cancel", post(jobs::cancel_job))
        .route("/projects/{id}/jobs/{job}/retry", post(jobs::retry_job))
        .route("/projects/{id}/jobs/{job}/play", post(jobs::play_job))
        .route("/projects/{id}/jobs/{job}/erase", post(jobs::erase_job))
        .route("/projects/{id}/jobs/{job}/artifacts", get(artifacts::download_artifacts).delete(artifacts::delete_artifacts))
        .route("/projects/{id}/jobs/{job}/artifacts/tree", get(artifacts::list_artifact_tree))
        .route("/projects/{id}/jobs/{job}/artifacts/keep", post(artifacts::keep_artifacts))
        .route("/projects/{id}/jobs/{job}/artifacts/{*path}", get(artifacts::get_artifact_file))
        .route("/projects/{id}/jobs/artifacts/{*rest}", get(artifacts::get_artifacts_by_ref))
        .route("/job", get(jobs::get_own_job))
        .route("/projects/{id}/variables", get(variables::list_variables).post(variables::create_variable))
        .route("/projects/{id}/variables/{key}", get(variables::get_variable).put(variables::update_variable).delete(variables::delete_variable))
        .route("/projects/{id}/ci/lint", get(lint::lint_project).post(lint::lint_content))
        .route("/projects/{id}/runners", get(runners::list_project_runners))
        .route("/runners", get(runners::list_runners))
        .route("/runners/all", get(runners::list_runners))
        .route("/runners/{id}", get(runners::get_runner))
}

/// For browsers on their way through sign-in, and for clients of any OpenID Connect provider.
fn sign_in_pages() -> Router<Forge> {
    Router::new()
        .route("/users/sign_in", get(sign_in::show).post(sign_in::submit))
        .route("/users/sign_out", post(sign_in::sign_out))
        .route("/users/link/{token}", get(sign_in::follow_link))
        .route("/oauth/authorize", get(authorize::show).post(authorize::decide))
        .route("/oauth/token", post(token::issue).options(headers::oauth_preflight))
        .route("/oauth/revoke", post(token::revoke).options(headers::oauth_preflight))
        .route("/oauth/token/info", get(token::info).options(headers::oauth_preflight))
        .route("/oauth/introspect", post(token::introspect))
        .route("/oauth/userinfo", get(discovery::userinfo).post(discovery::userinfo).options(headers::oauth_preflight))
        .route("/oauth/discovery/keys", get(discovery::keys))
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route("/.well-known/oauth-authorization-server", get(discovery::configuration))
}

/// For `git`: `group/project.git/…`.
fn git() -> Router<Forge> {
    Router::new()
        .route("/{group}/{project}/info/refs", get(git_http::info_refs))
        .route("/{group}/{project}/git-upload-pack", post(git_http::upload_pack))
        .route("/{group}/{project}/git-receive-pack", post(git_http::receive_pack))
        .route("/{group}/{project}", get(git_http::project_page))
        .route("/{group}/{project}/-/{*rest}", get(git_http::project_page))
}
