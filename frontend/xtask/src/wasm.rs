//! The app as WebAssembly: compiled, bound to JavaScript, and without anything that only tools read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::shell::{call, cargo, root, say};
use crate::{ci, dead, origins, packs};

fn compiled(release: bool) -> PathBuf {
    let profile = if release { "wasm-release" } else { "debug" };
    root().join("target/wasm32-unknown-unknown").join(profile).join("frontend.wasm")
}

/// Compiles the app, splits pages off it, and writes `twinport.js`, `twinport.wasm`, the pages' files
/// and the JavaScript that fetches those into `folder`.
pub fn build(folder: &Path, release: bool) -> Result<()> {
    let mut words = vec!["build", "--package", "frontend", "--lib", "--target", "wasm32-unknown-unknown"];
    if release {
        words.extend(["--profile", "wasm-release"]);
    }
    cargo(&words)?;
    let (main, pages) = split(folder, release)?;
    let mut bindgen = Bindgen::new();
    bindgen.web(true)?.input_path(&main).out_name("twinport").typescript(false).demangle(false).keep_debug(!release).remove_name_section(false).remove_producers_section(release);
    bindgen.keep_lld_exports(true);
    bindgen.generate(folder).context("failed to bind the app to JavaScript")?;
    std::fs::remove_file(&main)?;
    std::fs::rename(folder.join("twinport_bg.wasm"), folder.join("twinport.wasm"))?;
    if release {
        let (mut emptied, mut forgotten) = (0, 0);
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "wasm") {
                emptied += dead::empty(&path)?;
                forgotten += origins::forget(&path)?;
                let bytes = std::fs::read(&path)?;
                let stripped = without_custom_sections(&bytes).with_context(|| format!("{} is no WebAssembly module", path.display()))?;
                std::fs::write(&path, stripped)?;
                if bytes.len() >= LARGE {
                    shorten(&path)?;
                }
            }
        }
        say(&format!("  {emptied} functions emptied that are never called, {forgotten} places in libraries forgotten"));
    }
    std::fs::write(folder.join("pages.json"), serde_json::to_string(&packs::pack(folder, &pages, ci::on)?)?)?;
    engine(folder, release)
}

/// Modules of this many bytes are worth the seconds that shortening them takes.
const LARGE: usize = 60_000;

/// What makes a module smaller when it is compressed. Binaryen's own choice (`-Oz`) makes it a sixth
/// smaller and, for what it moves about, larger when compressed: only passes stand here of which each
/// was measured to help.
const PASSES: [&str; 13] = [
    "--optimize-instructions",
    "--remove-unused-brs",
    "--precompute",
    "--rse",
    "--code-folding",
    "--simplify-locals-notee-nostructure",
    "--vacuum",
    "--merge-blocks",
    "--coalesce-locals",
    "--reorder-locals",
    "--vacuum",
    "--duplicate-function-elimination",
    "--remove-unused-module-elements",
];
/// What goes before those: the bodies that [`dead`] has made the same become one.
const FIRST: [&str; 2] = ["--duplicate-function-elimination", "--remove-unused-module-elements"];
/// A browser compiles each function when it is first called, and that costs most where a function is small: a quarter of those
/// of the first load go into the only one that calls them. Larger ones would not compress as well where they come to stand.
const INLINED: [&str; 4] = ["--one-caller-inline-max-function-size", "40", "--inlining", "--remove-unused-module-elements"];
/// What the modules are written with.
const FEATURES: [&str; 6] =
    ["--enable-reference-types", "--enable-bulk-memory", "--enable-sign-ext", "--enable-mutable-globals", "--enable-nontrapping-float-to-int", "--enable-multivalue"];

/// Makes a module smaller with Binaryen.
fn shorten(path: &Path) -> Result<()> {
    let mut tool = std::process::Command::new("node");
    let inlined: &[&str] = if path.ends_with("twinport.wasm") { &INLINED } else { &[] };
    tool.arg("node_modules/binaryen/bin/wasm-opt").args(FIRST).args(inlined).args(PASSES).args(FEATURES);
    call(tool.arg(path).arg("-o").arg(path).current_dir(root().join("end2end")))
}

/// Compiles the log engine for its worker and writes `logengine.js` and `logengine_bg.wasm`. Every
/// browser of the last years has 128-bit vectors, which find line ends several times faster.
fn engine(folder: &Path, release: bool) -> Result<()> {
    let vectors = "target.wasm32-unknown-unknown.rustflags=[\"-C\", \"target-feature=+simd128\"]";
    // It reads hundreds of megabytes: speed first, it is small anyway. The profile is the app's, so that what both are built with
    // on this machine is built once.
    let fast = "profile.wasm-release.opt-level=3";
    cargo(&["build", "--package", "logworker", "--lib", "--target", "wasm32-unknown-unknown", "--profile", "wasm-release", "--config", vectors, "--config", fast])?;
    let compiled = root().join("target/wasm32-unknown-unknown/wasm-release/logworker.wasm");
    let mut bindgen = Bindgen::new();
    bindgen.web(true)?.input_path(&compiled).out_name("logengine").typescript(false).demangle(false).keep_debug(false).remove_name_section(release).remove_producers_section(true);
    bindgen.generate(folder).context("failed to bind the log engine to JavaScript")?;
    let module = folder.join("logengine_bg.wasm");
    let stripped = without_custom_sections(&std::fs::read(&module)?).context("the log engine is no WebAssembly module")?;
    Ok(std::fs::write(module, stripped)?)
}

/// Cuts the compiled app where functions are marked with `wasm_split`. Returns the path of what is
/// loaded first, and the stems of the files that each page loads; those are in `folder`.
fn split(folder: &Path, release: bool) -> Result<(PathBuf, BTreeMap<String, Vec<String>>)> {
    let whole = std::fs::read(compiled(release))?;
    let main = folder.join("main-unbound.wasm");
    let mut options = wasm_split_cli_support::Options::new(&whole);
    (options.output_dir, options.main_out_path, options.main_module) = (folder, &main, "./twinport.js");
    let done = wasm_split_cli_support::transform(options).map_err(|error| anyhow::anyhow!("failed to split the app: {error:#}"))?;
    let pages: BTreeMap<String, Vec<String>> = done.prefetch_map.iter().map(|(page, stems)| (page.clone(), stems.clone())).collect();
    say(&format!("  {} files split off the app", done.split_modules.len()));
    Ok((main, pages))
}

/// A number in LEB128, and how many bytes it takes.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

/// A module without sections of kind 0 (WebAssembly core specification, §5.5.3): names, producers
/// and features, which no browser needs.
fn without_custom_sections(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..8)?.to_vec();
    let mut place = 8;
    while place < bytes.len() {
        let (size, length) = leb128(&bytes[place + 1..])?;
        let end = place + 1 + length + size;
        let section = bytes.get(place..end)?;
        if section[0] != 0 {
            out.extend_from_slice(section);
        }
        place = end;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn custom_sections_go_and_others_stay() {
        let module = [b"\0asm\x01\0\0\0".as_slice(), &[0, 2, 1, b'x'], &[1, 1, 0], &[0, 3, 1, b'y', 9]].concat();
        assert_eq!(super::without_custom_sections(&module).unwrap_or_default(), [b"\0asm\x01\0\0\0".as_slice(), &[1, 1, 0]].concat());
        assert_eq!(super::without_custom_sections(b"no"), None);
    }
}
