//! `[[service]]`: what twins of an instance talk over and write to: brokers, databases, dashboards.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

/// What a service is, by the protocol that it is asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// AMQP 0-9-1.
    Rabbitmq,
    /// MQTT 3.1.1.
    Mqtt,
    /// InfluxDB 1.x or 2, over HTTP.
    Influxdb,
    /// PostgreSQL's own protocol.
    Postgresql,
    /// MongoDB's own protocol.
    Mongodb,
    /// Grafana, over HTTP.
    Grafana,
    /// Anything that answers over HTTP.
    Http,
}

impl Kind {
    /// On screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rabbitmq => "RabbitMQ",
            Self::Mqtt => "MQTT",
            Self::Influxdb => "InfluxDB",
            Self::Postgresql => "PostgreSQL",
            Self::Mongodb => "MongoDB",
            Self::Grafana => "Grafana",
            Self::Http => "HTTP",
        }
    }

    /// Schemes that its address may have, and the port that goes without saying.
    #[must_use]
    pub fn schemes(self) -> (&'static [&'static str], u16) {
        match self {
            Self::Rabbitmq => (&["amqp", "amqps"], 5672),
            Self::Mqtt => (&["mqtt", "mqtts"], 1883),
            Self::Influxdb => (&["http", "https"], 8086),
            Self::Postgresql => (&["postgresql", "postgres"], 5432),
            Self::Mongodb => (&["mongodb"], 27017),
            Self::Grafana => (&["http", "https"], 3000),
            Self::Http => (&["http", "https"], 80),
        }
    }
}

/// One service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// By which twins, federations and dashboards name it.
    pub id: String,
    /// The instance that it serves.
    pub instance: String,
    /// What it is.
    pub kind: Kind,
    /// Its name on screen; what it is when absent.
    pub name: Option<String>,
    /// Where this server reaches it, without a password: `mqtt://broker.lab.example:1883`.
    pub url: String,
    /// Where twins reach it; `url` when absent.
    pub inside: Option<String>,
    /// Where people open it in a browser.
    pub link: Option<String>,
    /// Who it is asked as.
    pub username: Option<String>,
    /// A file with the password, or the token of InfluxDB 2.
    pub password_file: Option<PathBuf>,
    /// The start of the names of the CI variables that twins get: `BROKER` gives `BROKER_HOST`,
    /// `BROKER_PORT`, `BROKER_USER` and `BROKER_PASSWORD`. The id in capitals when absent.
    pub variables: Option<String>,
    /// Whether people may hand its account to projects of theirs as masked CI variables. Whoever is Maintainer of such a
    /// project can read them there, so the account must be one that they may have.
    #[serde(default)]
    pub hand: bool,
    /// Topics that people of the instance may watch, with the wildcards of MQTT (`+`, `#`); none when empty.
    #[serde(default)]
    pub topics: Vec<String>,
    /// The database of InfluxDB 1.x that people of the instance may read.
    pub database: Option<String>,
    /// The organisation and the bucket of InfluxDB 2 that they may read.
    pub organisation: Option<String>,
    /// See `organisation`.
    pub bucket: Option<String>,
    /// Who may use it and how, in words.
    #[serde(default)]
    pub note: String,
}

impl Service {
    /// Where this server reaches it: host and port.
    #[must_use]
    pub fn host_and_port(&self, address: &str) -> Option<(String, u16)> {
        let url = Url::parse(address).ok()?;
        Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default().unwrap_or(self.kind.schemes().1)))
    }

    /// The start of the names of its CI variables.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.variables.clone().unwrap_or_else(|| self.id.to_uppercase().replace('-', "_"))
    }

    /// The first thing that does not fit.
    pub(super) fn check(&self, instances: &[&str]) -> Result<(), String> {
        let id = &self.id;
        if !instances.contains(&self.instance.as_str()) {
            return Err(format!("[[service]] “{id}” names the instance “{}”, which is not there; known are: {}", self.instance, instances.join(", ")));
        }
        let (schemes, port) = self.kind.schemes();
        for address in std::iter::once(&self.url).chain(&self.inside) {
            let bare = |url: &Url| url.password().is_none() && url.username().is_empty() && url.has_host() && schemes.contains(&url.scheme());
            if !Url::parse(address).is_ok_and(|url| bare(&url)) {
                return Err(format!("[[service]] “{id}” has the address “{address}”: write {}://host:{port}, and username and password_file on lines of their own", schemes[0]));
            }
        }
        if let Some(link) = &self.link
            && !Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        {
            return Err(format!("[[service]] “{id}” has the link “{link}”: write an address that browsers open, such as https://grafana.lab.example"));
        }
        if !self.prefix().chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_') {
            return Err(format!("[[service]] “{id}” has variables = “{}”: write capitals, digits and “_”, such as BROKER", self.prefix()));
        }
        Ok(())
    }
}
