//! Lifecycle phases: the scripts in a twin's `lifecycle/` folder, in the order of a life.

/// The names that DTaaS documents, in the order of a life; others come after them.
const ORDER: [&str; 10] = ["explore", "create", "execute", "reconfigure", "analyse", "analyze", "save", "evolve", "terminate", "clean"];

/// The place of a phase in a life; nothing for one that only its twin knows.
#[must_use]
pub fn rank(name: &str) -> Option<usize> {
    ORDER.iter().position(|known| known.eq_ignore_ascii_case(name))
}

/// What happens in a phase, in a few words; `None` for one of the twin's own.
#[must_use]
pub fn explanation(name: &str) -> Option<&'static str> {
    Some(match name {
        "explore" => "Look at assets",
        "create" => "Prepare what it needs",
        "execute" => "Run the twin",
        "reconfigure" => "Take new parameters",
        "analyse" | "analyze" => "Draw conclusions",
        "save" => "Keep its state",
        "evolve" => "Improve its models",
        "terminate" => "Stop in order",
        "clean" => "Remove leftovers",
        _ => return None,
    })
}

/// A phase that a twin defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Its name: the script's, without an extension.
    pub name: String,
    /// The script's path in the repository.
    pub script: String,
}

/// The phases that the files below a twin's folder define.
pub fn phases<'a>(twin_folder: &str, paths: impl IntoIterator<Item = &'a str>) -> Vec<Phase> {
    let start = format!("{twin_folder}/lifecycle/");
    let mut found: Vec<Phase> = paths
        .into_iter()
        .filter_map(|path| {
            let file = path.strip_prefix(&start)?;
            let name = file.split('.').next().filter(|name| !name.is_empty() && !file.contains('/'))?;
            Some(Phase { name: name.to_owned(), script: path.to_owned() })
        })
        .collect();
    let place = |phase: &Phase| rank(&phase.name).unwrap_or(ORDER.len());
    found.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.name.cmp(&b.name)));
    found.dedup_by(|a, b| a.name == b.name);
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn in_the_order_of_a_life() {
        let paths = ["t/lifecycle/clean", "t/lifecycle/execute.py", "t/lifecycle/create", "t/lifecycle/x/y", "t/lifecycle/zoom", "t/README.md", "u/lifecycle/save"];
        let names: Vec<_> = super::phases("t", paths).into_iter().map(|phase| phase.name).collect();
        assert_eq!(names, ["create", "execute", "clean", "zoom"]);
    }
}
