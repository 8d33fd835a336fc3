//! The services of an instance, as this server sees them.

use gitlab::record::read;

use super::workspace::problem;
use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::routes::service_url;

gitlab::record! {
    /// One of them.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Service {
        /// By which twins name it.
        pub id: String,
        /// On screen.
        pub name: String,
        /// What it is.
        pub kind: String,
        /// `up`, `slow`, `refused` or `down`.
        pub health: String,
        /// The same in a sentence.
        pub words: String,
        /// Where twins reach it.
        pub address: String,
        /// Where people open it.
        pub link: Option<String>,
        /// The CI variables that twins get.
        pub variables: Vec<String>,
        /// Whether it may be handed to projects.
        pub hands: bool = false,
        /// Topics that may be followed.
        pub topics: Vec<String>,
        /// Who may use it and how.
        pub note: String,
    }
}

gitlab::record! {
    #[derive(Debug)]
    struct Answer {
        services: Vec<Service>,
    }
}

/// All services of an instance.
pub async fn services(client: Client) -> Result<Vec<Service>, Problem> {
    let wish = format!("look at the services of {}", client.instance.name);
    match browser::ask_home("GET", &service_url(&client.instance.id, "", ""), None).await {
        Some((200, text)) => read(&text).map(|answer: Answer| answer.services).ok_or_else(|| problem(&wish, None)),
        other => Err(problem(&wish, other)),
    }
}

/// What is said of services that a twin needs: nothing where all of them are up.
pub async fn missing(client: Client, needed: Vec<String>) -> Vec<String> {
    if needed.is_empty() {
        return Vec::new();
    }
    let name = client.instance.name.clone();
    match services(client).await {
        Err(problem) => vec![problem.title],
        Ok(list) => needed
            .into_iter()
            .filter_map(|id| match list.iter().find(|service| service.id == id) {
                None => Some(format!("{name} has no service “{id}”. Whoever runs this Twinport can add it to twinport.toml.")),
                Some(service) if matches!(service.health.as_str(), "up" | "slow") => None,
                Some(service) => Some(service.words.clone()),
            })
            .collect(),
    }
}
