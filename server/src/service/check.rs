//! Whether a service does its work: a real conversation in its own protocol, as whom twins come.

use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, Row};

use super::{Health, Known, mqtt, rabbit};
use crate::config::service::Kind;

/// A service that takes longer is called slow, and one that takes longer still is not waited for.
const SLOW: Duration = Duration::from_millis(1_000);
const TIME: Duration = Duration::from_secs(4);

/// Why a conversation ended before it was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It does not let us in.
    Refused(String),
    /// It cannot be talked to.
    Broken(String),
}

/// How `known` does.
pub async fn check(known: &Known) -> Health {
    let began = Instant::now();
    let (host, port) = known.place();
    let place = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let what = known.settings.kind.word();
    let outcome = match tokio::time::timeout(TIME, talk(known)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            // Whoever accepts and says nothing is there, and busy; whoever does not is not.
            let there = tokio::time::timeout(Duration::from_millis(500), tokio::net::TcpStream::connect((host.as_str(), port))).await;
            return match there {
                Ok(Ok(_)) => {
                    Health::Slow(format!("{what} at {place} accepts connections and did not answer within {} seconds. It may be overloaded; its log says more.", TIME.as_secs()))
                }
                _ => Health::Down(format!("{what} at {place} did not answer within {} seconds. Check that it runs, and that no firewall is between.", TIME.as_secs())),
            };
        }
    };
    let took = began.elapsed();
    let who = known.settings.username.as_deref().map_or_else(|| "without a name".to_owned(), |name| format!("as {name}"));
    match outcome {
        Ok(version) if took > SLOW => Health::Slow(format!("{what}{} answers at {place}, but took {:.1} seconds.", spaced(&version), took.as_secs_f32())),
        Ok(version) => Health::Up(format!("{what}{} answers at {place}.", spaced(&version))),
        Err(Fault::Refused(why)) => Health::Refused(format!("{what} at {place} runs, but refuses us {who} ({why}). Check username and password_file of this service.")),
        Err(Fault::Broken(why)) => Health::Down(format!("{what} at {place} cannot be talked to: {why}. Check its address and that it runs.")),
    }
}

fn spaced(version: &str) -> String {
    if version.is_empty() { String::new() } else { format!(" {version}") }
}

/// The version that it tells, or an empty text.
async fn talk(known: &Known) -> Result<String, Fault> {
    match known.settings.kind {
        Kind::Mqtt => mqtt::greet(known).await,
        Kind::Rabbitmq => rabbit::greet(known).await,
        Kind::Postgresql => postgresql(known).await,
        Kind::Influxdb => influxdb(known).await,
        Kind::Mongodb => mongodb(known).await,
        Kind::Grafana => grafana(known).await,
        Kind::Http => http(known, "").await.map(|_| String::new()),
    }
}

async fn postgresql(known: &Known) -> Result<String, Fault> {
    let mut options: sqlx::postgres::PgConnectOptions = known.settings.url.parse().map_err(|error: sqlx::Error| Fault::Broken(error.to_string()))?;
    if let Some((name, password)) = known.login() {
        options = options.username(name).password(password);
    }
    let mut connection = options.disable_statement_logging().connect().await.map_err(|error| match &error {
        // Class 28 of PostgreSQL's error codes: invalid authorization.
        sqlx::Error::Database(database) if database.code().is_some_and(|code| code.starts_with("28")) => Fault::Refused(database.message().to_owned()),
        _ => Fault::Broken(error.to_string()),
    })?;
    let row = sqlx::query("SHOW server_version").fetch_one(&mut connection).await.map_err(|error| Fault::Broken(error.to_string()))?;
    let version: String = row.try_get(0).unwrap_or_default();
    let _ = connection.close().await;
    Ok(version.split(' ').next().unwrap_or_default().to_owned())
}

