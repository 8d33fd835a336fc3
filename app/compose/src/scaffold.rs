//! A new twin's files, in the shapes of DTAAS.md §2.2 and §2.3.

use twin::asset::Kind;

/// A file to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its path in the project.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it can be run.
    pub executable: bool,
}

/// What a twin begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Scripts that say what they are for.
    Shell,
    /// A Python program that writes a table of results.
    Python,
    /// A continuous twin, which runs until it is terminated.
    Continuous,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shell, Self::Python, Self::Continuous];

    /// On screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Shell => "Shell scripts",
            Self::Python => "Python simulation",
            Self::Continuous => "Continuous twin",
        }
    }

    /// What it is good for.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Shell => "Create, execute and clean as short scripts. A start for anything.",
            Self::Python => "Reads its parameters from JSON, steps a model and keeps a CSV table of results.",
            Self::Continuous => "Runs until somebody terminates it, and says every few seconds that it is alive.",
        }
    }

    fn phases(self) -> &'static [&'static str] {
        match self {
            Self::Shell | Self::Python => &["create", "execute", "clean"],
            Self::Continuous => &["create", "execute", "terminate"],
        }
    }

    fn script(self, phase: &str, name: &str) -> String {
        let body = match (self, phase) {
            (_, "create") => format!("mkdir -p output\necho \"{name} is ready\"\n"),
            (_, "clean") => "rm -rf output\necho \"Cleaned\"\n".to_owned(),
            (_, "terminate") => "touch stop\necho \"Asked the twin to stop\"\n".to_owned(),
            (Self::Python, _) => "mkdir -p output\npython3 simulate.py parameters.json output/results.csv\n".to_owned(),
            (Self::Continuous, _) => format!("echo \"{name} runs until it is terminated\"\nwhile [ ! -e stop ]; do\n  echo \"heartbeat $(date --utc +%FT%TZ)\"\n  sleep 5\ndone\n"),
            (Self::Shell, _) => format!("mkdir -p output\n# What the twin does comes here.\necho \"{name} runs\"\n"),
        };
        format!("#!/bin/bash\nset -euo pipefail\n{body}")
    }

    /// Files beside the scripts: path below the twin, text.
    fn others(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Shell | Self::Continuous => Vec::new(),
            Self::Python => vec![
                ("parameters.json", "{\n  \"stop\": 10.0,\n  \"step\": 0.01,\n  \"rate\": 0.5,\n  \"start\": 1.0\n}\n"),
                (
                    "simulate.py",
                    "\"\"\"Steps dx/dt = -rate * x and writes time and state as CSV.\"\"\"\nimport csv\nimport json\nimport sys\n\n\ndef main(parameters_path, results_path):\n    with open(parameters_path, encoding=\"utf-8\") as file:\n        parameters = json.load(file)\n    state, step = parameters[\"start\"], parameters[\"step\"]\n    with open(results_path, \"w\", newline=\"\", encoding=\"utf-8\") as file:\n        writer = csv.writer(file)\n        writer.writerow([\"time\", \"state\"])\n        for number in range(int(parameters[\"stop\"] / step) + 1):\n            writer.writerow([round(number * step, 9), state])\n            state -= parameters[\"rate\"] * state * step\n    print(f\"wrote {results_path}\")\n\n\nif __name__ == \"__main__\":\n    main(*sys.argv[1:])\n",
                ),
            ],
        }
    }
}

/// The child CI file: one stage and one job a phase.
#[must_use]
pub fn child(name: &str, template: Template) -> String {
    let folder = format!("{}/{name}", Kind::Twin.folder());
    let stages: String = template.phases().iter().map(|phase| format!("  - {phase}\n")).collect();
    let job = |phase: &&str| {
        let mut lines = vec![format!("{phase}:"), format!("  stage: {phase}")];
        match (template, *phase) {
            (_, "clean") => lines.push("  when: always".to_owned()),
            (Template::Continuous, "execute") => lines.push("  timeout: 52 weeks".to_owned()),
            (_, "terminate") => lines.extend(["  when: manual".to_owned(), "  needs: []".to_owned()]),
            _ => {}
        }
        lines.extend(["  script:".to_owned(), format!("    - cd {folder}"), format!("    - chmod +x lifecycle/{phase}"), format!("    - lifecycle/{phase}")]);
        if *phase == "execute" && template != Template::Continuous {
            lines.extend(["  artifacts:", "    when: always"].map(str::to_owned));
            lines.extend(["    paths:".to_owned(), format!("      - {folder}/output/"), "    expire_in: 30 days".to_owned()]);
        }
        lines.extend(["  tags:", "    - $RunnerTag"].map(str::to_owned));
        lines.join("\n") + "\n"
    };
    let jobs: Vec<String> = template.phases().iter().map(job).collect();
    format!("stages:\n{stages}\n{}", jobs.join("\n"))
}

/// All files of a new twin; `about` is its short text.
#[must_use]
pub fn files(name: &str, about: &str, template: Template) -> Vec<NewFile> {
    let folder = format!("{}/{name}", Kind::Twin.folder());
    let file = |path: &str, text: String, executable| NewFile { path: format!("{folder}/{path}"), text, executable };
    let about = about.trim();
    let about = if about.is_empty() { template.about() } else { about };
    let phases: String = template.phases().iter().map(|phase| format!("| {phase} | `lifecycle/{phase}` |\n")).collect();
    let readme = format!("# {name}\n\n{about}\n\n## Lifecycle\n\n| Phase | Script |\n|---|---|\n{phases}");
    let mut files = vec![file("README.md", readme, false), file("description.md", format!("{about}\n"), false), file(".gitlab-ci.yml", child(name, template), false)];
    files.extend(template.phases().iter().map(|phase| file(&format!("lifecycle/{phase}"), template.script(phase, name), true)));
    files.extend(template.others().into_iter().map(|(path, text)| file(path, text.to_owned(), false)));
    files
}

#[cfg(test)]
mod tests {
    use super::{Template, files};
    use crate::lint::{Severity, lint};
    use crate::project::Project;
    use crate::trigger::add;

    #[test]
    fn a_new_twin_has_no_findings() {
        for template in Template::ALL {
            let mut project = Project::default();
            for file in files("new-twin", "", template) {
                project.files.insert(file.path.clone(), Some(file.executable));
                project.texts.insert(file.path, file.text);
            }
            project.files.insert(".gitlab-ci.yml".to_owned(), Some(false));
            project.texts.insert(".gitlab-ci.yml".to_owned(), add("", "new-twin", "digital_twins").expect("an empty parent"));
            let found: Vec<_> = lint(&project).into_iter().filter(|finding| finding.severity != Severity::Info).collect();
            assert_eq!(found, [], "{template:?}");
        }
    }
}
