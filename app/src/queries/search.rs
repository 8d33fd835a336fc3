//! Text in the files of an instance, under one's own rights: each backend searches for whoever is
//! signed in there. GitLab searches for nobody else, so for guests the texts that they may read are
//! read, READMEs and descriptions, and searched here.

use futures_util::future::try_join_all;
use gitlab::Error;
use gitlab::endpoint::ask;
use gitlab::graph::{PAGE, ReadTexts};
use gitlab::search::{Passage, SearchFiles};
use twin::asset::{Asset, Owner};

use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::library::of_instance;

/// Milliseconds after which a search is given up that its backend puts off.
const PATIENCE: f64 = 8_000.0;
/// Guests search in so many assets of an instance.
const MOST: usize = 500;

/// Whose project something is in, and the lines.
pub type Found = Vec<(Owner, Passage)>;

/// What stands in files of an instance.
pub async fn in_files(client: Client, text: String) -> Result<Found, Problem> {
    let client = client.until(browser::ticks() + PATIENCE);
    if client.username.is_none() {
        return in_texts(client, text).await;
    }
    let of = |owner: Owner| {
        let search = SearchFiles::new(client.project(owner), text.clone(), client.instance.branch.clone());
        let client = client.clone();
        async move {
            match ask(&client, &search).await {
                Ok(page) => Ok(page.items.into_iter().map(|passage| (owner, passage)).collect::<Found>()),
                // A project that is not there holds nothing.
                Err(Error::NotFound { .. }) => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        }
    };
    let found = try_join_all(Owner::ALL.map(of)).await;
    found.map(|lists| lists.into_iter().flatten().collect()).map_err(|error| Problem::new(&error, "search the files", &client.instance.name))
}

/// Reads what guests may read, and looks there.
async fn in_texts(client: Client, text: String) -> Result<Found, Problem> {
    let assets = of_instance(client.clone(), |_| ()).await?.assets;
    let wanted = text.to_lowercase();
    let mut asked = Vec::new();
    for owner in client.owners() {
        let files = |asset: &Asset| [asset.description_path(), format!("{}/README.md", asset.path())];
        let paths: Vec<String> = assets.iter().filter(|asset| asset.owner == *owner).take(MOST).flat_map(files).collect();
        asked.extend(paths.chunks(PAGE).map(|paths| (*owner, ReadTexts::new(client.project_path(*owner), client.branch(), paths.to_vec()))));
    }
    let (client, wanted) = (&client, &wanted);
    let answers = try_join_all(asked.iter().map(|(owner, texts)| async move {
        let found = ask(client, texts).await?.into_iter().filter_map(|(path, text)| passage(path, &text, wanted));
        Ok::<Found, Error>(found.map(|passage| (*owner, passage)).collect())
    }));
    let found = answers.await.map_err(|error| Problem::new(&error, "search the files", &client.instance.name))?;
    Ok(found.into_iter().flatten().collect())
}

/// The first line of a file that holds what is looked for, in small letters.
fn passage(path: String, text: &str, wanted: &str) -> Option<Passage> {
    let (number, line) = text.lines().enumerate().find(|(_, line)| line.to_lowercase().contains(wanted))?;
    Some(Passage { path, data: line.to_owned(), startline: number as u64 + 1 })
}

#[cfg(test)]
mod tests {
    use super::passage;

    #[test]
    fn the_line_that_holds_it() {
        let found = passage("a".into(), "# Tank\nThe Zirconium constant.\n", "zirconium");
        assert_eq!(found.map(|found| (found.startline, found.data)), Some((2, "The Zirconium constant.".to_owned())));
        assert!(passage("a".into(), "", "x").is_none());
    }
}
