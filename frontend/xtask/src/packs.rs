//! What the page of a twin shares with others, in one file. The splitter makes a file of every set of
//! functions that the same pages share: dozens, each compressed alone and asked for alone. The others
//! stay as they are, so that no page loads what it does not use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Pages whose shared code goes into one file, in the order in which people come to them. Each file
/// holds what those before it do not; one more holds the rest.
const ORDER: [&[&str]; 1] = [&["page_asset", "part_markdown"]];

/// Brings one part of a file that several chunks share. A file that does not arrive is asked for
/// again the next time.
const LOADER: &str = r"
const packs = new Map();
function part(name, start, end) {
    if (!packs.has(name)) {
        const bytes = fetch(new URL(`./${name}`, import.meta.url)).then((answer) => {
            if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
            return answer.arrayBuffer();
        });
        bytes.catch(() => packs.delete(name));
        packs.set(name, bytes);
    }
    return packs.get(name).then((bytes) => new Response(new Uint8Array(bytes, start, end - start), { headers: { 'Content-Type': 'application/wasm' } }));
}
";

/// Puts the shared chunks in `folder` together, changes the script that fetches them, and gives the
/// file names that each page loads.
pub fn pack(folder: &Path, pages: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, Vec<String>>> {
    let shared = |page: &Vec<String>| page.iter().filter(|stem| stem.starts_with("chunk_")).cloned().collect::<BTreeSet<_>>();
    let mut left: BTreeSet<String> = pages.values().flat_map(shared).collect();
    let mut groups = Vec::new();
    for names in ORDER {
        let wanted: BTreeSet<String> = names.iter().filter_map(|name| pages.get(*name)).flat_map(shared).collect();
        groups.push(&wanted & &left);
        left = &left - &wanted;
    }
    let script = folder.join("__wasm_split.js");
    let mut text = std::fs::read_to_string(&script)?;
    let mut place = BTreeMap::new();
    for (number, chunks) in groups.into_iter().enumerate() {
        let name = format!("shared_{number}.pack");
        let mut bytes = Vec::new();
        for chunk in chunks {
            let file = folder.join(format!("{chunk}.wasm"));
            let start = bytes.len();
            bytes.extend(std::fs::read(&file).with_context(|| file.display().to_string())?);
            std::fs::remove_file(&file)?;
            let old = format!("fetch(new URL(\"./{chunk}.wasm\", import.meta.url))");
            if !text.contains(&old) {
                bail!("the splitter's script fetches {chunk} in another way than it did: see frontend/xtask/src/packs.rs");
            }
            text = text.replace(&old, &format!("part(\"{name}\", {start}, {})", bytes.len()));
            place.insert(chunk, name.clone());
        }
        if !bytes.is_empty() {
            std::fs::write(folder.join(&name), bytes)?;
        }
    }
    // Behind the import, which comes first.
    let end = text.find(";\n").context("the splitter's script begins with an import")? + 2;
    text.insert_str(end, LOADER);
    std::fs::write(script, text)?;
    let names = |stems: &Vec<String>| {
        let files: BTreeSet<String> = stems.iter().map(|stem| place.get(stem).map_or_else(|| format!("{stem}.wasm"), Clone::clone)).collect();
        files.into_iter().collect::<Vec<_>>()
    };
    Ok(pages.iter().map(|(page, stems)| (page.clone(), names(stems))).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[test]
    fn shared_chunks_go_together() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
        for (name, text) in [("chunk_1.wasm", "one"), ("chunk_2.wasm", "three"), ("split_page_asset.wasm", "own"), ("split_page_run.wasm", "other")] {
            write(name, text);
        }
        let fetches = ["chunk_1", "chunk_2", "split_page_run"].map(|stem| format!("fetch(new URL(\"./{stem}.wasm\", import.meta.url))"));
        write("__wasm_split.js", &format!("import {{ initSync }} from \"./twinport.js\";\n{}\n", fetches.join(";\n")));
        let list = |stems: &[&str]| stems.iter().map(|stem| (*stem).to_owned()).collect::<Vec<_>>();
        let pages = BTreeMap::from([("page_asset".to_owned(), list(&["chunk_1", "split_page_asset"])), ("page_run".to_owned(), list(&["chunk_1", "chunk_2", "split_page_run"]))]);
        let packed = super::pack(folder.path(), &pages).expect("it packs");
        assert_eq!(packed["page_asset"], ["shared_0.pack", "split_page_asset.wasm"]);
        assert_eq!(packed["page_run"], ["chunk_2.wasm", "shared_0.pack", "split_page_run.wasm"]);
        let script = std::fs::read_to_string(folder.path().join("__wasm_split.js")).expect("it is there");
        assert!(script.contains("part(\"shared_0.pack\", 0, 3)"), "{script}");
        assert!(script.contains("split_page_run.wasm") && !folder.path().join("chunk_1.wasm").exists());
    }
}