/// Its own time is longer than that of a look, so that the look says what it was.
fn client() -> reqwest::Client {
    reqwest::ClientBuilder::new().redirect(reqwest::redirect::Policy::none()).timeout(TIME * 2).build().unwrap_or_default()
}

async fn http(known: &Known, path: &str) -> Result<reqwest::Response, Fault> {
    let mut request = client().get(format!("{}{path}", known.settings.url.trim_end_matches('/')));
    if let Some((name, password)) = known.login() {
        request = request.basic_auth(name, Some(password));
    }
    let answer = request.send().await.map_err(|error| Fault::Broken(crate::failure::chain(&error)))?;
    match answer.status().as_u16() {
        401 | 403 => Err(Fault::Refused(answer.status().to_string())),
        500.. => Err(Fault::Broken(format!("it answers {}", answer.status()))),
        _ => Ok(answer),
    }
}

/// InfluxDB tells its version to everybody (`GET /ping`, `X-Influxdb-Version`); whether it lets us in
/// shows when it is asked something. Without a name, 2.x is asked with the token.
async fn influxdb(known: &Known) -> Result<String, Fault> {
    let base = known.settings.url.trim_end_matches('/');
    let ping = client().get(format!("{base}/ping")).send().await.map_err(|error| Fault::Broken(crate::failure::chain(&error)))?;
    let Some(version) = ping.headers().get("x-influxdb-version").and_then(|value| value.to_str().ok()).map(str::to_owned) else {
        return Err(Fault::Broken("what answers there is no InfluxDB".to_owned()));
    };
    let answer = match super::influx::request(&client(), known, "SHOW DATABASES").send().await {
        Ok(answer) => answer,
        Err(error) => return Err(Fault::Broken(crate::failure::chain(&error))),
    };
    match answer.status().as_u16() {
        200..300 => Ok(version.trim_start_matches('v').to_owned()),
        401 | 403 => Err(Fault::Refused(answer.status().to_string())),
        _ => Err(Fault::Broken(format!("it answers {} to a question", answer.status()))),
    }
}

async fn grafana(known: &Known) -> Result<String, Fault> {
    let health: serde_json::Value = http(known, "/api/health").await?.json().await.map_err(|_| Fault::Broken("what answers there is no Grafana".to_owned()))?;
    match health["database"].as_str() {
        Some("ok") => Ok(health["version"].as_str().unwrap_or_default().to_owned()),
        Some(state) => Err(Fault::Broken(format!("its database is {state}"))),
        None => Err(Fault::Broken("what answers there is no Grafana".to_owned())),
    }
}

/// MongoDB is asked who it is (`hello` over `OP_MSG`, mongodb.com/docs/manual/reference/mongodb-wire-protocol).
/// That needs no name, so a wrong password does not show here.
async fn mongodb(known: &Known) -> Result<String, Fault> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (host, port) = known.place();
    let broken = |error: std::io::Error| Fault::Broken(error.to_string());
    let mut stream = tokio::net::TcpStream::connect((host.as_str(), port)).await.map_err(broken)?;
    // {hello: 1, $db: "admin"} as BSON.
    let mut document = Vec::from(*b"\0\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0");
    let length = u32::try_from(document.len()).unwrap_or(0).to_le_bytes();
    document[..4].copy_from_slice(&length);
    let mut message = Vec::new();
    for word in [u32::try_from(16 + 5 + document.len()).unwrap_or(0), 1, 0, 2013, 0] {
        message.extend_from_slice(&word.to_le_bytes());
    }
    message.push(0);
    message.extend_from_slice(&document);
    stream.write_all(&message).await.map_err(broken)?;
    let mut head = [0_u8; 16];
    stream.read_exact(&mut head).await.map_err(broken)?;
    let code = u32::from_le_bytes([head[12], head[13], head[14], head[15]]);
    if code == 2013 { Ok(String::new()) } else { Err(Fault::Broken("what answers there is no MongoDB".to_owned())) }
}
