//! The states of pipelines and jobs, by GitLab's names (`app/models/concerns/ci/has_status.rb`).

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A word that this version does not know; shown as it is.
            Other(String),
        }
        impl $name {
            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self { $(Self::$variant => $word,)* Self::Other(word) => word }
            }
        }
        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() { $($word => Self::$variant,)* _ => Self::Other(word) }
            }
        }
        impl crate::record::FromJson for $name {
            fn from_json(value: &serde_json::Value) -> Result<Self, &'static str> { value.as_str().map(Self::from).ok_or("") }
        }
        impl From<&str> for $name {
            fn from(word: &str) -> Self { Self::from(word.to_owned()) }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self { value.as_str().to_owned() }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a pipeline or a job stands.
    Status {
        /// Waits for jobs before it.
        Created = "created",
        /// Waits for its resource group.
        WaitingForResource = "waiting_for_resource",
        /// Prerequisites are being made.
        Preparing = "preparing",
        /// Waits for an answer from outside.
        WaitingForCallback = "waiting_for_callback",
        /// Waits for a runner.
        Pending = "pending",
        /// Runs.
        Running = "running",
        /// Ended well.
        Success = "success",
        /// Ended badly.
        Failed = "failed",
        /// Is being stopped.
        Canceling = "canceling",
        /// Was stopped.
        Canceled = "canceled",
        /// Had no reason to run.
        Skipped = "skipped",
        /// Waits for a person.
        Manual = "manual",
        /// Waits for a point in time.
        Scheduled = "scheduled",
    }
}

impl Status {
    /// Nothing will change any more unless somebody asks (`COMPLETED_STATUSES`).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Canceled | Self::Skipped)
    }

    /// Something is going on, or will without anybody's doing.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.is_complete() && *self != Self::Manual
    }
}
