//! The app: what people see. Server and browser build the same views; only the browser asks
//! backends.

pub mod bootstrap;
pub mod routes;
pub mod shell;
