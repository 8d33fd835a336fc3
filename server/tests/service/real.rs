//! The real servers, each in a folder of its own, as Debian packages them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that ends with the test.
pub struct Real {
    child: Child,
    /// Where it listens.
    pub port: u16,
    /// Where the names of Erlang's nodes are kept, by a process that stays.
    names: Option<u16>,
    _folder: tempfile::TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        // The whole group: RabbitMQ is a shell around what it starts.
        let group = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0));
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.child.wait();
        if let Some(names) = self.names {
            let _ = Command::new("epmd").args(["-port", &names.to_string(), "-kill"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

/// Something that accepts connections and says nothing.
pub struct Silent {
    pub port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Silent {
    pub async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it has one").port();
        let task = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                kept.push(stream);
            }
        });
        Self { port, task }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_or(0, |address| address.port())
}

async fn listens(port: u16) {
    for _ in 0..600 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing listens on port {port}");
}

fn is_there(program: &str) -> bool {
    let there = Path::new(program).exists();
    if !there {
        eprintln!("{program} is not installed: it is not tested");
    }
    there
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("it is ours");
    folder
}

async fn begin(mut command: Command, port: u16, folder: tempfile::TempDir) -> Real {
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let real = Real { child, port, names: None, _folder: folder };
    listens(port).await;
    real
}

pub async fn mosquitto(password: &str) -> Option<Real> {
    if !is_there("/usr/sbin/mosquitto") {
        return None;
    }
    let (folder, port) = (folder(), free_port());
    let (people, config) = (folder.path().join("people"), folder.path().join("broker.conf"));
    std::fs::write(&people, format!("twins:{password}\n")).expect("it can be written");
    assert!(Command::new("mosquitto_passwd").arg("-U").arg(&people).status().is_ok_and(|status| status.success()));
    std::fs::set_permissions(&people, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("it is ours");
    std::fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\n", people.display())).expect("it can be written");
    let mut command = Command::new("/usr/sbin/mosquitto");
    command.arg("-c").arg(config);
    Some(begin(command, port, folder).await)
}

pub async fn influxdb(password: &str) -> Option<Real> {
    if !is_there("/usr/bin/influxd") {
        return None;
    }
    let (folder, port, backup) = (folder(), free_port(), free_port());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let config = folder.path().join("influx.conf");
    let text = format!(
        "reporting-disabled = true\nbind-address = \"127.0.0.1:{backup}\"\n[meta]\n  dir = \"{}\"\n[data]\n  dir = \"{}\"\n  wal-dir = \"{}\"\n[http]\n  bind-address = \"127.0.0.1:{port}\"\n  auth-enabled = true\n",
        at("meta"),
        at("data"),
        at("wal")
    );
    std::fs::write(&config, text).expect("it can be written");
    let mut command = Command::new("/usr/bin/influxd");
    command.args(["run", "-config"]).arg(config);
    let real = begin(command, port, folder).await;
    let query = format!("CREATE USER twins WITH PASSWORD '{password}' WITH ALL PRIVILEGES");
    let answer = reqwest::Client::new().post(format!("http://127.0.0.1:{port}/query")).form(&[("q", query)]).send().await;
    assert!(answer.is_ok_and(|answer| answer.status().is_success()), "the first user can be made");
    Some(real)
}

pub async fn postgresql(password: &str) -> Option<Real> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let Some(bin) = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists()) else {
        eprintln!("postgresql is not installed: it is not tested");
        return None;
    };
    let (folder, port) = (folder(), free_port());
    // It does not run as root; its package made a user for it.
    let root = nix::unistd::Uid::effective().is_root();
    let run = |program: &str| {
        let mut command = Command::new(if root { Path::new("setpriv").to_path_buf() } else { bin.join(program) });
        if root {
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]).arg(bin.join(program));
        }
        command
    };
    let (secret, data) = (folder.path().join("secret"), folder.path().join("data"));
    std::fs::write(&secret, password).expect("it can be written");
    let made = run("initdb").args(["--auth", "scram-sha-256", "--username", "twins", "--pwfile"]).arg(&secret).arg("-D").arg(&data).stdout(Stdio::null()).status();
    assert!(made.is_ok_and(|status| status.success()), "initdb makes a database");
    let mut command = run("postgres");
    command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-D"]).arg(&data);
    let real = begin(command, port, folder).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    Some(real)
}

pub async fn rabbitmq(password: &str) -> Option<Real> {
    let program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    if !is_there(program) {
        return None;
    }
    let (folder, port, between, names) = (folder(), free_port(), free_port(), free_port());
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("plugins"), "[].\n").expect("it can be written");
    let config = format!("listeners.tcp.1 = 127.0.0.1:{port}\nloopback_users = none\ndefault_user = twins\ndefault_pass = {password}\n");
    std::fs::write(at("rabbit.conf"), config).expect("it can be written");
    let mut command = Command::new(program);
    command
        .env("RABBITMQ_NODENAME", format!("twins{port}@localhost"))
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", between.to_string())
        .env("ERL_EPMD_PORT", names.to_string())
        .env("RABBITMQ_MNESIA_BASE", at("db"))
        .env("RABBITMQ_LOG_BASE", at("log"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
        .env("RABBITMQ_PID_FILE", at("pid"))
        .env("RABBITMQ_CONFIG_FILE", at("rabbit"))
        .env("HOME", folder.path());
    let mut real = begin(command, port, folder).await;
    real.names = Some(names);
    tokio::time::sleep(Duration::from_secs(2)).await;
    Some(real)
}
