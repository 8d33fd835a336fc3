//! The shell script that a job becomes. Variables reach it through the environment only; nothing
//! that anybody typed is ever put together into shell text, save the commands themselves.

use std::fmt::Write;

/// A script for bash, or an image's `sh`, that echoes each command in green and stops at the first that fails.
#[must_use]
pub fn step(commands: &[String]) -> String {
    let mut text = String::from("exec 2>&1\nset -e\nif (set -o pipefail) 2>/dev/null; then set -o pipefail; fi\nset +o noclobber\n");
    for command in commands {
        let mut lines = command.lines();
        let first = lines.next().unwrap_or_default();
        let more = if lines.next().is_some() { " # collapsed multi-line command" } else { "" };
        let _ = writeln!(text, "printf '\\033[32;1m%s\\033[0;m\\n' {}", quote(&format!("$ {first}{more}")));
        text.push_str(command);
        text.push('\n');
    }
    text
}

/// `text` as one word of a shell.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn commands_are_echoed_as_they_are() {
        let script = super::step(&["echo 'a $(x)'".to_owned(), "if true\nthen echo b; fi".to_owned()]);
        assert!(script.contains(r"'$ echo '\''a $(x)'\'''"));
        assert!(script.contains("'$ if true # collapsed multi-line command'"));
    }
}
