//! Runs: what a pipeline and its child amount to, and lengths of time in words.

/// What state a run is in, in the few words that people need. From GitLab's own words, which stay
/// beside it on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Not begun.
    Waiting,
    /// Going on.
    Active,
    /// Ended well.
    Good,
    /// Ended badly.
    Bad,
    /// Ended by somebody, or never needed.
    Neutral,
    /// Waits for a person.
    Asks,
}

/// The tone of one of GitLab's words for a state.
#[must_use]
pub fn tone(status: &str) -> Tone {
    match status {
        "running" | "canceling" => Tone::Active,
        "success" => Tone::Good,
        "failed" => Tone::Bad,
        "canceled" | "skipped" => Tone::Neutral,
        "manual" => Tone::Asks,
        _ => Tone::Waiting,
    }
}

/// One of GitLab's words for a state, as people read it.
#[must_use]
pub fn word(status: &str) -> &str {
    match status {
        "created" => "Created",
        "waiting_for_resource" => "Waiting for resource",
        "waiting_for_callback" => "Waiting for callback",
        "preparing" => "Preparing",
        "pending" => "Pending",
        "running" => "Running",
        "success" => "Passed",
        "failed" => "Failed",
        "canceling" => "Cancelling",
        "canceled" => "Cancelled",
        "skipped" => "Skipped",
        "manual" => "Manual",
        "scheduled" => "Scheduled",
        other => other,
    }
}

/// GitLab's word for why a job failed, as a sentence with a next step.
#[must_use]
pub fn reason(word: &str) -> &'static str {
    match word {
        "script_failure" => "A command of the script failed. The last lines of its log say which.",
        "job_execution_timeout" | "stuck_or_timeout_failure" => "It took longer than it may. Raise `timeout` in the twin's CI file, or make it faster.",
        "runner_system_failure" | "runner_interrupted" => "The runner failed, not the twin. Run it again; if it stays, the log names the cause.",
        "downstream_pipeline_creation_failed" => "The twin's own pipeline could not be made. Its CI file has an error, or no job for this branch.",
        "missing_dependency_failure" => "Artifacts that it needs are gone. Run the jobs before it again.",
        "no_matching_runner" => "No runner has the tags that it asks for.",
        "trace_size_exceeded" => "Its log grew larger than the backend allows.",
        "user_blocked" => "The account that started it is blocked.",
        _ => "The backend gives no clearer reason. The end of the log may.",
    }
}

/// What a pinned run's name begins with.
const PIN: &str = "★ ";

/// What people wrote of a run in its pipeline's name: whether it is pinned, and the note.
#[must_use]
pub fn note(name: &str) -> (bool, &str) {
    name.strip_prefix(PIN).or_else(|| name.strip_prefix(PIN.trim_end())).map_or((false, name), |words| (true, words))
}

/// The pipeline's name for a note.
#[must_use]
pub fn named(pinned: bool, words: &str) -> String {
    let words = words.trim();
    if pinned { format!("{PIN}{words}").trim_end().to_owned() } else { words.to_owned() }
}

/// Seconds as `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let total = seconds.max(0.0).round() as u64;
    match total {
        0..60 => format!("{total} s"),
        60..3_600 => format!("{} min {} s", total / 60, total % 60),
        3_600..86_400 => format!("{} h {} min", total / 3_600, total % 3_600 / 60),
        _ => format!("{} d {} h", total / 86_400, total % 86_400 / 3_600),
    }
}

/// How long ago, given seconds: `just now`, `5 min ago`.
#[must_use]
pub fn ago(seconds: f64) -> String {
    let total = seconds.max(0.0) as u64;
    match total {
        0..10 => "just now".to_owned(),
        10..60 => format!("{total} s ago"),
        60..3_600 => format!("{} min ago", total / 60),
        3_600..86_400 => format!("{} h ago", total / 3_600),
        _ => format!("{} d ago", total / 86_400),
    }
}

/// Bytes as `812 B`, `4.1 kB`, `2.0 MB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}
