//! What a query may cost. The formula is GitLab's (`app/graphql/types/base_field.rb`): a field
//! costs one and its children; one that reads git one more; a connection as much more as it asks
//! for entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::{ServerError, ValidationResult, async_trait};

use crate::auth::Caller;

/// The most of a page, and what one gets without asking.
pub const PAGE: i32 = 100;

/// What `first` entries cost whose fields cost `child`; `git` for those read from a repository.
pub fn connection(child: usize, first: Option<i32>, git: usize) -> usize {
    let entries = usize::try_from(first.unwrap_or(PAGE).clamp(0, PAGE)).unwrap_or(100);
    (child + 2 + git) * (100 + entries) / 100
}

/// What the queries of a request have cost so far.
pub struct Spent {
    limit: usize,
    sum: AtomicUsize,
}

impl Spent {
    /// Nothing yet, within what this caller may spend.
    pub fn of(caller: &Caller) -> Self {
        let limit = caller.person().map_or(200, |person| if person.admin { 300 } else { 250 });
        Self { limit, sum: AtomicUsize::new(0) }
    }

    /// So far.
    pub fn score(&self) -> usize {
        self.sum.load(Ordering::Relaxed)
    }

    /// At most.
    pub fn limit(&self) -> usize {
        self.limit
    }
}

/// Refuses what costs too much before any of it is done.
pub struct Cost;

impl ExtensionFactory for Cost {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Check)
    }
}

struct Check;

#[async_trait::async_trait]
impl Extension for Check {
    async fn validation(&self, context: &ExtensionContext<'_>, next: NextValidation<'_>) -> Result<ValidationResult, Vec<ServerError>> {
        let result = next.run(context).await?;
        let Some(spent) = context.data_opt::<Arc<Spent>>() else { return Ok(result) };
        let sum = spent.sum.fetch_add(result.complexity, Ordering::Relaxed) + result.complexity;
        if sum > spent.limit {
            return Err(vec![ServerError::new(format!("Query has complexity of {sum}, which exceeds max complexity of {}", spent.limit), None)]);
        }
        Ok(result)
    }
}
