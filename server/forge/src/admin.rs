//! What the command line and the first start do: people, projects, tokens, the starter library.

use crate::Forge;
use crate::access::{DEVELOPER, MAINTAINER, OWNER, blocking};
use crate::error::{ApiError, ApiResult};
use crate::git::Repo;
use crate::git::write::{FileAction, NewCommit};
use crate::secret;
use crate::starter::{self, StarterFile};
use crate::store::identity::{self, UserRow};
use crate::store::projects::{self, ProjectRow};

/// The group of the local instance.
pub const GROUP: &str = "dtaas";
/// Its common project.
pub const COMMON: &str = "common";
/// Who the first start makes.
pub const FIRST_USER: &str = "admin";
/// A sign-in link works for a day.
const LINK_SECONDS: i64 = 86_400;
/// Names that mean something else in URLs.
const RESERVED: [&str; 9] = ["api", "oauth", "users", "groups", "common", "dtaas", "-", ".well-known", "assets"];

/// Why something could not be done from the command line, in words.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// A name that cannot be one.
    #[error("“{0}” cannot be a name: use letters, digits, “_”, “-” and “.”, starting with a letter or digit, at most 64 of them")]
    Name(String),
    /// A name that means something else.
    #[error("“{0}” is reserved: choose another name")]
    Reserved(String),
    /// A name that exists.
    #[error("the user “{0}” exists already")]
    Taken(String),
    /// A name that does not exist.
    #[error("there is no user “{0}”; `twinport user list` shows who is there")]
    Unknown(String),
    /// A scope that does not exist.
    #[error("there is no scope “{0}”; choose from api, read_api, read_user, read_repository, write_repository")]
    Scope(String),
    /// A password that is too short.
    #[error("a password needs at least 8 characters")]
    Password,
    /// The database or the disk.
    #[error("failed to write it down: {0}")]
    Store(String),
}

impl From<sqlx::Error> for AdminError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<ApiError> for AdminError {
    fn from(error: ApiError) -> Self {
        Self::Store(match error {
            ApiError::Internal(error) => crate::error::chain(error.as_ref()),
            other => format!("{other:?}"),
        })
    }
}

/// Whether `text` may be part of a project's path.
#[must_use]
pub fn valid_path(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let start = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    plain && start && text.len() <= 64 && !text.contains("..") && !text.ends_with('.') && !text.ends_with(".git") && !text.ends_with(".atom")
}

/// A project to be made.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Number of its namespace.
    pub namespace: i64,
    /// Shown name.
    pub name: String,
    /// Last part of its path.
    pub path: String,
    /// Free text.
    pub description: Option<String>,
    /// `private`, `internal` or `public`.
    pub visibility: String,
    /// Its first branch.
    pub default_branch: String,
    /// Comma-separated.
    pub topics: String,
    /// Who makes it, and owns it.
    pub creator: i64,
}

impl Forge {
    /// Makes a namespace, owned by `owner`.
    pub async fn create_namespace(&self, kind: &str, path: &str, name: &str, visibility: &str, owner: Option<i64>) -> sqlx::Result<i64> {
        let now = self.clock.text();
        let id = sqlx::query("INSERT INTO namespaces (kind, path, name, visibility, owner_id, created_at) VALUES (?,?,?,?,?,?)")
            .bind(kind)
            .bind(path)
            .bind(name)
            .bind(visibility)
            .bind(owner)
            .bind(&now)
            .execute(&self.db)
            .await?
            .last_insert_rowid();
        if let Some(owner) = owner {
            self.set_member(None, Some(id), owner, OWNER, None).await?;
        }
        Ok(id)
    }

