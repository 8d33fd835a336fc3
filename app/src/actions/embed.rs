//! Links to embedded views: made, listed, taken back.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::browser;
use crate::problem::Problem;
use crate::queries::workspace::problem;
use crate::routes::embed_links;

/// What can be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// `card`, `run`, `log`, `plot` or `board`.
    pub view: &'static str,
    /// In words.
    pub label: String,
    /// What the server wants to know: twin, run, job.
    pub subject: Value,
}

/// A link that was just made; it is shown once.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Made {
    /// The address of the view.
    pub url: String,
    /// The address of the picture.
    pub badge: String,
    /// The pages that may show it.
    pub parents: Vec<String>,
}

/// A link that is there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Link {
    /// Its name.
    pub id: String,
    /// What it shows.
    pub subject: Value,
    /// Until when, in seconds since 1970.
    pub until: f64,
}

/// All that one has made, and who may show them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Links {
    /// The links.
    pub links: Vec<Link>,
    /// The pages that the configuration allows.
    pub parents: Vec<String>,
}

/// Makes one.
pub async fn make(instance: &str, project: &str, offer: &Offer, path: &str, days: i64) -> Result<Made, Problem> {
    let wish = "make the link";
    let mut body = json!({ "view": offer.view, "instance": instance, "project": project, "days": days });
    if let (Some(body), Some(subject)) = (body.as_object_mut(), offer.subject.as_object()) {
        body.extend(subject.clone());
        if offer.view == "plot" {
            body.insert("path".to_owned(), json!(path));
        }
    }
    match browser::ask_home("POST", &embed_links(""), Some(&body)).await {
        Some((201, text)) => serde_json::from_str(&text).map_err(|_| problem(wish, None)),
        other => Err(problem(wish, other)),
    }
}

/// Lists them.
pub async fn list(instance: String) -> Result<Links, Problem> {
    let wish = "list your links";
    let url = format!("{}?instance={}", embed_links(""), percent_encoding::utf8_percent_encode(&instance, percent_encoding::NON_ALPHANUMERIC));
    match browser::ask_home("GET", &url, None).await {
        Some((200, text)) => serde_json::from_str(&text).map_err(|_| problem(wish, None)),
        other => Err(problem(wish, other)),
    }
}

/// Takes one back.
pub async fn revoke(instance: String, id: String) -> Result<(), Problem> {
    match browser::ask_home("POST", &embed_links("revoke"), Some(&json!({ "instance": instance, "id": id }))).await {
        Some((200 | 404, _)) => Ok(()),
        other => Err(problem("take the link back", other)),
    }
}
