//! Endpoints as values: what to ask, and how to read the answer. Nothing here does IO.

use serde_json::Value;

use crate::error::Error;
use crate::page::Page;
use crate::record::FromJson;

/// The HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Create or act.
    Post,
    /// Replace.
    Put,
    /// Delete.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Which API of a backend is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// `…/api/v4`
    Rest,
    /// `…/api/graphql`
    Graph,
}

/// One request, relative to the base of both APIs (`…/api`).
#[derive(Debug, Clone)]
pub struct Request {
    /// Which of them.
    pub api: Api,
    /// Method.
    pub method: Method,
    /// Path below the API, encoded, with a leading slash.
    pub path: String,
    /// Query pairs, not yet encoded.
    pub query: Vec<(String, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// First byte wanted, sent as `Range`.
    pub from_byte: Option<u64>,
}

impl Request {
    /// A request without query and body.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { api: Api::Rest, method, path: path.into(), query: Vec::new(), body: None, from_byte: None }
    }

    /// A question to the graph, with this body. It is sent with `POST` and changes nothing.
    #[must_use]
    pub fn graph(body: Value) -> Self {
        Self { api: Api::Graph, body: Some(body), ..Self::new(Method::Post, "") }
    }

    /// Whether it only reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.api == Api::Graph || self.method == Method::Get
    }

    /// Adds a query pair.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.query.push((key.to_owned(), value.to_string()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Path and query, ready to be put after the base.
    #[must_use]
    pub fn url(&self) -> String {
        use crate::ids::segment;
        let pairs: Vec<String> = self.query.iter().map(|(k, v)| format!("{}={}", segment(k), segment(v))).collect();
        let below = match self.api {
            Api::Rest => format!("/v4{}", self.path),
            Api::Graph => "/graphql".to_owned(),
        };
        if pairs.is_empty() { below } else { format!("{below}?{}", pairs.join("&")) }
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Carries requests to one backend, with whatever credentials it has.
#[expect(async_fn_in_trait, reason = "a browser's futures are not Send, so no bound is wanted")]
pub trait Transport {
    /// Sends `request`; an answer of any status is `Ok`.
    async fn send(&self, request: Request) -> Result<Response, Error>;
}

/// Something that can be asked.
pub trait Endpoint {
    /// What the answer means.
    type Output;

    /// The request.
    fn request(&self) -> Request;

    /// Reads a 2xx answer.
    fn decode(&self, response: Response) -> Result<Self::Output, Error>;
}

/// Sends `request`; answers outside 2xx become errors. One copy of it serves every endpoint.
async fn answer(transport: &impl Transport, request: Request) -> Result<Response, Error> {
    let response = transport.send(request).await?;
    if (200..300).contains(&response.status) { Ok(response) } else { Err(Error::from_response(&response)) }
}

/// Asks `endpoint` over `transport`.
pub async fn ask<E: Endpoint>(transport: &impl Transport, endpoint: &E) -> Result<E::Output, Error> {
    endpoint.decode(answer(transport, endpoint.request()).await?)
}

/// Asks for every page of a list, at most `limit` pages; for lists that a view needs whole.
pub async fn ask_all<T, E: Endpoint<Output = Page<T>>>(transport: &impl Transport, endpoint: &E, limit: usize) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    let mut request = endpoint.request();
    for _ in 0..limit {
        let page = endpoint.decode(answer(transport, request.clone()).await?)?;
        items.extend(page.items);
        match page.next {
            Some(next) => request.query = next,
            None => break,
        }
    }
    Ok(items)
}

/// Reads a JSON body.
pub(crate) fn json<T: FromJson>(response: &Response) -> Result<T, Error> {
    T::from_json(&value(response)?)
        .map_err(|name| Error::Unreadable { reason: if name.is_empty() { "it is of another kind".to_owned() } else { format!("“{name}” is missing or of another kind") } })
}

/// The same, as it is.
pub(crate) fn value(response: &Response) -> Result<serde_json::Value, Error> {
    serde_json::from_slice(&response.body).map_err(|error| Error::Unreadable { reason: error.to_string() })
}