    /// Gives somebody a role in a project or a namespace, replacing the one they had.
    pub async fn set_member(&self, project: Option<i64>, namespace: Option<i64>, user: i64, level: i64, expires_at: Option<String>) -> sqlx::Result<()> {
        let mut transaction = self.db.begin().await?;
        sqlx::query("DELETE FROM members WHERE project_id IS ? AND namespace_id IS ? AND user_id = ?").bind(project).bind(namespace).bind(user).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO members (project_id, namespace_id, user_id, access_level, created_at, expires_at) VALUES (?,?,?,?,?,?)")
            .bind(project)
            .bind(namespace)
            .bind(user)
            .bind(level)
            .bind(self.clock.text())
            .bind(expires_at)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// Makes a project with an empty repository; its creator owns it.
    pub async fn create_project(&self, new: &NewProject) -> ApiResult<i64> {
        let now = self.clock.text();
        let mut transaction = self.db.begin_with("BEGIN IMMEDIATE").await?;
        let id = sqlx::query("INSERT INTO projects (namespace_id, path, name, description, visibility, default_branch, topics, creator_id, created_at, updated_at, last_activity_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)")
            .bind(new.namespace)
            .bind(&new.path)
            .bind(&new.name)
            .bind(&new.description)
            .bind(&new.visibility)
            .bind(&new.default_branch)
            .bind(&new.topics)
            .bind(new.creator)
            .bind(&now)
            .bind(&now)
            .bind(&now)
            .execute(&mut *transaction)
            .await?
            .last_insert_rowid();
        sqlx::query("INSERT INTO members (project_id, user_id, access_level, created_at) VALUES (?,?,?,?)")
            .bind(id)
            .bind(new.creator)
            .bind(OWNER)
            .bind(&now)
            .execute(&mut *transaction)
            .await?;
        // The repository comes first: a row without one would be half a project.
        let (path, branch) = (self.repo(id).path().to_owned(), new.default_branch.clone());
        blocking(move || {
            // A folder of this number belongs to a database that is gone: somebody may miss it.
            if path.exists() {
                let aside = path.with_extension(format!("orphan-{}", chrono::Utc::now().timestamp_millis()));
                tracing::error!(repository = %path.display(), aside = %aside.display(), "a repository that no project knows was in the way; it is kept under another name");
                std::fs::rename(&path, aside)?;
            }
            Repo::create(&path, &branch).map(|_| ())
        })
        .await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Deletes a project, its repository, its logs and archives.
    pub async fn delete_project(&self, project: &ProjectRow) -> ApiResult<()> {
        let pipelines: Vec<i64> = sqlx::query_scalar("SELECT id FROM pipelines WHERE project_id = ?").bind(project.id).fetch_all(&self.db).await?;
        for pipeline in pipelines {
            self.cancel_pipeline(pipeline).await?;
        }
        let jobs: Vec<i64> = sqlx::query_scalar("SELECT id FROM jobs WHERE project_id = ?").bind(project.id).fetch_all(&self.db).await?;
        sqlx::query("DELETE FROM projects WHERE id = ?").bind(project.id).execute(&self.db).await?;
        let (repository, folders) = (self.repo(project.id).path().to_owned(), self.folders.clone());
        blocking(move || {
            for job in jobs {
                let _ = std::fs::remove_file(folders.trace(job));
                let _ = std::fs::remove_file(folders.artifact(job));
            }
            std::fs::remove_dir_all(repository)
        })
        .await
    }

    async fn commit_files(&self, project: i64, branch: &str, message: &str, author: &UserRow, files: Vec<StarterFile>) -> ApiResult<()> {
        let actions = files.into_iter().map(|file| FileAction {
            kind: gitlab::commits::ActionKind::Create,
            path: file.path,
            previous_path: None,
            content: Some(file.content),
            last_commit: None,
            executable: Some(file.executable),
        });
        let person = (author.name.clone(), author.email.clone());
        let new = NewCommit {
            branch: branch.to_owned(),
            start: None,
            force: false,
            message: message.to_owned(),
            actions: actions.collect(),
            author: person.clone(),
            committer: person,
            time: self.clock.now().timestamp(),
        };
        let repo = self.repo(project);
        blocking(move || repo.write(&new).map(|_| ())).await
    }

    /// `initialize_with_readme`.
    pub(crate) async fn write_first_readme(&self, id: i64, author: &UserRow) -> ApiResult<()> {
        let Some(project) = projects::project(&self.db, id).await? else { return Ok(()) };
        let text = format!("# {}\n\n{}\n", project.name, project.description.clone().unwrap_or_default());
        let file = StarterFile { path: "README.md".to_owned(), content: text.into_bytes(), executable: false };
        self.commit_files(id, &project.default_branch, "Initial commit", author, vec![file]).await
    }

    /// Makes a person, their namespace and their project `dtaas/NAME` with the standard layout.
    pub async fn add_user(&self, name: &str, password: Option<&str>, admin: bool) -> Result<UserRow, AdminError> {
        if !valid_path(name) {
            return Err(AdminError::Name(name.to_owned()));
        }
        if RESERVED.contains(&name.to_lowercase().as_str()) {
            return Err(AdminError::Reserved(name.to_owned()));
        }
        if password.is_some_and(|password| password.chars().count() < 8) {
            return Err(AdminError::Password);
        }
        if identity::user_by_name(&self.db, name).await?.is_some() || projects::namespace(&self.db, name).await?.is_some() {
            return Err(AdminError::Taken(name.to_owned()));
        }
        let hash = match password.map(str::to_owned) {
            Some(password) => Some(blocking(move || Ok::<_, ApiError>(secret::hash_password(&password))).await?),
            None => None,
        };
        let id = sqlx::query("INSERT INTO users (username, name, email, password_hash, admin, created_at) VALUES (?,?,?,?,?,?)")
            .bind(name)
            .bind(name)
            .bind(format!("{name}@users.noreply.localhost"))
            .bind(hash)
            .bind(admin)
            .bind(self.clock.text())
            .execute(&self.db)
            .await?
            .last_insert_rowid();
        let user = identity::user(&self.db, id).await?.ok_or_else(|| AdminError::Unknown(name.to_owned()))?;
        self.create_namespace("user", name, name, "private", Some(id)).await?;
        let Some(group) = projects::namespace(&self.db, GROUP).await? else { return Ok(user) };
        if admin {
            self.set_member(None, Some(group.id), id, OWNER, None).await?;
        }
        if let Some(common) = projects::project_by_path(&self.db, &format!("{GROUP}/{COMMON}")).await? {
            self.set_member(Some(common.id), None, id, if admin { MAINTAINER } else { DEVELOPER }, None).await?;
        }
        let project = NewProject {
            namespace: group.id,
            name: name.to_owned(),
            path: name.to_lowercase(),
            description: Some(format!("Digital twins and assets of {name}")),
            visibility: "private".to_owned(),
            default_branch: "main".to_owned(),
            topics: "digital-twin".to_owned(),
            creator: id,
        };
        let number = self.create_project(&project).await?;
        self.commit_files(number, "main", "Start with the standard layout and three example twins", &user, starter::user_files(name)).await?;
        Ok(user)
    }

    /// Sets a password.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<(), AdminError> {
        if password.chars().count() < 8 {
            return Err(AdminError::Password);
        }
        let user = self.find_user(name).await?;
        let password = password.to_owned();
        let hash = blocking(move || Ok::<_, ApiError>(secret::hash_password(&password))).await?;
        sqlx::query("UPDATE users SET password_hash = ? WHERE id = ?").bind(hash).bind(user.id).execute(&self.db).await?;
        Ok(())
    }

    /// The person with this name, or words about who is not there.
    pub async fn find_user(&self, name: &str) -> Result<UserRow, AdminError> {
        identity::user_by_name(&self.db, name).await?.ok_or_else(|| AdminError::Unknown(name.to_owned()))
    }

    /// A personal access token, which is not shown again.
    pub async fn create_token(&self, name: &str, label: &str, scopes: &[String], days: Option<i64>) -> Result<String, AdminError> {
        let user = self.find_user(name).await?;
        if let Some(unknown) = scopes.iter().find(|scope| !crate::oauth::SCOPES.contains(&scope.as_str())) {
            return Err(AdminError::Scope(unknown.clone()));
        }
        let token = secret::token("glpat-");
        sqlx::query("INSERT INTO access_tokens (user_id, name, token_hash, scopes, created_at, expires_at) VALUES (?,?,?,?,?,?)")
            .bind(user.id)
            .bind(label)
            .bind(secret::hash(&token))
            .bind(scopes.join(" "))
            .bind(self.clock.text())
            .bind(days.map(|days| self.clock.text_in(days.saturating_mul(86_400))))
            .execute(&self.db)
            .await?;
        Ok(token)
    }

    /// The address at which `name` is signed in once.
    pub async fn sign_in_link(&self, name: &str) -> Result<String, AdminError> {
        let user = self.find_user(name).await?;
        let token = secret::random_hex();
        sqlx::query("DELETE FROM sign_in_links WHERE expires_at <= ? OR used_at IS NOT NULL").bind(self.clock.text()).execute(&self.db).await?;
        sqlx::query("INSERT INTO sign_in_links VALUES (?,?,?,NULL)").bind(secret::hash(&token)).bind(user.id).bind(self.clock.text_in(LINK_SECONDS)).execute(&self.db).await?;
        Ok(self.url(&format!("users/link/{token}")))
    }

    /// On an empty forge: the group, the common project with the starter library, the first person.
    pub async fn bootstrap(&self) -> Result<(), AdminError> {
        if projects::namespace(&self.db, GROUP).await?.is_none() {
            self.create_namespace("group", GROUP, "DTaaS", "internal", None).await?;
        }
        let user = match identity::user_by_name(&self.db, FIRST_USER).await? {
            Some(user) => user,
            None => self.add_user(FIRST_USER, None, true).await?,
        };
        if projects::project_by_path(&self.db, &format!("{GROUP}/{COMMON}")).await?.is_none() {
            let group = projects::namespace(&self.db, GROUP).await?.map(|row| row.id).unwrap_or_default();
            let project = NewProject {
                namespace: group,
                name: COMMON.to_owned(),
                path: COMMON.to_owned(),
                description: Some("Assets that everybody on this instance may use".to_owned()),
                visibility: "internal".to_owned(),
                default_branch: "main".to_owned(),
                topics: "digital-twin".to_owned(),
                creator: user.id,
            };
            let id = self.create_project(&project).await?;
            self.commit_files(id, "main", "Start with a library of examples", &user, starter::common_files()).await?;
            for other in identity::users(&self.db, None, None).await? {
                self.set_member(Some(id), None, other.id, if other.admin { OWNER } else { DEVELOPER }, None).await?;
            }
        }
        Ok(())
    }
}
