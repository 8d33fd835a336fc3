//! What there is in a workspace. The containers of DTaaS say so themselves, at `/{user}/services`
//! (DTAAS.md §3.1); of others, the page that opens is all we know.

use std::time::Duration;

use axum::http::HeaderValue;
use http_body_util::{BodyExt, Limited};
use proxy::Address;
use serde::{Deserialize, Serialize};

use super::Seat;
use super::enter::is_inside;

/// The answer comes within this time, or is not waited for.
const TIME: Duration = Duration::from_secs(2);
/// And is no larger.
const MOST: usize = 64 * 1024;

/// Something that can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// `lab`, `notebook`, `vscode`, `desktop`, or another word.
    pub id: String,
    /// Its name on screen.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its path.
    pub path: String,
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: Option<String>,
    description: Option<String>,
    endpoint: Option<String>,
}

/// Reads the map; what is not as it should be is left out.
fn read(base: &str, bytes: &[u8]) -> Vec<Service> {
    let map: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_slice(bytes).unwrap_or_default();
    let short = |text: Option<String>, most: usize| text.unwrap_or_default().chars().take(most).collect::<String>();
    map.into_iter()
        .take(20)
        .filter_map(|(id, value)| {
            let entry: Entry = serde_json::from_value(value).ok()?;
            let path = format!("{base}{}", entry.endpoint?.trim_start_matches('/'));
            let name = Some(short(entry.name, 60)).filter(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
            is_inside(&path).then(|| Service { id, name, description: short(entry.description, 200), path })
        })
        .collect()
}

/// Asks a workspace that runs.
pub async fn of(seat: &Seat, address: &Address, host: &str) -> Vec<Service> {
    let base = if seat.home.ends_with('/') { seat.home.clone() } else { "/".to_owned() };
    let (Ok(host), true) = (HeaderValue::from_str(host), base.len() > 1) else { return Vec::new() };
    let Ok(answer) = proxy::ask(address, &format!("{base}services"), &host, TIME).await else { return Vec::new() };
    let json = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.starts_with("application/json"));
    if !answer.status().is_success() || !json {
        return Vec::new();
    }
    let body = tokio::time::timeout(TIME, Limited::new(answer.into_body(), MOST).collect()).await;
    body.ok().and_then(Result::ok).map(|body| read(&base, &body.to_bytes())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_map_of_a_container() {
        let map = br#"{
            "desktop": {"name": "Desktop", "description": "Virtual Desktop Environment", "endpoint": "tools/vnc"},
            "vscode": {"name": "VS Code", "description": "", "endpoint": "tools/vscode"},
            "notebook": {"name": "", "endpoint": ""},
            "evil": {"name": "x", "endpoint": "../../../etc"},
            "odd": 3
        }"#;
        let services: Vec<(String, String, String)> = read("/user1/", map).into_iter().map(|one| (one.id, one.name, one.path)).collect();
        let own = |list: [&str; 3]| (list[0].to_owned(), list[1].to_owned(), list[2].to_owned());
        assert_eq!(services, [own(["desktop", "Desktop", "/user1/tools/vnc"]), own(["notebook", "notebook", "/user1/"]), own(["vscode", "VS Code", "/user1/tools/vscode"])]);
        assert!(read("/u/", b"<html>").is_empty());
    }
}
