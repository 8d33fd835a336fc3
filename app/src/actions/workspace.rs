//! Starting and stopping one's workspace, and opening something in it.

use gitlab::record::read;
use serde_json::{Value, json};

use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::workspace::{Refusal, Workspace, problem};
use crate::routes::workspace_url;
use crate::session;

async fn act(word: &str, wish: &str) -> Result<Workspace, Problem> {
    match browser::ask_home("POST", &workspace_url(word), None).await {
        Some((200 | 202, text)) => read(&text).ok_or_else(|| problem(wish, None)),
        other => Err(problem(wish, other)),
    }
}

/// Starts it; what comes back says that it is on its way.
pub async fn start() -> Result<Workspace, Problem> {
    act("start", "start your workspace").await
}

/// Stops it.
pub async fn stop() -> Result<Workspace, Problem> {
    act("stop", "stop your workspace").await
}

/// Brings a project to the workspace and says where its file opens there. The first time, the person
/// is asked for the right to write, which git needs.
pub async fn open(client: &Client, project: &str, path: &str) -> Result<String, Problem> {
    let wish = format!("open {project} in your workspace");
    for again in [true, false] {
        let answer = browser::ask_home("POST", &workspace_url("open"), Some(&json!({ "project": project, "path": path }))).await;
        match answer {
            Some((200, text)) => {
                let value: Value = serde_json::from_str(&text).unwrap_or_default();
                return Ok(value["enter"].as_str().unwrap_or_default().to_owned());
            }
            Some((403, text)) if again && read::<Refusal>(&text).is_some_and(|refusal| refusal.error == "needs_write") => {
                let who = client.username.clone().unwrap_or_default();
                if let Err(error) = session::access_token(&client.backend.id, &who, true).await {
                    return Err(Problem::new(&error, &wish, &client.instance.name));
                }
            }
            other => return Err(problem(&wish, other)),
        }
    }
    Err(problem(&wish, None))
}
