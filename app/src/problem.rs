//! Any error to what a person should read: what, where, and the next step.

use gitlab::Error;

/// What a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one sentence.
    pub title: String,
    /// What to do about it.
    pub advice: String,
    /// Whether signing in again is what to do.
    pub sign_in: bool,
}

impl Problem {
    /// `wish` says what was wanted, to go on after "could not": "load the library of Aarhus".
    #[must_use]
    pub fn new(error: &Error, wish: &str, instance: &str) -> Self {
        let (why, advice) = match error {
            Error::Unreachable => (format!("{instance} did not answer"), "It may be down, or blocked by a network or proxy between. Try again in a moment.".to_owned()),
            Error::TimedOut => (format!("{instance} took too long"), "It may be busy. Try again in a moment.".to_owned()),
            Error::SignedOut => (format!("you are no longer signed in to {instance}"), "Sign in again, and you come back to this page.".to_owned()),
            Error::Forbidden { message } => (format!("you may not do this on {instance}{}", said(message)), "Ask the owner of the project for a higher role.".to_owned()),
            Error::NotFound { message } => {
                (format!("it is not there, or you may not see it{}", said(message)), format!("Check the address, or ask its owner on {instance} for access."))
            }
            Error::TooMany => (format!("{instance} asks for fewer requests"), "Wait a minute, then try again.".to_owned()),
            Error::Refused { message, .. } => (format!("{instance} refused: {}", message.trim_end_matches('.')), remedy(message)),
            Error::Unreadable { .. } => (
                format!("the answer of {instance} could not be read"),
                "Something between may answer in its place, a proxy's sign-in page for instance. Open the backend in another tab and look.".to_owned(),
            ),
        };
        Self { title: format!("Could not {wish}: {why}."), advice, sign_in: *error == Error::SignedOut }
    }
}

/// GitLab's own words, when they say more than the status does.
fn said(message: &str) -> String {
    let bare = message.is_empty() || message.starts_with("40") && message.len() < 20;
    if bare { String::new() } else { format!(" ({})", message.trim_end_matches('.')) }
}

/// What to do about refusals that have a known cause.
fn remedy(message: &str) -> String {
    let text = if message.contains("pipeline variables") {
        "The project refuses pipeline variables. A maintainer can allow them: Settings, CI/CD, Variables, “Minimum role to use pipeline variables”."
    } else if message.contains("Missing CI config file") {
        "The project has no .gitlab-ci.yml. Add one that triggers the twin's own file."
    } else if message.contains("rules configuration prevented") {
        "No job of .gitlab-ci.yml is for this twin. It needs a trigger job with the rule $DTName == the twin's name."
    } else if message.contains("A file with this name doesn't exist") {
        "Somebody deleted or renamed it meanwhile. Copy what you typed into a new file; it also stays in this browser."
    } else if message.contains("Reference not found") {
        "The branch does not exist in this project. Choose another in the configuration, or push it."
    } else {
        "Put right what it names, then try again."
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::Problem;
    use gitlab::Error;

    /// All sentences at once, to be read as prose in review.
    #[test]
    fn every_sentence() {
        let message = |text: &str| text.to_owned();
        let errors = [
            Error::Unreachable,
            Error::TimedOut,
            Error::SignedOut,
            Error::Forbidden { message: message("403 Forbidden") },
            Error::NotFound { message: message("404 Project Not Found") },
            Error::TooMany,
            Error::Refused { status: 400, message: message("Missing CI config file") },
            Error::Refused { status: 400, message: message("Insufficient permissions to set pipeline variables") },
            Error::Unreadable { reason: message("expected value") },
        ];
        let text: Vec<String> = errors.iter().map(|error| Problem::new(error, "load the library", "Aarhus")).map(|p| format!("{} {}", p.title, p.advice)).collect();
        for sentence in &text {
            assert!(sentence.contains("Aarhus") && sentence.starts_with("Could not load the library: ") && sentence.ends_with('.'), "{sentence}");
        }
        assert!(text[7].contains("Minimum role"));
    }
}
