//! MQTT, by `rumqttc`: a greeting that shows whether it lets us in, and messages as they come.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS, SubscribeFilter, TlsConfiguration, Transport};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Known;
use super::check::Fault;
use super::stream::Hub;

/// The largest message that is taken, in bytes.
const MOST: usize = 1024 * 1024;
/// Topics that are followed at once, by all who look.
const TOPICS: usize = 1_000;
/// Requests that wait for the connection.
const QUEUE: usize = 64;
/// A connection that broke is made again after so long.
const AGAIN: Duration = Duration::from_secs(2);

fn connection(known: &Known) -> (AsyncClient, EventLoop) {
    let (host, port) = known.place();
    let mut options = MqttOptions::new(format!("twinport-{:016x}", rand::random::<u64>()), host, port);
    options.set_keep_alive(Duration::from_secs(20)).set_max_packet_size(MOST, MOST);
    if let Some((name, password)) = known.login() {
        options.set_credentials(name, password);
    }
    if known.settings.url.starts_with("mqtts") {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls()))));
    }
    AsyncClient::new(options, QUEUE)
}

fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

fn fault(error: &ConnectionError) -> Fault {
    match error {
        ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword) => Fault::Refused("bad user name or password".to_owned()),
        ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized) => Fault::Refused("not authorised".to_owned()),
        ConnectionError::Io(error) => Fault::Broken(error.to_string()),
        error => Fault::Broken(crate::failure::chain(error)),
    }
}

/// Connects, and says goodbye.
pub async fn greet(known: &Known) -> Result<String, Fault> {
    let (client, mut events) = connection(known);
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => break,
            Ok(_) => {}
            Err(error) => return Err(fault(&error)),
        }
    }
    let _ = client.disconnect().await;
    let _ = tokio::time::timeout(Duration::from_millis(200), events.poll()).await;
    Ok(String::new())
}

/// Brings what is published to the topics that `wanted` names to `hub`, until nobody looks any more.
pub async fn follow(known: &Known, hub: &Hub, mut wanted: UnboundedReceiver<String>) {
    let (client, mut events) = connection(known);
    let mut topics: Vec<String> = Vec::new();
    loop {
        tokio::select! {
            topic = wanted.recv() => match topic {
                Some(topic) if topics.contains(&topic) || topics.len() >= TOPICS => {}
                Some(topic) => {
                    let _ = client.try_subscribe(topic.as_str(), QoS::AtMostOnce);
                    topics.push(topic);
                }
                None => return,
            },
            event = events.poll() => match event {
                Ok(Event::Incoming(Packet::Publish(message))) => hub.take(&message.topic, &message.payload),
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    hub.trouble(None);
                    if !topics.is_empty() {
                        let filters = topics.iter().map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtMostOnce));
                        let _ = client.try_subscribe_many(filters);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    hub.trouble(Some(match fault(&error) {
                        Fault::Refused(why) => format!("it does not let us in: {why}"),
                        Fault::Broken(why) => why,
                    }));
                    if hub.is_left() {
                        return;
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            },
        }
        if hub.is_left() {
            let _ = client.disconnect().await;
            return;
        }
    }
}
