//! The starter library's twin that is set up by Ansible or Terraform: run with the real tools, where they are.

use serde_json::json;

use super::actor::World;

const P: &str = "/projects/dtaas%2Fcommon";

#[tokio::test]
async fn a_plant_is_set_up_and_taken_down_by_its_tool() {
    let world = World::new().await;
    if !matches!(world.forge.runner.sandbox, forge::runner::Sandbox::Bubblewrap { .. }) {
        println!("sandbox: not here, no job runs");
        return;
    }
    let admin = world.person("admin", &["api"]).await;
    for (provisioner, program, name) in [("ansible", "ansible-playbook", "Ansible"), ("terraform", "terraform", "Terraform")] {
        let there = ["/usr/bin", "/usr/local/bin"].iter().any(|folder| std::path::Path::new(folder).join(program).exists());
        let variables = json!([
            { "key": "DTName", "value": "provisioned" }, { "key": "RunnerTag", "value": "linux" },
            { "key": "PROVISIONER", "value": provisioner }, { "key": "SAMPLES", "value": "3" },
        ]);
        let parent = admin.post(&format!("{P}/pipeline"), json!({ "ref": "main", "variables": variables })).await.expect(201).json();
        let over = |value: &serde_json::Value| ["success", "failed"].contains(&value["status"].as_str().unwrap_or_default());
        let bridges = format!("{P}/pipelines/{}/bridges", parent["id"]);
        let bridges = admin.until(&bridges, |list| over(&list[0]["downstream_pipeline"])).await;
        let jobs = admin.get(&format!("{P}/pipelines/{}/jobs", bridges[0]["downstream_pipeline"]["id"])).await.json();
        let mut said = String::new();
        for job in jobs.as_array().into_iter().flatten() {
            said.push_str(&admin.get(&format!("{P}/jobs/{}/trace", job["id"])).await.text());
        }
        if there {
            assert_eq!(bridges[0]["downstream_pipeline"]["status"], "success", "{said}");
            for wanted in [&format!("made_by = {name}"), "sample 3:", "The plant is gone."] {
                assert!(said.contains(wanted), "{wanted} is in {said}");
            }
            assert!(!said.contains("sample 4:"));
        } else {
            println!("{program}: not here");
            assert!(said.contains(&format!("This runner has no {program}.")), "{said}");
        }
    }
}
