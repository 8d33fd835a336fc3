//! `cargo xtask test` and `cargo xtask ci`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{binary, call, cargo, root, say, server};
use crate::{install, site};

/// Everything the sign-in and library pages load, compressed with brotli. The aim is 280 kB, which
/// takes pages in files of their own; until then this keeps it from growing (ARCHITECTURE.md, “Size”).
const ENTRY_BUDGET: u64 = 420_000;
/// What another page may load on top.
const PAGE_BUDGET: u64 = 120_000;

/// Files of the first load; the rest is fetched when a page needs it.
pub fn is_entry(name: &str) -> bool {
    matches!(name, "twinport.js" | "twinport.wasm" | "main.css" | "inline0.js")
}

fn budget() -> Result<()> {
    let (entry, later) = (site::brotli_bytes(is_entry)?, site::brotli_bytes(|name| !is_entry(name))?);
    say(&format!("first load {:.1} kB of {} kB, other pages {:.1} kB of {} kB", entry as f64 / 1e3, ENTRY_BUDGET / 1000, later as f64 / 1e3, PAGE_BUDGET / 1000));
    if entry > ENTRY_BUDGET || later > PAGE_BUDGET {
        bail!("the site is larger than its budget: find what grew (the files are in target/site), or move it to a page of its own");
    }
    Ok(())
}

/// Unit, integration and browser tests.
pub fn test() -> Result<()> {
    install::for_build()?;
    install::for_jobs();
    let browser = install::browser()?;
    cargo(&["test", "--workspace", "--exclude", "frontend"])?;
    site::build(true)?;
    server(true)?;
    budget()?;
    let mut playwright = Command::new("npx");
    playwright.args(["playwright", "test"]).current_dir(root().join("end2end")).env("TWINPORT", binary(true)).env("CHROMIUM", browser);
    call(&mut playwright)
}

/// What continuous integration runs, step by step.
pub fn ci() -> Result<()> {
    install::for_build()?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    cargo(&["clippy", "--package", "frontend", "--target", "wasm32-unknown-unknown", "--", "--deny", "warnings"])?;
    test()
}
