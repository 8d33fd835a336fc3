//! `GET /user`.

use serde::Serialize;

use crate::endpoint::{Endpoint, Method, Request, Response, json};
use crate::error::Error;
use crate::ids::UserId;
use crate::record;

record! {
    /// A person, as others see them.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct User {
        /// Number.
        pub id: UserId,
        /// Name for signing in, and the path of the person's project.
        pub username: String,
        /// Name on screen.
        pub name: String,
    }
}

/// Who the token belongs to.
#[derive(Debug, Clone, Copy)]
pub struct CurrentUser;

impl Endpoint for CurrentUser {
    type Output = User;

    fn request(&self) -> Request {
        Request::new(Method::Get, "/user")
    }

    fn decode(&self, response: Response) -> Result<User, Error> {
        json(&response)
    }
}
