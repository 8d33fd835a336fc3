//! Other people's configurations as ours: a DTaaS client's `env.js`, and another portal's
//! federation card. What comes out is a `twinport.toml` to be read before it is used.

use std::collections::BTreeMap;

use regex::Regex;

use crate::card::Card;

/// Text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// An id for URLs: lower-case letters, digits and `-`.
fn id(text: &str) -> String {
    let plain: String = text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let whole = parts.join("-").chars().take(40).collect::<String>().trim_end_matches('-').to_owned();
    if whole.is_empty() { "gitlab".to_owned() } else { whole }
}

/// The settings in an `env.js`: `window.env = { KEY: 'value', … }`, or `globalThis.env`, with any
/// quotes, commas and comments (DTAAS.md §2.9). It is read, never run.
fn settings(text: &str) -> BTreeMap<String, String> {
    let pattern =
        Regex::new(r#"(?m)(?:^|[{,])[ \t]*["']?([A-Z][A-Z0-9_]+)["']?\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`|([^\s,'"`]+))"#).expect("the pattern is right");
    let value = |found: &regex::Captures<'_>| (2..=5).find_map(|group| found.get(group)).map(|found| found.as_str().replace("\\'", "'").replace("\\\"", "\"")).unwrap_or_default();
    pattern.captures_iter(text).map(|found| (found[1].to_owned(), value(&found).trim().to_owned())).collect()
}

/// A DTaaS client's configuration as ours.
pub fn from_env(text: &str) -> Result<String, String> {
    let known = settings(text);
    let get = |key: &str| known.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let need = |key: &str| get(key).ok_or_else(|| format!("the file has no {key}. Is it a DTaaS client's env.js? It must say where GitLab is and which application it uses"));
    let authority = need("REACT_APP_AUTH_AUTHORITY")?.trim_end_matches('/');
    let client = need("REACT_APP_CLIENT_ID")?;
    let host = url::Url::parse(authority).ok().and_then(|url| url.host_str().map(str::to_owned)).ok_or_else(|| format!("REACT_APP_AUTH_AUTHORITY “{authority}” is no address"))?;
    let redirect = get("REACT_APP_REDIRECT_URI").and_then(|uri| url::Url::parse(uri).ok());
    let own = redirect.clone().or_else(|| get("REACT_APP_URL").and_then(|uri| url::Url::parse(uri).ok()));
    let own = own.map(|url| url.origin().ascii_serialization());
    let path = redirect.map(|url| url.path().trim_end_matches('/').to_owned()).filter(|path| !path.is_empty());
    let scopes = get("REACT_APP_GITLAB_SCOPES").unwrap_or("openid profile read_user read_repository api");
    let read_first = scopes.split_whitespace().any(|scope| scope == "read_api");
    let backend = id(&host);
    let mut out = String::from("# Made from a DTaaS client's env.js. Read it, then run: twinport check --config twinport.toml\n\n");
    if let Some(own) = own {
        out += &format!("[server]\npublic_url = {}\n\n", quoted(&own));
    }
    out += &format!("[[gitlab]]\nid = {}\nurl = {}\nclient_id = {}\n", quoted(&backend), quoted(authority), quoted(client));
    if let Some(path) = path {
        out += &format!("redirect_path = {}   # as the application has it already\n", quoted(&path));
    }
    if !read_first {
        out += "read_first = false   # the application has no scope read_api; add it there, and leave this out\n";
    }
    let name = get("REACT_APP_ENVIRONMENT").map_or_else(|| host.clone(), |environment| format!("{host} ({environment})"));
    out += &format!("\n[[instance]]\nid = {}\nname = {}\ngitlab = {}\n", quoted(&backend), quoted(&name), quoted(&backend));
    out += "group = \"dtaas\"            # the DTaaS client keeps these four in each browser: Settings\ncommon_project = \"common\"\n# branch = \"main\"\nrunner_tag = \"linux\"\n";
    Ok(out)
}

/// Another portal's card as ours: everything but the applications, which each portal registers itself.
pub fn from_card(card: &Card, portal: &str) -> String {
    // A comment ends with its line: a name must not.
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    let mut out = format!("# Instances of {} ({}). For each [[gitlab]] register an application there and write down its id.\n", plain(&card.name), plain(portal));
    let mut backends: Vec<(String, String)> = Vec::new();
    for instance in &card.instances {
        let url = instance.gitlab.url.trim_end_matches('/');
        if backends.iter().any(|(known, _)| known == url) {
            continue;
        }
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let mut name = id(&host);
        while backends.iter().any(|(_, taken)| *taken == name) {
            name += "-2";
        }
        out += &format!(
            "\n[[gitlab]]\nid = {}\nurl = {}\nclient_id = \"\"   # register one: redirect URI …/auth/{name}/callback, scopes read_api and api\n",
            quoted(&name),
            quoted(url)
        );
        backends.push((url.to_owned(), name));
    }
    for instance in &card.instances {
        let url = instance.gitlab.url.trim_end_matches('/');
        let backend = backends.iter().find(|(known, _)| known == url).map(|(_, name)| name.as_str()).unwrap_or_default();
        out += &format!("\n[[instance]]\nid = {}\nname = {}\ngitlab = {}\n", quoted(&id(&instance.id)), quoted(&instance.name), quoted(backend));
        out += &format!("group = {}\ncommon_project = {}\n", quoted(&instance.group), quoted(&instance.common_project));
        if let Some(branch) = &instance.branch {
            out += &format!("branch = {}\n", quoted(branch));
        }
        if instance.guests {
            out += "guests = true\n";
        }
        out += &format!("card = {}\n", quoted(&format!("{}#{}", portal.trim_end_matches('/').trim_end_matches("/.well-known/dtaas-federation.json").to_lowercase(), instance.id)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{from_card, from_env, settings};
    use crate::card::{Card, CardBackend, CardInstance, VERSION};
    use crate::config::Config;

    fn read(text: &str) -> Config {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), text).expect("it can be written");
        Config::load(Some(file.path())).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn an_env_file_becomes_a_configuration() {
        let text = "if (typeof window !== 'undefined') { window.env = {\n  // comment: 'x'\n  REACT_APP_ENVIRONMENT: 'prod',\n  REACT_APP_URL: 'https://twins.test/',\n  \"REACT_APP_CLIENT_ID\": \"ab12\",\n\
            REACT_APP_AUTH_AUTHORITY: 'https://git.test/gitlab/',\n  REACT_APP_REDIRECT_URI: 'https://twins.test/Library',\n  REACT_APP_GITLAB_SCOPES: 'openid profile read_user read_repository api',\n}; }";
        let config = read(&from_env(text).expect("it is one"));
        let backend = &config.gitlab[0];
        assert_eq!((backend.id.as_str(), backend.url.as_str(), backend.client_id.as_str()), ("git-test", "https://git.test/gitlab", "ab12"));
        assert_eq!((backend.redirect_path.as_deref(), backend.read_first), (Some("/Library"), false));
        assert_eq!((config.public_url().as_str(), config.instance[0].name.as_str()), ("https://twins.test", "git.test (prod)"));
        assert!(from_env("window.env = {}").is_err_and(|error| error.contains("REACT_APP_AUTH_AUTHORITY")));
        assert!(from_env("").is_err());
        let hostile = settings("A_B: 'x\"\\n[server]',\nA_C: `y`,\nA_D: true,");
        assert_eq!(hostile.get("A_D").map(String::as_str), Some("true"));
        read(&from_env("REACT_APP_CLIENT_ID: 'a\"b',\nREACT_APP_AUTH_AUTHORITY: 'https://git.test'").expect("quotes are written as TOML has them"));
    }

    #[test]
    fn a_card_becomes_a_configuration() {
        let instance = |id: &str, url: &str| CardInstance {
            id: id.into(),
            name: format!("The \"{id}\""),
            gitlab: CardBackend { url: url.into() },
            group: "dtaas".into(),
            common_project: "common".into(),
            branch: Some("main".into()),
            guests: true,
        };
        let instances = vec![instance("a", "https://git.test"), instance("B c", "https://git.test/"), instance("d", "https://other.test/gitlab")];
        let card = Card { version: VERSION, name: "Lab\n[runner]\nunsafe_no_sandbox = true\n#".into(), url: String::new(), instances, join: String::new() };
        let text = from_card(&card, "https://lab.test").replace("client_id = \"\"", "client_id = \"x\"");
        let config = read(&text);
        assert_eq!((config.gitlab.len(), config.instance.len()), (2, 3));
        assert_eq!(config.instance[1].id, "b-c");
        assert!(!config.runner.unsafe_no_sandbox, "a name is no configuration");
    }
}
