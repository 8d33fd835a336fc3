//! Handing a service on to the twins of a project.

use serde_json::{Value, json};

use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::workspace::problem;
use crate::routes::service_url;
use crate::session;

/// Makes the service's address and account CI variables of a project, the password masked; their names.
pub async fn hand(client: Client, service: String, project: String) -> Result<Vec<String>, Problem> {
    let wish = format!("hand {service} to {project}");
    let who = client.username.clone().unwrap_or_default();
    // The first time, the person is asked for the right to write.
    session::access_token(&client.backend.id, &who, true).await.map_err(|error| Problem::new(&error, &wish, &client.instance.name))?;
    match browser::ask_home("POST", &service_url(&client.instance.id, &service, "hand"), Some(&json!({ "project": project }))).await {
        Some((200, text)) => {
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            Ok(value["variables"].as_array().map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect()).unwrap_or_default())
        }
        other => Err(problem(&wish, other)),
    }
}
