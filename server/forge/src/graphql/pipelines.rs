//! Pipelines, and what they started.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};

use super::cost::connection;
use super::fail;
use super::project::{PageInfo, page};
use crate::Forge;
use crate::store::pipelines::{self, JobRow, PipelineRow};

/// Some pipelines.
#[derive(SimpleObject)]
pub struct PipelineConnection {
    page_info: PageInfo,
    nodes: Vec<Pipeline>,
}

/// A job, or a trigger job (`BRIDGE`).
#[derive(SimpleObject)]
struct CiJob {
    id: ID,
    name: String,
    kind: &'static str,
    status: String,
}

impl From<JobRow> for CiJob {
    fn from(row: JobRow) -> Self {
        let bridge = row.kind == "bridge";
        let class = if bridge { "Bridge" } else { "Build" };
        Self { id: ID(format!("gid://gitlab/Ci::{class}/{}", row.id)), name: row.name, kind: if bridge { "BRIDGE" } else { "BUILD" }, status: row.status.to_uppercase() }
    }
}

/// Some jobs.
#[derive(SimpleObject)]
struct CiJobConnection {
    page_info: PageInfo,
    nodes: Vec<CiJob>,
}

/// A pipeline; states are GitLab's words in upper case.
#[derive(SimpleObject)]
#[graphql(complex)]
struct Pipeline {
    id: ID,
    iid: String,
    name: Option<String>,
    status: String,
    #[graphql(name = "ref")]
    reference: String,
    sha: String,
    created_at: String,
    updated_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    #[graphql(skip)]
    number: i64,
    #[graphql(skip)]
    parent: Option<i64>,
}

impl From<PipelineRow> for Pipeline {
    fn from(row: PipelineRow) -> Self {
        Self {
            id: ID(format!("gid://gitlab/Ci::Pipeline/{}", row.id)),
            iid: row.iid.to_string(),
            name: row.name,
            status: row.status.to_uppercase(),
            reference: row.reference,
            sha: row.sha,
            created_at: row.created_at,
            updated_at: row.updated_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            number: row.id,
            parent: row.parent_job_id,
        }
    }
}

#[ComplexObject]
impl Pipeline {
    /// The trigger job that it came of.
    async fn source_job(&self, context: &Context<'_>) -> Result<Option<CiJob>> {
        let Some(parent) = self.parent else { return Ok(None) };
        let job = pipelines::job(&context.data::<Forge>()?.db, parent).await.map_err(fail)?;
        Ok(job.map(CiJob::from))
    }

    /// Its own jobs, those left out that were tried again.
    #[graphql(complexity = "connection(child_complexity, first, 0)")]
    async fn jobs(&self, context: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<CiJobConnection> {
        let rows = pipelines::jobs(&context.data::<Forge>()?.db, self.number, false).await.map_err(fail)?;
        let (nodes, page_info) = page(rows.into_iter().map(CiJob::from).collect(), first, after.as_deref());
        Ok(CiJobConnection { page_info, nodes })
    }

    /// The pipelines that its trigger jobs started.
    #[graphql(complexity = "connection(child_complexity, first, 0)")]
    async fn downstream(&self, context: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<PipelineConnection> {
        const CHILDREN: &str = "SELECT p.* FROM pipelines p JOIN jobs j ON p.parent_job_id = j.id WHERE j.pipeline_id = ? ORDER BY p.id";
        let rows: Vec<PipelineRow> = sqlx::query_as(CHILDREN).bind(self.number).fetch_all(&context.data::<Forge>()?.db).await.map_err(fail)?;
        let (nodes, page_info) = page(rows.into_iter().map(Pipeline::from).collect(), first, after.as_deref());
        Ok(PipelineConnection { page_info, nodes })
    }
}

/// A project's own pipelines, of one person if named, newest first; those that others started are below them.
pub async fn of_project(forge: &Forge, project: i64, first: Option<i32>, after: Option<&str>, username: Option<&str>) -> Result<PipelineConnection> {
    const OWN: &str = "SELECT * FROM pipelines WHERE project_id = ?1 AND source != 'parent_pipeline' \
        AND (?2 IS NULL OR user_id = (SELECT id FROM users WHERE username = ?2)) ORDER BY id DESC";
    let rows: Vec<PipelineRow> = sqlx::query_as(OWN).bind(project).bind(username).fetch_all(&forge.db).await.map_err(fail)?;
    let (nodes, page_info) = page(rows.into_iter().map(Pipeline::from).collect(), first, after);
    Ok(PipelineConnection { page_info, nodes })
}
