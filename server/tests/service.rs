//! Services, each the real one: up, with a wrong password, down, and slow are told apart in a sentence.
//! What is not installed is not tested, and says so.

#[path = "service/real.rs"]
mod real;

use real::{Silent, free_port, influxdb, mosquitto, postgresql, rabbitmq};
use server::config::service::{Kind, Service};
use server::service::{Health, Services};

const PASSWORD: &str = "a-long-secret";

fn service(kind: Kind, url: &str, password: Option<&std::path::Path>) -> Service {
    Service {
        id: "it".into(),
        instance: "local".into(),
        kind,
        name: None,
        url: url.into(),
        inside: None,
        link: None,
        username: password.map(|_| "twins".to_owned()),
        password_file: password.map(std::path::Path::to_path_buf),
        hand: false,
        variables: None,
        topics: Vec::new(),
        database: None,
        organisation: None,
        bucket: None,
        note: String::new(),
    }
}

async fn health(kind: Kind, url: &str, password: &str) -> Health {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), password).expect("it can be written");
    let services = Services::open(&[service(kind, url, Some(file.path()))]).expect("its password can be read");
    let known = services.find("local", "it").expect("it is there");
    let health = services.health(known).await;
    assert!(!health.sentence().contains(password), "{health:?} does not tell the password");
    health
}

/// Up, refused, down and slow.
async fn told_apart(kind: Kind, scheme: &str, port: u16, path: &str, version: &str) {
    let url = |port: u16| format!("{scheme}://127.0.0.1:{port}{path}");
    let word = kind.word();
    let mut up = health(kind, &url(port), PASSWORD).await;
    // One that listens already may not be done with starting.
    for _ in 0..40 {
        if matches!(up, Health::Up(_)) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        up = health(kind, &url(port), PASSWORD).await;
    }
    assert!(matches!(&up, Health::Up(text) if text.contains("answers at") && text.contains(version)), "{up:?}");
    let refused = health(kind, &url(port), "something-else").await;
    assert!(matches!(&refused, Health::Refused(text) if text.starts_with(word) && text.contains("refuses us as twins")), "{refused:?}");
    let down = health(kind, &url(free_port()), PASSWORD).await;
    assert!(matches!(&down, Health::Down(text) if text.contains("cannot be talked to") && text.contains("Check")), "{down:?}");
    let silent = Silent::new().await;
    let slow = health(kind, &url(silent.port), PASSWORD).await;
    assert!(matches!(&slow, Health::Slow(text) if text.contains("accepts connections and did not answer within 4 seconds")), "{slow:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mqtt() {
    let Some(broker) = mosquitto(PASSWORD).await else { return };
    told_apart(Kind::Mqtt, "mqtt", broker.port, "", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbit() {
    let Some(broker) = rabbitmq(PASSWORD).await else { return };
    told_apart(Kind::Rabbitmq, "amqp", broker.port, "", "").await;
}

/// What is published while somebody follows: all of it counted, the peak among it, over a broken connection.
#[tokio::test(flavor = "multi_thread")]
async fn rabbit_followed() {
    use lapin::options::BasicPublishOptions;
    let Some(broker) = rabbitmq(PASSWORD).await else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), PASSWORD).expect("it can be written");
    let services = Services::open(&[service(Kind::Rabbitmq, &format!("amqp://127.0.0.1:{}", broker.port), Some(file.path()))]).expect("its password can be read");
    let known = services.find("local", "it").expect("it is there").clone();
    let hubs = server::service::stream::Hubs::default();
    let wants: Vec<server::service::stream::Want> = serde_json::from_value(serde_json::json!([{ "topic": "plant.*.level", "value": "h" }])).expect("it is one");
    let mut lines = Box::pin(hubs.lines(&known, &wants));
    let connection =
        lapin::Connection::connect(&format!("amqp://twins:{PASSWORD}@127.0.0.1:{}/%2f", broker.port), lapin::ConnectionProperties::default()).await.expect("it lets us in");
    let channel = connection.create_channel().await.expect("there is room");
    let publish = async |number: u32| {
        let value = if number == 1_234 { 99.0 } else { f64::from(number % 7) };
        let text = format!("{{\"h\": {value}}}");
        channel
            .basic_publish("amq.topic".into(), "plant.one.level".into(), BasicPublishOptions::default(), text.as_bytes(), lapin::BasicProperties::default())
            .await
            .expect("it is taken");
    };
    let (mut count, mut most) = (0, 0.0_f64);
    let take = |line: &str, count: &mut u64, most: &mut f64| {
        for row in line.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).flat_map(|value| value["s"].as_array().cloned().unwrap_or_default()) {
            *count += row[5].as_u64().unwrap_or(0);
            *most = most.max(row[3].as_f64().unwrap_or(0.0));
        }
    };
    use futures_util::StreamExt;
    // Until the first arrives, nobody may be bound yet.
    for _ in 0..100 {
        publish(0).await;
        if let Ok(Some(line)) = tokio::time::timeout(std::time::Duration::from_millis(300), lines.next()).await {
            take(&line, &mut count, &mut most);
        }
        if count > 0 {
            break;
        }
    }
    assert!(count > 0, "what is published arrives");
    let before = count;
    for number in 1..=3_000 {
        publish(number).await;
    }
    while let Ok(Some(line)) = tokio::time::timeout(std::time::Duration::from_secs(3), lines.next()).await {
        take(&line, &mut count, &mut most);
    }
    assert!(count - before >= 3_000, "{count} of them arrived");
    assert!((most - 99.0).abs() < 1e-9, "the peak is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn influx() {
    let Some(database) = influxdb(PASSWORD).await else { return };
    told_apart(Kind::Influxdb, "http", database.port, "", " 1.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let Some(database) = postgresql(PASSWORD).await else { return };
    told_apart(Kind::Postgresql, "postgresql", database.port, "/postgres", " 1").await;
}

/// What answers and is something else is named so.
#[tokio::test(flavor = "multi_thread")]
async fn something_else_at_the_address() {
    let app = axum::Router::new().fallback(|| async { "hello" });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it has one").port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    for (kind, scheme, words) in [
        (Kind::Influxdb, "http", "no InfluxDB"),
        (Kind::Grafana, "http", "no Grafana"),
        (Kind::Mongodb, "mongodb", "cannot be talked to"),
        (Kind::Mqtt, "mqtt", "cannot be talked to"),
    ] {
        let found = health(kind, &format!("{scheme}://127.0.0.1:{port}"), PASSWORD).await;
        assert!(matches!(&found, Health::Down(text) | Health::Slow(text) if text.contains(words) || text.contains("did not answer")), "{found:?}");
    }
    assert!(matches!(health(Kind::Http, &format!("http://127.0.0.1:{port}"), PASSWORD).await, Health::Up(_)));
}
