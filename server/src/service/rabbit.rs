//! RabbitMQ, by `lapin`: a greeting that shows whether it lets us in, and messages of its topic exchange.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Known;
use super::check::Fault;
use super::stream::Hub;
use super::stream::topic::{EXCHANGE, exchange};

/// A connection that broke is made again after so long.
const AGAIN: Duration = Duration::from_secs(2);
/// Whether anybody still looks is asked so often.
const LOOK: Duration = Duration::from_secs(2);
/// Messages that wait in the broker for us; older ones are dropped there.
const MOST: i64 = 10_000;
/// Messages that it sends before it hears that some were taken.
const AHEAD: u16 = 2_000;

async fn connection(known: &Known) -> Result<Connection, Fault> {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (scheme, rest) = known.settings.url.split_once("://").unwrap_or(("amqp", &known.settings.url));
    let who = known.login().map(|(name, password)| format!("{}:{}@", encode(name), encode(password))).unwrap_or_default();
    let host = if rest.contains('/') { rest.to_owned() } else { format!("{rest}/%2f") };
    let options = ConnectionProperties::default().with_connection_name("twinport".into());
    Connection::connect(&format!("{scheme}://{who}{host}"), options).await.map_err(|error| fault(&error))
}

fn fault(error: &lapin::Error) -> Fault {
    match error.kind() {
        // 403, and 530 for a virtual host that one may not enter (AMQP 0-9-1 §1.8).
        ErrorKind::ProtocolError(error) if matches!(error.get_id(), 403 | 530) => Fault::Refused(error.get_message().to_string()),
        ErrorKind::IOError(error) => Fault::Broken(error.to_string()),
        _ => Fault::Broken(error.to_string()),
    }
}

/// Connects, asks for the version, and says goodbye.
pub async fn greet(known: &Known) -> Result<String, Fault> {
    let connection = connection(known).await?;
    let channel = connection.create_channel().await.map_err(|error| fault(&error));
    let _ = connection.close(200, "goodbye".into()).await;
    channel.map(|_| String::new())
}

async fn queue(channel: &Channel) -> Result<String, lapin::Error> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(MOST));
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    Ok(channel.queue_declare("".into(), options, arguments).await?.name().to_string())
}

async fn bind(channel: &Channel, queue: &str, topic: &str) -> Result<(), lapin::Error> {
    let (exchange, key) = exchange(topic);
    channel.queue_bind(queue.into(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default()).await
}

/// Brings the messages of the topics that `wanted` names to `hub`, until nobody looks any more.
pub async fn follow(known: &Known, hub: &Hub, mut wanted: UnboundedReceiver<String>) {
    let mut topics: Vec<String> = Vec::new();
    while !hub.is_left() {
        let why = match once(known, hub, &mut wanted, &mut topics).await {
            Ok(()) => continue,
            Err(Fault::Refused(why)) => format!("it does not let us in: {why}"),
            Err(Fault::Broken(why)) => why,
        };
        hub.trouble(Some(why));
        tokio::time::sleep(AGAIN).await;
    }
}

/// One connection, as long as it lasts.
async fn once(known: &Known, hub: &Hub, wanted: &mut UnboundedReceiver<String>, topics: &mut Vec<String>) -> Result<(), Fault> {
    let connection = connection(known).await?;
    let failed = |error: lapin::Error| fault(&error);
    let channel = connection.create_channel().await.map_err(failed)?;
    let queue = queue(&channel).await.map_err(failed)?;
    for topic in topics.iter() {
        bind(&channel, &queue, topic).await.map_err(failed)?;
    }
    // The broker sends no more than so many ahead: here is no queue that grows.
    channel.basic_qos(AHEAD, BasicQosOptions::default()).await.map_err(failed)?;
    let options = BasicConsumeOptions::default();
    let mut taken = 0_u16;
    let mut messages = channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default()).await.map_err(failed)?;
    hub.trouble(None);
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            topic = wanted.recv() => match topic {
                Some(topic) if !topics.contains(&topic) => {
                    // First of all: a connection that breaks here is made again with it.
                    topics.push(topic.clone());
                    bind(&channel, &queue, &topic).await.map_err(failed)?;
                }
                _ => {}
            },
            message = messages.next() => match message {
                Some(Ok(message)) => {
                    let key = message.routing_key.to_string();
                    let exchange = message.exchange.to_string();
                    let topic = if exchange == EXCHANGE { key } else { format!("{exchange}:{key}") };
                    hub.take(&topic, &message.data);
                    taken += 1;
                    if taken >= AHEAD / 4 {
                        taken = 0;
                        message.ack(BasicAckOptions { multiple: true }).await.map_err(failed)?;
                    }
                }
                Some(Err(error)) => return Err(fault(&error)),
                None => return Err(Fault::Broken("it closed the connection".to_owned())),
            },
            _ = look.tick() => if hub.is_left() {
                let _ = connection.close(200, "goodbye".into()).await;
                return Ok(());
            },
        }
    }
}
