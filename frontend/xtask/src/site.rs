//! The site: everything a browser loads, in one folder named by the hash of its content, each file
//! with its compressed forms beside it. References inside are relative, so nothing is patched.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::shell::{beside_server, call, root, say};
use crate::wasm;

/// What every page needs, and what all but the first do.
pub const SHEETS: [&str; 4] = ["main.css", "work.css", "logs.css", "boards.css"];

/// Where the site is built.
pub fn folder() -> PathBuf {
    root().join("target/site")
}

/// Files below `folder`, in order.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// One stylesheet of those in `style/`, with its `@import`s put in their place.
pub fn stylesheet(name: &str) -> Result<String> {
    let style = root().join("style");
    let main = std::fs::read_to_string(style.join(name))?;
    let mut out = String::new();
    for line in main.lines() {
        let import = line.strip_prefix("@import \"").and_then(|rest| rest.split_once("\" layer("));
        match import.and_then(|(file, rest)| rest.split_once(')').map(|(layer, _)| (file, layer))) {
            Some((file, layer)) => out.push_str(&format!("@layer {layer} {{\n{}\n}}\n", std::fs::read_to_string(style.join(file)).with_context(|| file.to_owned())?)),
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Ok(out)
}

/// Comments and indentation, which browsers do not need.
fn shorter(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    out.push_str(rest);
    out.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The editor with all that it imports, as one file.
fn bundle(file: &Path) -> Result<()> {
    let folder = root().join("end2end");
    let words = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"];
    let mut esbuild = std::process::Command::new("node");
    esbuild.arg("node_modules/esbuild/bin/esbuild").arg(root().join("public/js/editor.js")).args(words).arg(format!("--outfile={}", file.display()));
    call(esbuild.current_dir(&folder).env("NODE_PATH", folder.join("node_modules")))
}

/// A module without what only people read; whose it is stays in it.
fn esbuild(from: &Path, to: &Path, more: &[&str]) -> Result<()> {
    let mut tool = std::process::Command::new("node");
    tool.arg("node_modules/esbuild/bin/esbuild").arg(from).args(["--minify", "--format=esm", "--target=es2022", "--log-level=warning"]).args(more);
    call(tool.arg(format!("--outfile={}", to.display())).current_dir(root().join("end2end")))
}

fn shorten(from: &Path, to: &Path) -> Result<()> {
    esbuild(from, to, &[])?;
    // The words at its top that say whose it is.
    let text = std::fs::read_to_string(from)?;
    if let Some((head, _)) = text.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) {
        std::fs::write(to, format!("/*{head}*/\n{}", std::fs::read_to_string(to)?))?;
    }
    Ok(())
}

fn compress(path: &Path) -> Result<()> {
    let bytes = std::fs::read(path)?;
    let beside = |suffix: &str| PathBuf::from(format!("{}.{suffix}", path.display()));
    let mut small = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut bytes.as_slice(), &mut small, &parameters)?;
    std::fs::write(beside("br"), small)?;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&bytes)?;
    std::fs::write(beside("gz"), encoder.finish()?)?;
    Ok(())
}

/// The name of the folder that was built last.
pub fn hash() -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(folder().join("manifest.json")).ok()?).ok()?;
    Some(manifest.get("hash")?.as_str()?.to_owned())
}

/// Builds the release's site, and the server's parts beside it.
pub fn build_beside_server() -> Result<()> {
    beside_server(|| build(true))
}

/// Builds everything. A release is compressed, which takes a while.
pub fn build(release: bool) -> Result<()> {
    let (site, fresh) = (folder(), root().join("target/site-new"));
    let _ = std::fs::remove_dir_all(&fresh);
    std::fs::create_dir_all(fresh.join("pkg/new"))?;
    let package = fresh.join("pkg/new");
    wasm::build(&package, release)?;
    for name in SHEETS {
        let css = stylesheet(name)?;
        std::fs::write(package.join(name), if release { shorter(&css) } else { css })?;
    }
    bundle(&package.join("editor.js"))?;
    shorten(&root().join("public/js/panel.js"), &package.join("panel.js"))?;
    for script in ["plot.js", "embed.js", "tell.js", "view.js", "logworker.js"] {
        std::fs::copy(root().join("public/js").join(script), package.join(script))?;
    }
    let plots = root().join("end2end/node_modules/uplot/dist");
    std::fs::copy(plots.join("uPlot.min.css"), package.join("uplot.css")).context("uPlot is not there: run `npm ci` in end2end")?;
    shorten(&plots.join("uPlot.esm.js"), &package.join("uplot.js"))?;
    if release {
        // With what it imports, which a browser would only ask for once it has it.
        esbuild(&package.join("twinport.js"), &fresh.join("short.js"), &["--bundle", "--external:./__wasm_split.js"])?;
        std::fs::rename(fresh.join("short.js"), package.join("twinport.js"))?;
        std::fs::remove_dir_all(package.join("snippets"))?;
    }
    std::fs::copy(root().join("public/favicon.svg"), fresh.join("favicon.svg"))?;
    let mut hasher = Sha256::new();
    for file in files(&package)? {
        hasher.update(file.strip_prefix(&package)?.to_string_lossy().as_bytes());
        hasher.update(std::fs::read(&file)?);
    }
    let hash: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let unchanged = std::fs::read_to_string(site.join("manifest.json")).is_ok_and(|text| text.contains(&hash) && text.contains(&format!("\"release\":{release}")));
    if unchanged {
        say("  the site has not changed");
        std::fs::remove_dir_all(&fresh)?;
        return Ok(());
    }
    if release {
        say("→ compressing the site");
        for file in files(&package)? {
            compress(&file)?;
        }
    }
    std::fs::rename(&package, fresh.join("pkg").join(&hash))?;
    std::fs::write(fresh.join("manifest.json"), serde_json::json!({ "hash": hash, "release": release }).to_string())?;
    let _ = std::fs::remove_dir_all(&site);
    std::fs::rename(&fresh, &site)?;
    Ok(())
}

/// What each page loads on top of the first load, as file names.
pub fn pages() -> Result<BTreeMap<String, Vec<String>>> {
    let found = files(&folder().join("pkg"))?.into_iter().find(|file| file.ends_with("pages.json")).context("pages.json is not there: the site was built by another version")?;
    Ok(serde_json::from_slice(&std::fs::read(found)?)?)
}

/// Bytes of the brotli forms of files whose names `wanted` accepts.
pub fn brotli_bytes(wanted: impl Fn(&str) -> bool) -> Result<u64> {
    let mut total = 0;
    for file in files(&folder().join("pkg"))? {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.strip_suffix(".br").is_some_and(&wanted) {
            total += std::fs::metadata(&file)?.len();
        }
    }
    Ok(total)
}
