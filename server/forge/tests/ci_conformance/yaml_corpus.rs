//! Valid and invalid CI files from GitLab's editor tests.

use std::path::{Path, PathBuf};

use forge::ci::{document, shape};

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn valid_files_pass_and_invalid_ones_do_not() {
    let Some(root) = super::data::find("ci_yaml_corpus/yaml_tests") else { return };
    let (mut total, mut wrong) = (0, Vec::new());
    for (folder, valid) in [("positive_tests", true), ("negative_tests", false)] {
        let mut files = Vec::new();
        yaml_files(&root.join(folder), &mut files);
        for file in files {
            total += 1;
            let text = std::fs::read_to_string(&file).expect("the file can be read");
            let errors = document::read(&text).map_or_else(|e| vec![e.to_string()], |d| shape::check(&d.root));
            if errors.is_empty() != valid {
                wrong.push(format!("{}: {errors:?}", file.display()));
            }
        }
    }
    println!("ci_yaml: {} of {total}", total - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
