//! Which project a request is about, and whether the caller may do what it asks there.
//! What a caller may not see is absent: 404, never 403.

use gitlab::UserId;

use crate::Forge;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::Repo;
use crate::store::projects::{self, NamespaceRow, ProjectRow, Roles};

/// Roles by GitLab's numbers (`lib/gitlab/access.rb`).
pub const GUEST: i64 = 10;
/// May read code of a private project.
pub const REPORTER: i64 = 20;
/// May push and run.
pub const DEVELOPER: i64 = 30;
/// May change settings, variables, triggers.
pub const MAINTAINER: i64 = 40;
/// May delete.
pub const OWNER: i64 = 50;

/// A project that the caller can see.
#[derive(Debug, Clone)]
pub struct Visible {
    /// The project.
    pub project: ProjectRow,
    /// The caller's effective role; 0 for none.
    pub level: i64,
    /// The roles it comes from.
    pub roles: Roles,
    /// Whether nobody is behind the request.
    pub anonymous: bool,
}

impl Visible {
    /// The role is at least `level`: else 403, or 401 for callers without credentials. What is
    /// archived is changed by nobody but its owner, who can take it out of the archive.
    pub fn require(&self, level: i64) -> ApiResult<()> {
        if self.anonymous {
            return Err(ApiError::unauthorized());
        }
        let frozen = self.project.archived && (DEVELOPER..OWNER).contains(&level);
        if self.level >= level && !frozen { Ok(()) } else { Err(ApiError::forbidden("")) }
    }

    /// Code may be read: members from reporter on, everybody where it is not private.
    pub fn require_code(&self) -> ApiResult<()> {
        if self.project.visibility != "private" || self.level >= REPORTER { Ok(()) } else { Err(ApiError::forbidden("")) }
    }
}

impl Forge {
    /// The project `key` (number or full path), if the caller can see it.
    pub async fn project(&self, caller: &Caller, key: &str) -> ApiResult<Visible> {
        let row = match key.parse::<i64>() {
            Ok(id) => projects::project(&self.db, id).await?,
            Err(_) => projects::project_by_path(&self.db, key).await?,
        };
        let row = row.ok_or_else(|| ApiError::missing("Project"))?;
        self.visible(caller, row).await?.ok_or_else(|| ApiError::missing("Project"))
    }

    /// The project with the caller's role, or nothing when the caller cannot see it.
    pub async fn visible(&self, caller: &Caller, project: ProjectRow) -> ApiResult<Option<Visible>> {
        let (roles, admin) = match caller.person() {
            Some(user) => (projects::roles(&self.db, &project, user.id).await?, user.admin),
            None => (Roles::default(), false),
        };
        let level = if admin { OWNER } else { roles.project.max(roles.group).unwrap_or(0) };
        let seen = match project.visibility.as_str() {
            "public" => true,
            "internal" => caller.person().is_some(),
            _ => level >= GUEST,
        };
        let closed_to_job = project.visibility == "private" && caller.job_project.is_some_and(|own| own != project.id);
        Ok((seen && !closed_to_job).then_some(Visible { project, level, roles, anonymous: caller.person().is_none() }))
    }

    /// The group or namespace `key`, if the caller can see it.
    pub async fn group(&self, caller: &Caller, key: &str) -> ApiResult<(NamespaceRow, i64)> {
        let missing = || ApiError::missing("Group");
        let row = projects::namespace(&self.db, key).await?.filter(|row| row.kind == "group").ok_or_else(missing)?;
        let level = match caller.person() {
            Some(user) if user.admin => OWNER,
            Some(user) => projects::group_role(&self.db, row.id, user.id).await?.unwrap_or(0),
            None => 0,
        };
        let seen = match row.visibility.as_str() {
            "public" => true,
            "internal" => caller.person().is_some(),
            _ => level > 0,
        };
        if seen { Ok((row, level)) } else { Err(missing()) }
    }

    /// The repository of a project.
    #[must_use]
    pub fn repo(&self, project: i64) -> Repo {
        Repo::at(self.folders.repositories.join(format!("{project}.git")))
    }

    /// Whether `user` may start pipelines in `project`, for tokens that stand for a person.
    pub async fn level_of(&self, project: &ProjectRow, user: UserId) -> ApiResult<i64> {
        let roles = projects::roles(&self.db, project, user.0).await?;
        let admin: Option<bool> = sqlx::query_scalar("SELECT admin FROM users WHERE id = ?").bind(user.0).fetch_optional(&self.db).await?;
        Ok(if admin == Some(true) { OWNER } else { roles.project.max(roles.group).unwrap_or(0) })
    }
}

/// Runs blocking work (git, the disk, hashing) off the async threads.
pub async fn blocking<T: Send + 'static, E: Into<ApiError> + Send + 'static>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> ApiResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Into::into),
        Err(panic) => Err(ApiError::internal(panic)),
    }
}
