//! Archives: packed from what a job left, unpacked for the jobs after it, read file by file.
//! Nothing outside the project's folder goes in, nothing outside it is ever written.

use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::ci::job::Artifacts;

/// Why an archive could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk.
    #[error("failed to read or write files")]
    Io(#[from] std::io::Error),
    /// The archive itself.
    #[error("failed to read or write the archive")]
    Zip(#[from] zip::result::ZipError),
    /// More than allowed.
    #[error("the files are larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// No such file inside.
    #[error("no such file in the archive")]
    Missing,
}

impl From<ArchiveError> for crate::error::ApiError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Missing => Self::no_record(),
            ArchiveError::TooLarge(limit) => {
                Self::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, format!("this file is larger than {limit} bytes: download the whole archive instead"))
            }
            other => Self::internal(other),
        }
    }
}

/// A file in an archive.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Path inside.
    pub path: String,
    /// Bytes, unpacked.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
}

fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let clean = pattern.trim_start_matches("./").trim_end_matches('/');
        // A folder stands for everything in it.
        for text in [clean.to_owned(), format!("{clean}/**")] {
            if let Ok(glob) = GlobBuilder::new(&text).literal_separator(true).build() {
                set.add(glob);
            }
        }
    }
    set.build().unwrap_or_default()
}

/// No twin keeps files deeper than this; each level costs stack.
const DEEPEST: usize = 200;

fn walk(root: &Path, folder: &Path, level: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if level > DEEPEST {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            if path != root.join(".git") {
                walk(root, &path, level + 1, found)?;
            }
        } else if kind.is_file() {
            // Links are left out: they could name anything on this machine.
            found.push(path.strip_prefix(root).map(Path::to_owned).unwrap_or_default());
        }
    }
    Ok(())
}

/// Files below `root` that match the patterns, in order.
pub fn collect(root: &Path, patterns: &[String], exclude: &[String]) -> std::io::Result<Vec<PathBuf>> {
    let (wanted, unwanted) = (globs(patterns), globs(exclude));
    let mut files = Vec::new();
    walk(root, root, 0, &mut files)?;
    files.retain(|path| wanted.is_match(path) && !unwanted.is_match(path));
    files.sort();
    Ok(files)
}

/// Packs files below `root` into `target`, whole or not at all; returns its bytes.
pub fn pack(root: &Path, files: &[PathBuf], target: &Path, limit: u64) -> Result<u64, ArchiveError> {
    use std::os::unix::fs::PermissionsExt;
    let part = target.with_extension("part");
    let outcome = (|| {
        let mut archive = ZipWriter::new(std::fs::File::create(&part)?);
        let mut total = 0;
        for path in files {
            let mut file = std::fs::File::open(root.join(path))?;
            let meta = file.metadata()?;
            total += meta.len();
            if total > limit {
                return Err(ArchiveError::TooLarge(limit));
            }
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .unix_permissions(meta.permissions().mode() & 0o777)
                .large_file(meta.len() >= u64::from(u32::MAX));
            archive.start_file(path.to_string_lossy(), options)?;
            std::io::copy(&mut file, &mut archive)?;
        }
        let mut file = archive.finish()?;
        file.flush()?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    })();
    match outcome {
        Ok(size) => {
            std::fs::rename(&part, target)?;
            Ok(size)
        }
        Err(error) => {
            let _ = std::fs::remove_file(&part);
            Err(error)
        }
    }
}

/// Unpacks an archive of ours below `root`; existing links on the way are refused.
pub fn unpack(archive: &Path, root: &Path, limit: u64) -> Result<(), ArchiveError> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut archive = ZipArchive::new(std::fs::File::open(archive)?)?;
    let mut total = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let Some(path) = entry.enclosed_name().filter(|path| path.components().all(|part| matches!(part, Component::Normal(_)))) else { continue };
        total += entry.size();
        if total > limit {
            return Err(ArchiveError::TooLarge(limit));
        }
        let mut folder = root.to_owned();
        for part in path.parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            match folder.symlink_metadata() {
                Ok(meta) if !meta.is_dir() => return Err(ArchiveError::Io(std::io::Error::other("a link or file stands where a folder should be"))),
                Ok(_) => {}
                Err(_) => std::fs::create_dir(&folder)?,
            }
        }
        let target = root.join(&path);
        let _ = std::fs::remove_file(&target);
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&target)?;
        let declared = entry.size();
        std::io::copy(&mut (&mut entry).take(declared), &mut file)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// What is in an archive.
pub fn list(archive: &Path) -> Result<Vec<Listed>, ArchiveError> {
    let mut archive = ZipArchive::new(std::fs::File::open(archive)?)?;
    (0..archive.len())
        .map(|index| {
            let entry = archive.by_index_raw(index)?;
            Ok(Listed { path: entry.name().to_owned(), size: entry.size(), mode: entry.unix_mode().unwrap_or(0o644) & 0o777 })
        })
        .collect()
}

/// One file of an archive.
pub fn read_entry(archive: &Path, path: &str) -> Result<Vec<u8>, ArchiveError> {
    let file = std::fs::File::open(archive).map_err(|_| ArchiveError::Missing)?;
    let mut archive = ZipArchive::new(file)?;
    let mut entry = archive.by_name(path).map_err(|_| ArchiveError::Missing)?;
    if entry.size() > ENTRY_BYTES {
        return Err(ArchiveError::TooLarge(ENTRY_BYTES));
    }
    let mut bytes = Vec::new();
    // The size that the archive claims may be wrong.
    entry.by_ref().take(ENTRY_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How much of a `dotenv` file is read (GitLab's default limit).
const DOTENV_BYTES: u64 = 5 * 1024;
/// How much of a file inside an archive is given out by itself; the whole archive can always be had.
const ENTRY_BYTES: u64 = 256 * 1024 * 1024;

/// Variables in `dotenv` files: `NAME=value` lines.
#[must_use]
pub fn dotenv(root: &Path, artifacts: &Artifacts) -> Vec<(String, String)> {
    let patterns: Vec<String> = artifacts.reports.iter().filter(|(kind, _)| kind == "dotenv").flat_map(|(_, paths)| paths.clone()).collect();
    let files = collect(root, &patterns, &[]).unwrap_or_default();
    let mut pairs = Vec::new();
    for file in files {
        let mut bytes = Vec::new();
        let opened = std::fs::File::open(root.join(file)).and_then(|file| file.take(DOTENV_BYTES).read_to_end(&mut bytes));
        let text = opened.map(|_| String::from_utf8_lossy(&bytes)).unwrap_or_default();
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            if let Some((key, value)) = line.split_once('=') {
                let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if plain && !key.is_empty() {
                    pairs.push((key.to_owned(), value.trim_matches(['"', '\'']).to_owned()));
                }
            }
        }
    }
    pairs
}
