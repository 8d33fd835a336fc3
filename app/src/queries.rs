//! One async function per question that a page asks; the only readers of the API.

pub mod ahead;
#[cfg(any(feature = "hydrate", test))]
pub mod badges;
pub mod changes;
pub mod checks;
pub mod compare;
pub mod copy;
pub mod dashboard;
pub mod early;
pub mod embed;
pub mod fan;
pub mod federated;
pub mod history;
pub mod library;
pub mod parts;
pub mod results;
pub mod run;
pub mod run_log;
pub mod runs;
pub mod schedules;
pub mod search;
pub mod service;
pub mod start;
#[cfg(any(feature = "hydrate", test))]
pub mod traits;
pub mod twin;
pub mod workspace;

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::problem::Problem;

/// Where a question stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Load<T> {
    /// No answer yet.
    Loading,
    /// The answer.
    Ready(T),
    /// No answer, and why.
    Failed(Problem),
}

/// A question that is asked again when what it depends on changes.
pub struct Query<T: Send + Sync + 'static> {
    /// Where it stands.
    pub state: RwSignal<Load<T>>,
    again: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Clone for Query<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Query<T> {}

impl<T: Clone + Send + Sync + 'static> Query<T> {
    /// Asks again; what is shown stays until the answer comes.
    pub fn refresh(self) {
        self.again.update(|count| *count += 1);
    }

    /// The answer, if it is there.
    #[must_use]
    pub fn get(self) -> Option<T> {
        match self.state.get() {
            Load::Ready(value) => Some(value),
            _ => None,
        }
    }
}

/// Asks `question` with `key`, in the browser only, again whenever `key` changes. An answer that
/// comes after a newer question is dropped.
pub fn ask<K, T, F>(key: impl Fn() -> K + 'static, question: impl Fn(K) -> F + Copy + 'static) -> Query<T>
where
    K: PartialEq + Clone + 'static,
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, Problem>> + 'static,
{
    let state = RwSignal::new(Load::Loading);
    let again = RwSignal::new(0);
    let newest = StoredValue::new(0_u32);
    Effect::new(move |before: Option<K>| {
        let _ = again.get();
        let key = key();
        let other = before.is_some_and(|before| before != key);
        start(state, newest, other, question(key.clone()));
        key
    });
    Query { state, again }
}

fn start<T: Send + Sync + 'static>(state: RwSignal<Load<T>>, newest: StoredValue<u32>, other: bool, answer: impl Future<Output = Result<T, Problem>> + 'static) {
    let number = newest.try_update_value(|number| {
        *number += 1;
        *number
    });
    if other {
        state.set(Load::Loading);
    }
    spawn_local(async move {
        let outcome = answer.await;
        if newest.try_get_value() == number {
            let _ = state.try_set(match outcome {
                Ok(value) => Load::Ready(value),
                Err(problem) => Load::Failed(problem),
            });
        }
    });
}
