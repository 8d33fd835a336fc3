//! `twinport git-credential`: run by `git` in a workspace. What it says comes from the Twinport that
//! started the workspace.

/// Answers `get`; there is nothing to store or to erase.
pub async fn answer(action: &str) -> Result<(), String> {
    if action != "get" {
        return Ok(());
    }
    let named = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set: this is for git in a workspace that Twinport has started"));
    let (url, token) = (named("TWINPORT_URL")?, named("TWINPORT_WORKSPACE_TOKEN")?);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().map_err(|error| error.to_string())?;
    let answer = client.post(format!("{url}/workspaces/credential")).bearer_auth(token).send().await.map_err(|error| format!("Twinport at {url} did not answer: {error}"))?;
    let good = answer.status().is_success();
    let text = answer.text().await.map_err(|error| error.to_string())?;
    if good { super::say(text.trim_end()) } else { Err(text.trim_end().to_owned()) }
}
