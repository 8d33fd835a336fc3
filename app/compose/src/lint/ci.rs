//! CI files: the parent's triggers against the twins, each twin's jobs against its scripts.

use yaml_rust2::yaml::Hash;
use yaml_rust2::{Yaml, YamlLoader};

use super::{Finding, Severity, line_of};
use crate::project::{Project, join};
use crate::trigger::job;

const FILE: &str = ".gitlab-ci.yml";

/// The jobs of a CI file, with their names.
fn jobs(text: &str) -> Vec<(String, Hash)> {
    let documents = YamlLoader::load_from_str(text).unwrap_or_default();
    let map = documents.into_iter().next_back().and_then(Yaml::into_hash).unwrap_or_default();
    map.into_iter().filter_map(|(key, value)| Some((key.into_string()?, value.into_hash()?))).collect()
}

fn get<'a>(map: &'a Hash, key: &str) -> Option<&'a Yaml> {
    map.get(&Yaml::String(key.to_owned()))
}

/// Files of the project that a trigger includes.
fn included(job: &Hash) -> Vec<String> {
    fn of(value: &Yaml) -> Vec<String> {
        match value {
            Yaml::String(path) => vec![path.clone()],
            Yaml::Array(list) => list.iter().flat_map(of).collect(),
            // What is in another project or made by a job cannot be looked up here.
            Yaml::Hash(map) if get(map, "project").is_none() && get(map, "artifact").is_none() => get(map, "local").map(of).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
    let include = get(job, "trigger").and_then(Yaml::as_hash).and_then(|trigger| get(trigger, "include"));
    include.map(of).unwrap_or_default().into_iter().filter(|path| !path.contains("://") && !path.contains('$')).collect()
}

/// The lines of a job's scripts.
fn scripts(job: &Hash) -> Vec<String> {
    fn of(value: &Yaml, found: &mut Vec<String>) {
        match value {
            Yaml::String(text) => found.extend(text.lines().map(str::to_owned)),
            Yaml::Array(list) => list.iter().for_each(|item| of(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    ["before_script", "script"].iter().filter_map(|key| get(job, key)).for_each(|value| of(value, &mut found));
    found
}

/// Triggers whose rule asks for another twin than their name says, so that they never start.
fn rules(text: &str, found: &mut Vec<Finding>) {
    for (name, job) in jobs(text) {
        let Some(twin) = name.strip_prefix("trigger_") else { continue };
        for rule in get(&job, "rules").and_then(Yaml::as_vec).into_iter().flatten().filter_map(Yaml::as_hash) {
            let Some(condition) = get(rule, "if").and_then(Yaml::as_str) else { continue };
            let asked = condition.trim().strip_prefix("$DTName").and_then(|rest| rest.trim_start().strip_prefix("==")).map(|rest| rest.trim().trim_matches(['"', '\'']));
            if let Some(asked) = asked.filter(|asked| *asked != twin && !asked.contains(['$', '&', '|'])) {
                let message = format!("The job {name} for “{twin}” starts when the twin “{asked}” is asked for. One of the names is wrong.");
                found.push(Finding::new(FILE, line_of(text, condition), Severity::Warning, "trigger-rule", message));
            }
        }
    }
}

/// Looks at the parent and at every twin.
pub fn check(project: &Project, found: &mut Vec<Finding>) {
    let parent = project.texts.get(FILE);
    let triggers: Vec<(String, Vec<String>)> = parent.map(|text| jobs(text).iter().map(|(name, job)| (name.clone(), included(job))).collect()).unwrap_or_default();
    if let Some(text) = parent {
        let documents = YamlLoader::load_from_str(text).unwrap_or_default();
        stages(FILE, text, &documents.last().and_then(Yaml::as_hash).cloned().unwrap_or_default(), found);
        rules(text, found);
        for (name, paths) in &triggers {
            for path in paths.iter().filter(|path| !project.has(path.trim_start_matches('/'))) {
                let twin = name.strip_prefix("trigger_").unwrap_or(name);
                let message = format!("The job {name} for “{twin}” includes {path}, which is not there. Every start of that twin fails: add the file, or take the job out.");
                found.push(Finding::new(FILE, line_of(text, path), Severity::Error, "include-missing", message));
            }
        }
    }
    for twin in project.twins() {
        let name = twin.rsplit('/').next().unwrap_or(&twin).to_owned();
        let at = |file: &str| if twin.is_empty() { file.to_owned() } else { format!("{twin}/{file}") };
        for file in ["README.md", "description.md"] {
            if !project.files.keys().any(|path| path.eq_ignore_ascii_case(&at(file))) {
                found.push(Finding::new(&at(file), 1, Severity::Info, "no-readme", format!("“{name}” has no {file}, so others cannot tell what it is.")));
            }
        }
        let own = at(FILE);
        if !project.has(&own) {
            // A federated twin is started by its manifest.
            if !project.has(&at("federation.yml")) {
                found.push(Finding::new(&own, 1, Severity::Warning, "no-ci-file", format!("“{name}” has no {FILE}, so it cannot be run.")));
            }
            continue;
        }
        // A twin alone has no parent to look at.
        let named = twin.is_empty() || triggers.iter().any(|(_, paths)| paths.iter().any(|path| path.trim_start_matches('/') == own));
        if !named && (parent.is_some() || !project.has(FILE)) {
            let message = format!("No job of the project's {FILE} starts “{name}”. It needs one called {} that includes {own}.", job(&name));
            found.push(Finding::new(FILE, 1, Severity::Warning, "no-trigger", message));
        }
        if let Some(text) = project.texts.get(&own) {
            child(project, &twin, &own, text, found);
        }
    }
}

/// Words after which the rest of a line is about a script.
const RUNNERS: [&str; 11] = ["exec", "bash", "sh", "time", "source", ".", "python", "python3", "nohup", "chmod", "+x"];

/// Whether scripts of a file may begin somewhere that its jobs do not say.
fn begins_elsewhere(map: &Hash) -> bool {
    let default = get(map, "default").and_then(Yaml::as_hash).is_some_and(|default| get(default, "before_script").is_some());
    get(map, "before_script").is_some() || get(map, "include").is_some() || default
}

/// Looks at the jobs of one twin. Only where it is certain where a script would run is its absence
/// an error: shells have many ways to be somewhere else.
fn child(project: &Project, twin: &str, path: &str, text: &str, found: &mut Vec<Finding>) {
    let documents = YamlLoader::load_from_str(text).unwrap_or_default();
    let whole = documents.last().and_then(Yaml::as_hash).cloned().unwrap_or_default();
    stages(path, text, &whole, found);
    let uncertain = begins_elsewhere(&whole);
    // What jobs hand on to others may be scripts too.
    let all = jobs(text);
    let made = all.iter().filter_map(|(_, job)| get(job, "artifacts").and_then(Yaml::as_hash)).filter_map(|artifacts| get(artifacts, "paths").and_then(Yaml::as_vec)).flatten();
    let made = made.filter_map(Yaml::as_str).any(|path| path.contains("lifecycle"));
    for (name, job) in jobs(text) {
        let hidden = name.starts_with('.') || get(&job, "extends").is_some();
        if hidden || uncertain || made {
            continue;
        }
        let lines = scripts(&job);
        let changes = lines.iter().any(|line| line.contains("chmod"));
        // Scripts begin at the top of the project, unless they go somewhere.
        let mut here = Some(String::new());
        for (number, line) in lines.iter().enumerate() {
            let line = line.trim();
            let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
            let rest = line.strip_prefix("cd ").map(|rest| rest.trim().trim_matches(['"', '\'']));
            if let Some(to) = rest.filter(|to| !to.contains(['$', '&', '|', ';', '-', '~', '`', '(']) || is_plain(to)) {
                here = here.filter(|_| !to.starts_with('/')).and_then(|here| join(&here, to));
                continue;
            }
            // Anything else that goes somewhere.
            if words.iter().any(|word| ["cd", "pushd", "popd"].contains(word)) {
                here = None;
                continue;
            }
            let place = words.iter().position(|word| !RUNNERS.contains(word));
            let (Some(word), Some(here)) = (place.map(|place| words[place].trim_start_matches("./")), &here) else { continue };
            let odd = word.contains(['$', '*', '?', '`', ';', '&', '|', '(']);
            if !word.starts_with("lifecycle/") && !word.contains("/lifecycle/") || odd {
                continue;
            }
            let here = if here.is_empty() && twin.is_empty() { Some(word.to_owned()) } else { join(here, word) };
            let Some(script) = here else { continue };
            let own = word.rsplit('/').next().unwrap_or(word);
            let written = lines[..number].iter().any(|line| line.contains(own) && !line.contains("chmod"))
                || lines[..number].iter().any(|line| line.contains("git clone") || line.contains("cp -") || line.contains("tar "));
            match project.files.get(&script) {
                // A twin that is looked at alone still goes into its folder in its jobs.
                None if twin.is_empty() || written => {}
                None => {
                    let message = format!("The job {name} runs {word}, and there is no {script}. Add the script, or take the job out.");
                    found.push(Finding::new(path, line_of(text, word), Severity::Error, "script-missing", message));
                }
                Some(Some(false)) if !changes && place == Some(0) => {
                    let message = format!("The job {name} runs {word}, which is not executable. Set its executable bit, or run it with bash.");
                    found.push(Finding::new(path, line_of(text, word), Severity::Error, "not-executable", message));
                }
                Some(_) => {}
            }
        }
    }
}

/// Whether a path has nothing in it that a shell would take for more.
fn is_plain(to: &str) -> bool {
    !to.starts_with('-') && !to.contains(['$', '&', '|', ';', '~', '`', '('])
}

/// Stages that are not there: GitLab refuses the whole file (doc/ci/yaml, "stages").
fn stages(path: &str, text: &str, whole: &Hash, found: &mut Vec<Finding>) {
    if get(whole, "include").is_some() {
        return;
    }
    let named: Option<Vec<&str>> = get(whole, "stages").and_then(Yaml::as_vec).map(|list| list.iter().filter_map(Yaml::as_str).collect());
    let known = named.unwrap_or_else(|| vec!["build", "test", "deploy"]);
    for (name, job) in jobs(text) {
        let Some(stage) = get(&job, "stage").and_then(Yaml::as_str) else { continue };
        if !known.contains(&stage) && ![".pre", ".post"].contains(&stage) && !stage.contains('$') && !name.starts_with('.') {
            let message = format!("The job {name} is in the stage “{stage}”, which is not among {}. The file is refused as a whole.", known.join(", "));
            found.push(Finding::new(path, line_of(text, &name), Severity::Error, "stage-missing", message));
        }
    }
}
