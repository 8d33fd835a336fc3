//! What has to be there, fetched with the ordinary clients of each thing; what cannot be, named.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{call, has, root, say};

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0"))
}

/// Installs a Debian package, where this user may and the machine is one that has them.
fn package(name: &str) -> Result<()> {
    if !has("apt-get") {
        bail!("install the package `{name}` of your system");
    }
    if !is_root() {
        bail!("install it once: sudo apt-get install {name}");
    }
    call(Command::new("apt-get").args(["update", "-qq"]))?;
    call(Command::new("apt-get").args(["install", "-y", "-qq", "--no-install-recommends", name]).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// What the site and the server are built with.
pub fn for_build() -> Result<()> {
    let wants = [("cc", "a C compiler (Debian: gcc)"), ("git", "git"), ("node", "Node.js 20 or newer"), ("npm", "npm, which comes with Node.js"), ("rustup", "rustup")];
    let missing: Vec<&str> = wants.iter().filter(|(program, _)| !has(program)).map(|(_, words)| *words).collect();
    if !missing.is_empty() {
        bail!("this machine lacks {}. Install that, then run this again", missing.join(" and "));
    }
    let listed = Command::new("rustup").args(["target", "list", "--installed"]).current_dir(root()).output()?;
    if !String::from_utf8_lossy(&listed.stdout).contains("wasm32-unknown-unknown") {
        call(Command::new("rustup").args(["target", "add", "wasm32-unknown-unknown"]).current_dir(root()))?;
    }
    npm()
}

/// The npm packages, once for each lock file.
fn npm() -> Result<()> {
    let folder = root().join("end2end");
    let (lock, mark) = (folder.join("package-lock.json"), folder.join("node_modules/.lock-used"));
    let wanted = std::fs::read(&lock)?;
    if std::fs::read(&mark).is_ok_and(|used| used == wanted) {
        return Ok(());
    }
    // Browsers are found on the machine; nothing is downloaded outside the registry.
    call(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").current_dir(&folder))?;
    std::fs::write(&mark, wanted)?;
    Ok(())
}

/// The sandbox that jobs run in. Without it the server starts all the same, and says so.
pub fn for_jobs() {
    if has("bwrap") {
        return;
    }
    if let Err(error) = package("bubblewrap") {
        say(&format!("Twins need the program bubblewrap to run: {error}"));
    }
    if !has("python3") {
        say("Two of the example twins need python3, which is not installed here");
    }
}

/// The servers that sessions can be kept in, for the tests of that. Where they cannot be installed
/// those tests print a line and pass.
pub fn for_stores() {
    let redis = ["/usr/bin/redis-server", "/usr/bin/valkey-server"].iter().any(|path| std::path::Path::new(path).exists());
    for (there, name) in [(redis, "redis-server"), (std::path::Path::new("/usr/lib/postgresql").exists(), "postgresql")] {
        if !there && let Err(error) = package(name) {
            say(&format!("Sessions in {name} will not be tested: {error}"));
        }
    }
}

/// Brokers and databases that twins use, for the tests of services and of federated twins. Where they
/// cannot be installed those tests print a line and pass.
pub fn for_services() {
    for (there, name) in [("/usr/sbin/mosquitto", "mosquitto"), ("/usr/bin/influxd", "influxdb"), ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")] {
        if !std::path::Path::new(there).exists()
            && let Err(error) = package(name)
        {
            say(&format!("Services are not tested with {name}: {error}"));
        }
    }
}

/// An engine for containers, and tools that set things up, for the tests of jobs that use them. Where they cannot be
/// installed those tests print a line and pass.
pub fn for_containers() {
    for (there, name) in [("/usr/bin/podman", "podman"), ("/usr/sbin/runc", "runc"), ("/bin/busybox", "busybox-static"), ("/usr/bin/ansible-playbook", "ansible-core")] {
        if !std::path::Path::new(there).exists()
            && let Err(error) = package(name)
        {
            say(&format!("Jobs are not tested with {name}: {error}"));
        }
    }
}

/// What the proxy is measured against, and with.
pub fn for_proxy_bench() {
    for (there, name) in [("nginx", "nginx-light"), ("wrk", "wrk")] {
        if !has(there)
            && let Err(error) = package(name)
        {
            say(&format!("The proxy cannot be measured: {error}"));
        }
    }
}

/// Real programs for workspaces: JupyterLab in an environment of its own, and a desktop. Where they
/// cannot be installed those tests say so and are left out.
pub fn for_workspaces() {
    for (there, name) in [
        ("/usr/share/novnc/vnc.html", "novnc"),
        ("/usr/bin/websockify", "websockify"),
        ("/usr/bin/Xtigervnc", "tigervnc-standalone-server"),
        ("/usr/bin/slowhttptest", "slowhttptest"),
    ] {
        if !std::path::Path::new(there).exists()
            && let Err(error) = package(name)
        {
            say(&format!("Some tests of workspaces are left out: {error}"));
        }
    }
    let folder = root().join("target/workspace-venv");
    if folder.join("bin/kosoku").exists() {
        return;
    }
    // The system's Python: what a workspace sees of the machine is /usr.
    let python = std::path::Path::new("/usr/bin/python3");
    let made = if python.exists() { Ok(()) } else { package("python3-venv") };
    let made = made.and_then(|()| {
        if !call(Command::new(python).args(["-m", "venv"]).arg(&folder)).is_ok_and(|()| folder.join("bin/pip").exists()) {
            package("python3-venv")?;
            call(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
        }
        call(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "jupyterlab", "kosoku"]))
    });
    if let Err(error) = made {
        say(&format!("JupyterLab in workspaces will not be tested: {error}"));
    }
}

/// The browser for tests: an installed one, else Playwright's own, else the system's package.
pub fn browser() -> Result<String> {
    const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let find = || NAMES.iter().find(|name| has(name)).map(|name| (*name).to_owned());
    if let Some(name) = find() {
        return Ok(name);
    }
    say("No Chromium is installed; trying Playwright's own");
    let fetched = call(Command::new("npx").args(["playwright", "install", "chromium"]).current_dir(root().join("end2end")));
    if fetched.is_ok() {
        return Ok(String::new());
    }
    match package("chromium") {
        Ok(()) => find().ok_or_else(|| anyhow::anyhow!("the package chromium was installed, and no program of that name is there")),
        Err(error) => bail!("the browser tests need Chromium: {error}"),
    }
}
