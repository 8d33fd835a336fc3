//! Answers of backends, read no further than anything that they have to say here is long.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use oauth2::reqwest::{Client, Error, Response};
use oauth2::{AsyncHttpClient, HttpClientError, HttpRequest, HttpResponse, http};

/// The longest body, in bytes.
const MOST: usize = 256 * 1024;

/// The body of an answer, or why there is none.
pub async fn body(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| crate::failure::chain(&error))? {
        if body.len() + part.len() > MOST {
            return Err(format!("its answer is longer than {MOST} bytes"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Sends what the crate `oauth2` wants sent.
pub struct Bounded<'a>(pub &'a Client);

impl<'c> AsyncHttpClient<'c> for Bounded<'_> {
    type Error = HttpClientError<Error>;
    type Future = BoxFuture<'c, Result<HttpResponse, Self::Error>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        asked(self.0, request).boxed()
    }
}

async fn asked(client: &Client, request: HttpRequest) -> Result<HttpResponse, HttpClientError<Error>> {
    let answer = client.execute(request.try_into().map_err(Box::new)?).await.map_err(Box::new)?;
    let mut built = http::Response::builder().status(answer.status()).version(answer.version());
    if let Some(headers) = built.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let body = body(answer).await.map_err(HttpClientError::Other)?;
    built.body(body).map_err(HttpClientError::Http)
}
