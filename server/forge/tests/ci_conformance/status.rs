//! The composite status against GitLab's.

use forge::ci::status::composite;
use gitlab::Status;

#[test]
fn every_set_of_jobs_has_gitlabs_status() {
    let Some(data) = super::data::json("composite_status_vectors/vectors.json") else { return };
    let rows = data["rows"].as_array().expect("rows is a list");
    let mut wrong = Vec::new();
    for row in rows {
        let jobs: Vec<(Status, bool)> =
            row[0].as_array().expect("jobs is a list").iter().filter_map(|job| job.as_str()).map(|job| (Status::from(job.trim_end_matches('?')), job.ends_with('?'))).collect();
        let found = composite(&jobs, row[1] == true);
        if found.as_ref().map(Status::as_str) != row[2].as_str() {
            wrong.push(format!("{row}: {found:?}"));
        }
    }
    println!("composite_status: {} of {}", rows.len() - wrong.len(), rows.len());
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}
