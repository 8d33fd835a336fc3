//! Clearing up after jobs, which may leave anything: folders thousands deep, folders without rights.

use std::path::Path;
use std::process::{Command, Stdio};

/// Deletes a folder and everything in it, if it is there.
///
/// `rm` does it: the standard library's way takes stack for every level, and a job can make more
/// levels than there is stack.
pub fn remove_tree(folder: &Path) -> std::io::Result<()> {
    let run = |program: &str, args: &[&str]| Command::new(program).args(args).arg("--").arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if run("rm", &["-rf"])?.success() {
        return Ok(());
    }
    // A folder of the job's that its own owner may not enter.
    let _ = run("chmod", &["-R", "u+rwX"])?;
    if run("rm", &["-rf"])?.success() { Ok(()) } else { Err(std::io::Error::other(format!("{} cannot be deleted", folder.display()))) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_of_levels() {
        let root = tempfile::tempdir().expect("a folder");
        let top = root.path().join("top");
        let script = "mkdir \"$0\" && cd \"$0\" && long=$(printf 'd/%.0s' {1..1500}) && for round in 1 2 3 4; do mkdir -p $long && cd -P $long || exit 1; done";
        let made = std::process::Command::new("bash").args(["-c", script]).arg(&top).status().expect("bash");
        assert!(made.success());
        super::remove_tree(&top).expect("gone");
        assert!(!top.exists());
    }
}
