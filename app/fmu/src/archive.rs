//! The zip around it, read without trust.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::card::Card;
use crate::description;

/// An FMU with more entries is not read. The largest of public examples has some hundreds.
pub const MOST_ENTRIES: usize = 5_000;
/// A description that is longer when unpacked is not read, in bytes.
pub const MOST_DESCRIPTION: u64 = 64 * 1024 * 1024;

/// Why an FMU could not be read; each is a sentence for a person, without its subject's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are no zip, or not all of one.
    #[error("This is no FMU: it is not a complete zip archive ({0}). It may have been cut off on its way.")]
    NoZip(String),
    /// Git LFS keeps it elsewhere.
    #[error("This is a Git LFS pointer, not the FMU itself: fetch it with `git lfs pull`.")]
    Pointer,
    /// Too many entries.
    #[error("This FMU has {0} entries, more than the {MOST_ENTRIES} that are read.")]
    Entries(usize),
    /// A path that leaves the archive.
    #[error("This FMU holds the path “{0}”, which leads out of the archive. Do not unpack it.")]
    Traversal(String),
    /// Nothing that describes a model.
    #[error("This zip archive is no FMU: it has no modelDescription.xml.")]
    NoDescription,
    /// It unpacks to too much.
    #[error("The modelDescription.xml of this FMU unpacks to more than {} MB and is not read.", MOST_DESCRIPTION / 1024 / 1024)]
    Large,
    /// It is written in a way that is not supported.
    #[error("The modelDescription.xml of this FMU cannot be unpacked ({0}).")]
    Packed(String),
    /// It is no XML, or not the standard's.
    #[error("The modelDescription.xml of this FMU cannot be read: {0}.")]
    Description(String),
}

/// Why a zip cannot be read, in words of our own.
fn of_zip(error: &ZipError) -> String {
    match error {
        ZipError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        other => other.to_string().trim_end_matches('.').to_lowercase(),
    }
}

/// Whether a path stays inside the folder it is unpacked to.
fn stays(path: &str) -> bool {
    let bare = !path.starts_with(['/', '\\']) && !path.contains(['\0', ':']);
    bare && path.split(['/', '\\']).all(|part| part != "..")
}

/// Reads the bytes of an FMU.
///
/// # Errors
/// A sentence for a person; hostile and broken archives end there too.
pub fn read(bytes: &[u8]) -> Result<Card, Error> {
    if bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Err(Error::Pointer);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| Error::NoZip(of_zip(&error)))?;
    if archive.len() > MOST_ENTRIES {
        return Err(Error::Entries(archive.len()));
    }
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    if let Some(name) = names.iter().find(|name| !stays(name)) {
        return Err(Error::Traversal(name.chars().take(80).collect()));
    }
    let file = match archive.by_name("modelDescription.xml") {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Err(Error::NoDescription),
        Err(error) => return Err(Error::Packed(of_zip(&error))),
    };
    let mut text = Vec::new();
    // The size that the archive claims may be a lie, so what comes out is counted.
    file.take(MOST_DESCRIPTION + 1).read_to_end(&mut text).map_err(|error| Error::Packed(error.to_string()))?;
    if text.len() as u64 > MOST_DESCRIPTION {
        return Err(Error::Large);
    }
    let mut card = read_description(&text)?;
    let below = |name: &String| name.strip_prefix("binaries/").and_then(|rest| rest.split_once('/')).filter(|(_, file)| !file.is_empty()).map(|(folder, _)| folder.to_owned());
    card.platforms = names.iter().filter_map(below).collect::<BTreeSet<_>>().into_iter().collect();
    card.sources = names.iter().any(|name| name.strip_prefix("sources/").is_some_and(|file| !file.is_empty()));
    Ok(card)
}

/// Reads a `modelDescription.xml` alone; platforms and sources stay unknown.
///
/// # Errors
/// [`Error::Description`].
pub fn read_description(text: &[u8]) -> Result<Card, Error> {
    description::parse(text).map_err(Error::Description)
}
