//! `cargo xtask bench`: each figure by name, with the command that made it, in `target/bench.json`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::ci::is_entry;
use crate::shell::{binary, root, say, server};
use crate::{bench_logs, install, site};

const ADDRESS: &str = "127.0.0.1:8087";
const COMMAND: &str = "cargo xtask bench";
/// Runs of each measurement; the median counts.
const RUNS: usize = 5;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

struct Server {
    child: Child,
    data: std::path::PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One HTTP request, by hand; status and body.
fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(ADDRESS)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let head: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\nContent-Length: {}\r\n{head}\r\n{body}", body.len())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status")?;
    Ok((status, body.to_owned()))
}

/// Starts the server on its data and waits until it answers; milliseconds that took.
fn start(data: &std::path::Path) -> Result<(Server, f64)> {
    let begin = Instant::now();
    let child = Command::new(binary(true)).args(["serve", "--listen", ADDRESS, "--data"]).arg(data).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let server = Server { child, data: data.to_owned() };
    while begin.elapsed() < Duration::from_secs(20) {
        if request("GET", "/healthz", &[], "").is_ok_and(|(status, _)| status == 200) {
            return Ok((server, begin.elapsed().as_secs_f64() * 1e3));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    bail!("the server did not answer on {ADDRESS}")
}

fn resident_mb(process: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).context("no number")?;
    Ok(kilobytes / 1024.0)
}

fn field(body: &str, name: &str) -> Option<i64> {
    let start = body.find(&format!("\"{name}\":"))? + name.len() + 3;
    body[start..].split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// From a job printing the time to a client reading that line, over the API: milliseconds.
fn log_latency(server: &Server) -> Result<f64> {
    let token = Command::new(binary(true)).args(["token", "create", "admin", "--scope", "api", "--data"]).arg(&server.data).output()?;
    let token = String::from_utf8_lossy(&token.stdout).trim().to_owned();
    let headers = [("PRIVATE-TOKEN", token.as_str()), ("Content-Type", "application/json")];
    let ci = "probe:\\n  script:\\n    - for i in 1 2 3 4 5 6 7 8; do date +at=%s%N; sleep 0.7; done\\n";
    let file = format!(
        "{{\"branch\":\"probe\",\"start_branch\":\"main\",\"commit_message\":\"probe\",\"actions\":[{{\"action\":\"update\",\"file_path\":\".gitlab-ci.yml\",\"content\":\"{ci}\"}}]}}"
    );
    let (status, body) = request("POST", "/forge/api/v4/projects/dtaas%2Fadmin/repository/commits", &headers, &file)?;
    if status != 201 {
        bail!("the probe could not be committed: {status} {body}");
    }
    let mut job = None;
    for _ in 0..100 {
        let (_, body) = request("GET", "/forge/api/v4/projects/dtaas%2Fadmin/jobs?per_page=1", &headers, "")?;
        job = field(&body, "id");
        if job.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let path = format!("/forge/api/v4/projects/dtaas%2Fadmin/jobs/{}/trace?wait=20", job.context("the probe did not start")?);
    let (mut from, mut times, mut silent) = (0_usize, Vec::new(), 0);
    while times.len() < 8 && silent < 3 {
        let (status, body) = request("GET", &path, &[headers[0], ("Range", &format!("bytes={from}-"))], "")?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos() as f64;
        // 416: nothing new while it waited.
        let text = if status == 206 { dechunked(&body) } else { String::new() };
        silent = if text.is_empty() { silent + 1 } else { 0 };
        from += text.len();
        let printed = text.lines().filter_map(|line| line.strip_prefix("at=")?.parse::<f64>().ok());
        times.extend(printed.map(|printed| (now - printed) / 1e6));
        if text.contains("Job succeeded") || text.contains("Job failed") {
            break;
        }
    }
    if times.is_empty() {
        bail!("no line of the probe was seen");
    }
    Ok(median(times))
}

/// A body without the sizes of its chunks.
fn dechunked(body: &str) -> String {
    if !body.contains("\r\n") {
        return body.to_owned();
    }
    let mut out = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { return body.to_owned() };
        if size == 0 || after.len() < size {
            break;
        }
        out.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    out
}

/// Measures everything.
pub fn bench() -> Result<()> {
    install::for_build()?;
    install::for_jobs();
    site::build_beside_server()?;
    server(true)?;
    let data = root().join("target/bench-data");
    let _ = std::fs::remove_dir_all(&data);
    drop(start(&data)?);
    let mut ready = Vec::new();
    for _ in 0..RUNS {
        let (server, milliseconds) = start(&data)?;
        ready.push(milliseconds);
        drop(server);
    }
    let (server, _) = start(&data)?;
    std::thread::sleep(Duration::from_secs(3));
    let resident = resident_mb(server.child.id())?;
    let latency = log_latency(&server)?;
    drop(server);
    let entry = site::brotli_bytes(is_entry)? as f64 / 1e3;
    let row = |name: &str, value: f64, unit: &str| bench_logs::row(name, value, unit, COMMAND);
    let mut list: Vec<Value> =
        vec![row("app.entry_brotli_kb", entry, "kB"), row("server.ready_ms", median(ready), "ms"), row("server.rss_mb", resident, "MiB"), row("log.latency_ms", latency, "ms")];
    list.extend(bench_logs::figures()?.iter().map(|(name, value, unit)| row(name, *value, unit)));
    for (name, value) in bench_logs::measured("bench/federation.mjs", &[&binary(true).display().to_string()])? {
        let unit = if name.ends_with("_ms") {
            "ms"
        } else if name.ends_with("_bytes") {
            "bytes"
        } else {
            ""
        };
        list.push(row(&name, value.as_f64().unwrap_or_default(), unit));
    }
    for (name, value) in bench_logs::measured("bench/assets.mjs", &[])? {
        let unit = if name.contains("_ms") { "ms" } else { "" };
        list.push(row(&name, value.as_f64().unwrap_or_default(), unit));
    }
    install::for_proxy_bench();
    for (name, value) in bench_logs::measured("bench/proxy.mjs", &[])? {
        let unit = if name.ends_with("_ms") {
            "ms"
        } else if name.ends_with("_kb") {
            "kB"
        } else {
            "times"
        };
        list.push(row(&name, value.as_f64().unwrap_or_default(), unit));
    }
    install::for_services();
    for (name, value) in bench_logs::measured("bench/federated.mjs", &[])? {
        let unit = if name.contains("_ms") { "ms" } else { "requests" };
        list.push(row(&name, value.as_f64().unwrap_or_default(), unit));
    }
    for figure in &list {
        say(&format!("{:24} {:>8} {}", figure["name"].as_str().unwrap_or_default(), figure["value"], figure["unit"].as_str().unwrap_or_default()));
    }
    std::fs::write(root().join("target/bench.json"), serde_json::to_string_pretty(&list)?)?;
    Ok(())
}
