//! The root of the graph, and projects.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::cost::{Spent, connection};
use super::fail;
use super::pipelines::{self, PipelineConnection};
use super::repository::Repository;
use crate::Forge;
use crate::access::Visible;
use crate::auth::Caller;
use crate::store::projects;

/// The root.
pub struct Query;

/// What the query costs.
#[derive(SimpleObject)]
struct QueryComplexity {
    score: usize,
    limit: usize,
}

/// Who asks.
#[derive(SimpleObject)]
struct CurrentUser {
    id: ID,
    username: String,
    name: String,
}

/// Where a page of a list ends.
#[derive(SimpleObject, Clone, Default)]
pub struct PageInfo {
    pub has_next_page: bool,
    pub end_cursor: Option<String>,
}

/// Some projects.
#[derive(SimpleObject)]
struct ProjectConnection {
    page_info: PageInfo,
    nodes: Vec<Project>,
}

/// The part of `list` that a page shows; cursors are the last entry's number in base64.
pub fn page<T>(list: Vec<T>, first: Option<i32>, after: Option<&str>) -> (Vec<T>, PageInfo) {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let number = |cursor: &str| String::from_utf8(engine.decode(cursor).ok()?).ok()?.parse::<usize>().ok();
    let skip = after.and_then(number).unwrap_or(0).min(list.len());
    let take = usize::try_from(first.unwrap_or(super::cost::PAGE).clamp(0, super::cost::PAGE)).unwrap_or(0);
    let more = list.len() > skip + take;
    let shown: Vec<T> = list.into_iter().skip(skip).take(take).collect();
    let end_cursor = (!shown.is_empty()).then(|| engine.encode((skip + shown.len()).to_string()));
    (shown, PageInfo { has_next_page: more, end_cursor })
}

#[Object]
impl Query {
    #[graphql(complexity = "0")]
    async fn query_complexity(&self, context: &Context<'_>) -> Option<QueryComplexity> {
        let spent = context.data_opt::<Arc<Spent>>()?;
        Some(QueryComplexity { score: spent.score(), limit: spent.limit() })
    }

    async fn current_user(&self, context: &Context<'_>) -> Option<CurrentUser> {
        let person = context.data_opt::<Caller>()?.person()?;
        Some(CurrentUser { id: ID(format!("gid://gitlab/User/{}", person.id)), username: person.username.clone(), name: person.name.clone() })
    }

    #[graphql(complexity = "child_complexity + 2")]
    async fn project(&self, context: &Context<'_>, full_path: ID) -> Result<Option<Project>> {
        let (forge, caller) = (context.data::<Forge>()?, context.data::<Caller>()?);
        let Some(row) = projects::project_by_path(&forge.db, full_path.as_str()).await.map_err(fail)? else { return Ok(None) };
        Ok(forge.visible(caller, row).await.map_err(fail)?.map(Project))
    }

    /// Projects by path or id; absent ones are left out.
    #[graphql(complexity = "connection(child_complexity, first, 0)")]
    async fn projects(&self, context: &Context<'_>, ids: Option<Vec<ID>>, full_paths: Option<Vec<ID>>, first: Option<i32>, after: Option<String>) -> Result<ProjectConnection> {
        let (forge, caller) = (context.data::<Forge>()?, context.data::<Caller>()?);
        if ids.as_ref().is_some_and(|ids| ids.len() > 100) {
            return Err("cannot have more than 100 ids".into());
        }
        if full_paths.as_ref().is_some_and(|paths| paths.len() > 50) {
            return Err("cannot have more than 50 full paths".into());
        }
        let mut rows = Vec::new();
        for id in ids.unwrap_or_default() {
            let number = id.as_str().rsplit('/').next().and_then(|text| text.parse::<i64>().ok());
            if let Some(number) = number {
                rows.extend(projects::project(&forge.db, number).await.map_err(fail)?);
            }
        }
        for path in full_paths.unwrap_or_default() {
            rows.extend(projects::project_by_path(&forge.db, path.as_str()).await.map_err(fail)?);
        }
        let mut found = Vec::new();
        for row in rows {
            found.extend(forge.visible(caller, row).await.map_err(fail)?.map(Project));
        }
        let (nodes, page_info) = page(found, first, after.as_deref());
        Ok(ProjectConnection { page_info, nodes })
    }
}

/// A project that the caller sees.
pub struct Project(Visible);

#[Object]
impl Project {
    async fn id(&self) -> ID {
        ID(format!("gid://gitlab/Project/{}", self.0.project.id))
    }

    async fn full_path(&self) -> String {
        self.0.project.full_path()
    }

    async fn name(&self) -> &str {
        &self.0.project.name
    }

    async fn description(&self) -> Option<&str> {
        self.0.project.description.as_deref()
    }

    async fn topics(&self) -> Vec<&str> {
        self.0.project.topics.split(',').filter(|topic| !topic.is_empty()).collect()
    }

    async fn visibility(&self) -> &str {
        &self.0.project.visibility
    }

    async fn archived(&self) -> bool {
        self.0.project.archived
    }

    async fn last_activity_at(&self) -> &str {
        &self.0.project.last_activity_at
    }

    async fn web_url(&self, context: &Context<'_>) -> Result<String> {
        Ok(context.data::<Forge>()?.url(&self.0.project.full_path()))
    }

    /// Nothing where the caller may not read code.
    async fn repository(&self, context: &Context<'_>) -> Result<Option<Repository>> {
        let forge = context.data::<Forge>()?;
        Ok(self.0.require_code().is_ok().then(|| Repository::new(forge.repo(self.0.project.id), self.0.project.default_branch.clone())))
    }

    #[graphql(complexity = "connection(child_complexity, first, 0)")]
    async fn pipelines(&self, context: &Context<'_>, first: Option<i32>, after: Option<String>, username: Option<String>) -> Result<PipelineConnection> {
        pipelines::of_project(context.data::<Forge>()?, self.0.project.id, first, after.as_deref(), username.as_deref()).await
    }
}
