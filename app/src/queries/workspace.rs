//! One's own workspace, as this server tells of it.

use gitlab::record::{FromJson, Value, read};

use crate::browser;
use crate::problem::Problem;
use crate::routes::workspace_url;

gitlab::record! {
    /// Something that can be opened there.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Service {
        /// A word.
        pub id: String,
        /// A name.
        pub name: String,
        /// A sentence.
        pub description: String,
        /// Its path there.
        pub path: String,
    }
}

/// How a workspace stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not there.
    Stopped,
    /// On its way.
    Starting,
    /// There.
    Running,
    /// Ended, or never came.
    Failed,
}

impl FromJson for Standing {
    fn from_json(value: &Value) -> Result<Self, &'static str> {
        match value.as_str() {
            Some("stopped") => Ok(Self::Stopped),
            Some("starting") => Ok(Self::Starting),
            Some("running") => Ok(Self::Running),
            Some("failed") => Ok(Self::Failed),
            _ => Err(""),
        }
    }
}

gitlab::record! {
    /// A workspace.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Workspace {
        /// Under which host.
        pub host: String,
        /// How it stands.
        pub state: Standing,
        /// Why, when it failed.
        pub reason: Option<String>,
        /// Since when, in seconds since 1970.
        pub since: f64,
        /// When something moved last.
        pub used: f64,
        /// Minutes without traffic after which it is stopped.
        pub idle_minutes: Option<f64>,
        /// Processors in use.
        pub cpu: Option<f64>,
        /// Bytes in use.
        pub memory: Option<f64>,
        /// The last of what it printed.
        pub log: String,
        /// Whether it can be started and stopped from here.
        pub starts: bool,
        /// Whether projects can be brought there from here.
        pub clones: bool,
        /// What is there.
        pub services: Vec<Service>,
        /// The way in.
        pub enter: String,
    }
}

gitlab::record! {
    /// What this server says when it says no.
    #[derive(Debug, Default)]
    pub struct Refusal {
        /// A word.
        pub error: String = String::new(),
        /// A sentence.
        pub message: String = String::new(),
    }
}

/// A problem with this server, or with what it says.
#[must_use]
pub fn problem(wish: &str, answer: Option<(u16, String)>) -> Problem {
    let Some((status, text)) = answer else {
        let advice = "The server of this page may be down, or busy. Try again in a moment.".to_owned();
        return Problem { title: format!("Could not {wish}: Twinport's server did not answer."), advice, sign_in: false };
    };
    let refusal: Refusal = read(&text).unwrap_or_default();
    let said = if refusal.message.is_empty() { format!("the server answered {status}") } else { refusal.message.trim_end_matches('.').to_owned() };
    let advice = match refusal.error.as_str() {
        "signed_out" => "Sign in again, and you come back to this page.",
        "none" => "A workspace is added in the configuration of this server, under [workspaces].",
        "clone" => "Put right what it names, or clone the project by hand in the workspace's terminal.",
        _ => "Try again; if it stays, tell whoever runs this server.",
    };
    Problem { title: format!("Could not {wish}: {said}."), advice: advice.to_owned(), sign_in: refusal.error == "signed_out" }
}

/// Asks how one's workspace stands.
pub async fn workspace() -> Result<Workspace, Problem> {
    let wish = "look at your workspace";
    let answer = browser::ask_home("GET", &workspace_url(""), None).await;
    match answer {
        Some((200, text)) => read(&text).ok_or_else(|| problem(wish, None)),
        other => Err(problem(wish, other)),
    }
}
