//! What is known of assets beyond their names: what their READMEs say at their heads, and how their
//! twins last ran. Asked for only when somebody narrows a list by it.

use compose::about::{About, read};
use gitlab::Error;
use gitlab::endpoint::ask;
use gitlab::graph::{PAGE, ReadTexts};
use twin::asset::{Asset, Owner};
use twin::facet::{Facet, RUNS, spans};
use twin::run::{Tone, tone};

use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::runs::{RunRow, of_instance};

/// So many assets are asked about in one request.
pub const TOGETHER: usize = PAGE;

fn readme(asset: &Asset) -> String {
    format!("{}/README.md", asset.path())
}

/// Values of some facets.
pub type Said = Vec<(Facet, Vec<String>)>;

/// What the READMEs of at most [`TOGETHER`] assets of one owner say of them, in their order.
pub async fn heads(client: Client, owner: Owner, assets: Vec<Asset>) -> Result<Vec<(Asset, Said)>, Problem> {
    let asked = ReadTexts::new(client.project_path(owner), client.branch(), assets.iter().map(readme).collect());
    let texts = ask(&client, &asked).await.map_err(|error: Error| Problem::new(&error, "read what assets say of themselves", &client.instance.name))?;
    let said = |asset: Asset| {
        let path = readme(&asset);
        let about = texts.iter().find(|(of, _)| *of == path).map(|(_, text)| read(text)).unwrap_or_default();
        (asset, of_head(about, (owner == Owner::Private).then(|| client.username.clone()).flatten()))
    };
    Ok(assets.into_iter().map(said).collect())
}

/// What one asset says of itself; nothing where it says nothing, or cannot be asked now.
pub async fn about(client: Client, asset: Asset) -> About {
    let asked = ReadTexts::new(client.project_path(asset.owner), client.branch(), vec![readme(&asset)]);
    let texts = ask(&client, &asked).await.unwrap_or_default();
    texts.first().map(|(_, text)| read(text)).unwrap_or_default()
}

/// Whoever is not named owns what is in a project of their own.
fn of_head(about: About, person: Option<String>) -> Said {
    let owners = if about.owners.is_empty() { person.into_iter().collect() } else { about.owners };
    vec![(Facet::Owner, owners), (Facet::Tag, about.tags), (Facet::Licence, about.licence.into_iter().collect())]
}

/// A twin's last run, as values of facets.
pub type LastRun = (Owner, String, Said);

/// How the twins of an instance last ran, among its newest runs.
pub async fn last_runs(client: Client) -> Result<Vec<LastRun>, Problem> {
    let listed = of_instance(client, Box::new(drop)).await?;
    let mut found: Vec<LastRun> = Vec::new();
    for row in listed.rows {
        let Some(twin) = row.twin.clone() else { continue };
        if found.iter().all(|(owner, name, _)| (*owner, name) != (row.owner, &twin)) {
            found.push((row.owner, twin, of_run(&row)));
        }
    }
    Ok(found)
}

fn of_run(row: &RunRow) -> Said {
    let state = match tone(row.status.as_str()) {
        _ if row.status.is_active() => RUNS[0],
        Tone::Good => RUNS[1],
        Tone::Bad => RUNS[2],
        _ => RUNS[3],
    };
    let since = browser::parse_time(&row.created_at).map(|at| (browser::now() - at) / 1000.0);
    vec![(Facet::Run, vec![state.to_owned()]), (Facet::When, since.map(spans).unwrap_or_default())]
}
