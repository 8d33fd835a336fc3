//! A value that views follow, for types that are not compared and not sent anywhere. Each type of
//! signal brings a copy of all that signals can do; of these only the values differ.

use leptos::prelude::*;

/// The value, and a count of its changes.
pub struct Cell<T: 'static> {
    value: StoredValue<T, LocalStorage>,
    changes: RwSignal<u32>,
}

impl<T> Clone for Cell<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Cell<T> {}

impl<T> Cell<T> {
    /// With this value.
    pub fn new(value: T) -> Self {
        Self { value: StoredValue::new_local(value), changes: RwSignal::new(0) }
    }

    /// Sets it; `false` when whoever made it is gone.
    pub fn set(self, value: T) -> bool {
        self.value.try_set_value(value).is_none() && self.changes.try_update(|changes| *changes = changes.wrapping_add(1)).is_some()
    }

    /// Looks at it without following it; nothing when whoever made it is gone.
    pub fn peek<R>(self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.value.try_with_value(look)
    }

    /// Looks at it and follows it.
    pub fn with<R>(self, look: impl FnOnce(&T) -> R) -> R {
        self.changes.track();
        self.value.with_value(look)
    }

    /// Follows it.
    pub fn track(self) {
        self.changes.track();
    }
}
