//! One file a page. The splitter makes a file of every set of functions that the same pages share:
//! hundreds, each compressed alone and asked for alone. What a page needs is put together and
//! compressed as one, without what the page that it opens on has brought already. What two pages
//! share is in both of their files, and is loaded from the first that comes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Brings what a page needs. Each file begins with the length of what it says about itself: its parts
/// with their sizes, and what else the page needs. A file that does not arrive is asked for again the
/// next time.
const LOADER: &str = r"
const files = new Map(), made = new Map(), homes = new Map();
async function read(name) {
    const answer = await fetch(new URL(`./${name}.pack`, import.meta.url));
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    const all = await answer.arrayBuffer();
    let start = 4 + new DataView(all).getUint32(0);
    const [own, others] = new TextDecoder().decode(new Uint8Array(all, 4, start - 4)).split(';').map((list) => list.split(',').filter(Boolean));
    const parts = own.map((entry) => {
        const [part, size] = entry.split(':');
        homes.set(part, [all, start, +size]);
        start += +size;
        return part;
    });
    return [parts, others];
}
function open(name) {
    if (!files.has(name)) {
        const coming = read(name);
        coming.catch(() => files.delete(name));
        files.set(name, coming);
    }
    return files.get(name);
}
function make(part) {
    if (!made.has(part)) {
        const coming = WebAssembly.instantiate(new Uint8Array(...homes.get(part)), getSharedImports());
        coming.catch(() => made.delete(part));
        made.set(part, coming);
    }
    return made.get(part);
}
function page(name, ...before) {
    return wrapAsyncCb(async () => {
        const [parts, others] = await open(name);
        // What the pages before have brought, unless one came here past them.
        if (others.some((part) => !homes.has(part))) await Promise.all(before.map(open));
        await Promise.all([...parts, ...others].filter((part) => part !== name).map(make));
        await make(name);
    });
}
";

/// The part of the splitter's script that stays: what modules import, and how the app is told.
fn head(script: &str) -> Result<&str> {
    let end = script.find("function makeLoad(").context("the splitter's script has no makeLoad: see frontend/xtask/src/packs.rs")?;
    let known = ["getSharedImports", "wrapAsyncCb"].iter().all(|name| script[..end].contains(&format!("function {name}(")));
    if !known {
        bail!("the splitter's script is another than it was: see frontend/xtask/src/packs.rs");
    }
    // A chunk that waits for another would have to be brought in order.
    if script.lines().any(|line| line.starts_with(", [") && line.ends_with("]);") && line != ", []);") {
        bail!("chunks depend on each other, which frontend/xtask/src/packs.rs does not know");
    }
    Ok(&script[..end])
}

/// What is there when a page is opened, and what was there when that was.
fn all_before(page: &str, on: &impl Fn(&str) -> Vec<&'static str>) -> Vec<&'static str> {
    let mut all = on(page);
    let mut at = 0;
    while let Some(name) = all.get(at).copied() {
        let more: Vec<&str> = on(name).into_iter().filter(|name| !all.contains(name)).collect();
        all.extend(more);
        at += 1;
    }
    all
}

/// Puts together what each page needs, in files called after them in `folder`, writes the script that
/// fetches those, and gives the file names that each page loads. `on` says what is there already when
/// a page is opened.
pub fn pack(folder: &Path, pages: &BTreeMap<String, Vec<String>>, on: impl Fn(&str) -> Vec<&'static str>) -> Result<BTreeMap<String, Vec<String>>> {
    let script = folder.join("__wasm_split.js");
    let text = std::fs::read_to_string(&script)?;
    let (mut exports, mut loads, mut used) = (String::new(), BTreeMap::new(), BTreeSet::new());
    for (page, stems) in pages {
        let earlier = all_before(page, &on);
        let before: BTreeSet<&String> = on(page).iter().filter_map(|name| pages.get(*name)).flatten().collect();
        let (mut bytes, mut own, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for stem in stems {
            let short = stem.strip_prefix("chunk_").or_else(|| stem.strip_prefix("split_")).unwrap_or(stem);
            if before.contains(stem) {
                others.push(short);
                continue;
            }
            let file = folder.join(format!("{stem}.wasm"));
            let part = std::fs::read(&file).with_context(|| file.display().to_string())?;
            own.push(format!("{short}:{}", part.len()));
            bytes.extend(part);
            used.insert(file);
        }
        let about = format!("{};{}", own.join(","), others.join(","));
        let length = u32::try_from(about.len()).context("a page has too many parts")?;
        std::fs::write(folder.join(format!("{page}.pack")), [length.to_be_bytes().as_slice(), about.as_bytes(), &bytes].concat())?;
        let before: String = earlier.iter().filter(|name| pages.contains_key(**name)).map(|name| format!(", \"{name}\"")).collect();
        writeln!(exports, "export const __wasm_split_load_{page} = page(\"{page}\"{before});")?;
        let names: BTreeSet<String> = earlier.iter().map(|name| (*name).to_owned()).chain([page.clone()]).map(|name| format!("{name}.pack")).collect();
        loads.insert(page.clone(), names.into_iter().collect());
    }
    std::fs::write(script, format!("{}{LOADER}{exports}", head(&text)?))?;
    for file in used {
        std::fs::remove_file(file)?;
    }
    Ok(loads)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[test]
    fn each_page_has_a_file_without_what_is_there() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
        for (name, text) in [("chunk_1.wasm", "one"), ("chunk_2.wasm", "three"), ("split_page_asset.wasm", "own"), ("split_part_x.wasm", "other")] {
            write(name, text);
        }
        let head = "import { initSync } from \"./twinport.js\";\nfunction getSharedImports() {}\nfunction wrapAsyncCb(callee) {}\n";
        write("__wasm_split.js", &format!("{head}function makeLoad(fetcher, deps) {{}}\nconst __chunk_1 = makeLoad(() => {{}}\n, []);\n"));
        let list = |stems: &[&str]| stems.iter().map(|stem| (*stem).to_owned()).collect::<Vec<_>>();
        let pages = BTreeMap::from([("page_asset".to_owned(), list(&["chunk_1", "split_page_asset"])), ("part_x".to_owned(), list(&["chunk_1", "chunk_2", "split_part_x"]))]);
        let on = |name: &str| if name == "part_x" { vec!["page_asset"] } else { Vec::new() };
        let loads = super::pack(folder.path(), &pages, on).expect("it packs");
        assert_eq!(loads["part_x"], ["page_asset.pack", "part_x.pack"]);
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        assert_eq!(read("page_asset.pack"), "\0\0\0\u{11}1:3,page_asset:3;oneown");
        assert_eq!(read("part_x.pack"), "\0\0\0\u{e}2:5,part_x:5;1threeother");
        let script = read("__wasm_split.js");
        assert!(script.starts_with(head) && script.contains("__wasm_split_load_part_x = page(\"part_x\", \"page_asset\")"), "{script}");
        assert!(!folder.path().join("chunk_1.wasm").exists());
        write("__wasm_split.js", &format!("{head}function makeLoad() {{}}\n, [__chunk_2]);\n"));
        assert!(super::pack(folder.path(), &BTreeMap::new(), on).is_err());
    }
}
