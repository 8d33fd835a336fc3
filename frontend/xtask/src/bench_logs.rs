//! Figures about logs: the engine alone, natively and in V8 beside two parsers from npm, and whole
//! logs in a browser.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::shell::{binary, cargo, root};
use crate::{install, site};

/// The log that the engine is measured with, where it is.
const LOG: &str = "../shared/gitlab/runner-log-corpus/log-5";
/// Megabytes to which it is repeated.
const MEGABYTES: &str = "40";

/// Standard output of a command that must succeed.
fn answer(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The last line of a script's output, as JSON.
pub fn measured(script: &str, words: &[&str]) -> Result<Map<String, Value>> {
    let browser = install::browser()?;
    let text = answer(Command::new("node").current_dir(root().join("end2end")).arg(script).args(words).env("CHROMIUM", browser).env("TWINPORT", binary(true)))?;
    serde_json::from_str(text.lines().last().unwrap_or_default()).with_context(|| format!("{script} printed no figures: {text}"))
}

/// Name, value and unit of every figure; none where the log is not there.
pub fn figures() -> Result<Vec<(String, f64, &'static str)>> {
    let log = root().join(LOG);
    if !log.exists() {
        return Ok(Vec::new());
    }
    let log = log.display().to_string();
    cargo(&["build", "--quiet", "--release", "--package", "joblog", "--example", "speed"])?;
    let native: f64 = answer(Command::new(root().join("target/release/examples/speed")).args([&log, MEGABYTES]))?.parse()?;
    let engine = site::files(&site::folder().join("pkg"))?.into_iter().find(|file| file.ends_with("logengine.js")).context("the site has no log engine")?;
    let folder = engine.parent().context("the engine is in a folder")?.display().to_string();
    let speeds = measured("bench/joblog.mjs", &[&folder, &log, MEGABYTES])?;
    let speed = |name: &str| speeds.get(name).and_then(Value::as_f64).unwrap_or_default();
    let (wasm, others) = (speed("wasm"), speed("anser").max(speed("ansi_up")));
    let mut list =
        vec![("joblog.native_mb_s".to_owned(), native, "MB/s"), ("joblog.wasm_mb_s".to_owned(), wasm, "MB/s"), ("joblog.vs_public_parser".to_owned(), wasm / others, "times")];
    for (name, value) in measured("bench/logs.mjs", &[&binary(true).display().to_string(), &log])? {
        let unit = match name.rsplit('_').next() {
            Some("ms") => "ms",
            Some("ratio") => "times",
            Some("bytes") => "bytes",
            _ => "1/min",
        };
        list.push((name, value.as_f64().unwrap_or_default(), unit));
    }
    Ok(list)
}

/// A figure as `target/bench.json` has it.
pub fn row(name: &str, value: f64, unit: &str, command: &str) -> Value {
    // Ratios need their second digit.
    let digits = if unit == "times" { 100.0 } else { 10.0 };
    json!({ "name": name, "value": (value * digits).round() / digits, "unit": unit, "command": command })
}
