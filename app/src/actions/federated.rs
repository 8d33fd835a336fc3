//! Leading a federated run from the browser, under the person's own rights on every instance.

use std::collections::BTreeMap;
use std::future::Future;

use federation::journal::{Journal, VERSION};
use federation::lead::{Hands, Lead as Leading, Reached, Seen};
use federation::plan::Plan;
use federation::reach::record;
use leptos::task::spawn_local;
use twin::asset::Owner;

use crate::browser;
use crate::browser::{iso_now, tab};
use crate::instances::{Client, Instances};
use crate::problem::Problem;
use crate::ui::cell::Cell;

/// Seconds between two looks at members: on the forge, and elsewhere.
const LOOKS: (f64, f64) = (2.0, 10.0);

/// A run that this page leads or watches, until it is left.
pub type Lead = Leading<Page>;

/// Under which name a tab remembers that it leads a run.
fn remembered_as(run: &str) -> String {
    format!("leads {run}")
}

/// Begins a run: writes its record, and gives its id.
pub async fn begin(client: Client, owner: Owner, twin: String, plan: &Plan, variables: BTreeMap<String, String>) -> Result<String, Problem> {
    let stamp: String = iso_now().chars().filter(|letter| letter.is_ascii_digit()).take(14).collect();
    let id = format!("{stamp}-{:04x}", (browser::chance() * 65_536.0) as u32);
    let leader = tab::page_name();
    let by = client.username.clone().unwrap_or_default();
    let journal = Journal { version: VERSION, id: id.clone(), twin: twin.clone(), by, begun: iso_now(), leader: leader.clone(), variables, ..Journal::default() };
    let project = client.project_path(owner);
    record::begin(&client, &project, &journal, plan).await.map_err(|why| Problem {
        title: format!("The federated run could not be begun: its record could not be written to {project} on {}. {}", client.instance.name, why.sentence()),
        advice: "Whoever starts a federated twin needs the role Developer in its project. Nothing was started.".to_owned(),
        sign_in: false,
    })?;
    tab::remember_in_tab(&remembered_as(&id), &leader);
    Ok(id)
}

/// A page that leads.
pub struct Page {
    instances: Instances,
    client: Client,
    seen: Cell<Seen>,
}

impl Hands for Page {
    type Transport = Client;

    fn reach(&self, instance: &str) -> Option<Reached<Client>> {
        let client = self.instances.client(instance).filter(|client| client.username.is_some())?;
        Some(Reached { branch: client.instance.branch.clone(), tag: client.instance.runner_tag.clone(), transport: client })
    }

    fn home(&self) -> Client {
        self.client.clone()
    }

    fn now(&self) -> f64 {
        browser::now() / 1000.0
    }

    async fn sleep(&self, milliseconds: u32) {
        browser::sleep(milliseconds).await;
    }

    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        spawn_local(work);
    }

    fn pace(&self, leads: bool) -> Option<f64> {
        // Whoever leads looks on when nobody looks at the page: the others depend on it.
        (leads || !browser::is_hidden()).then_some(if self.client.backend.embedded { LOOKS.0 } else { LOOKS.1 })
    }

    fn hurry(&self, transport: Client, seconds: f64) -> Client {
        transport.until(browser::now() + seconds * 1000.0)
    }

    fn wrote(&self, run: &str) {
        tab::remember_in_tab(&remembered_as(run), &tab::page_name());
    }

    fn show(&self, seen: Seen) -> bool {
        match self.seen.peek(|before| *before == seen) {
            Some(false) => self.seen.set(seen),
            known => known.is_some(),
        }
    }
}

/// Goes on with a run as it was read just now; `seen` is told what it comes to. A tab that led it
/// before it was loaded again leads it on.
pub fn take_up(instances: Instances, client: Client, owner: Owner, plan: Plan, read: (Journal, String), seen: Cell<Seen>) -> Lead {
    let led = tab::remembered_in_tab(&remembered_as(&read.0.id)).is_some_and(|name| name == read.0.leader);
    let project = client.project_path(owner);
    let lead = Leading::take_up(Page { instances, client, seen }, project, plan, read, tab::page_name(), led);
    spawn_local(lead.clone().run());
    lead
}
