//! Commits: one, many, and the last one to touch a path.

use std::path::Path;

use git2::{Commit, Oid, Repository, Sort};

use super::{GitError, Repo, find_revision};

/// A commit's facts.
#[derive(Debug, Clone)]
pub struct CommitInfo {
    /// Full id.
    pub id: String,
    /// Ids of its parents.
    pub parents: Vec<String>,
    /// The whole message.
    pub message: String,
    /// Who wrote it.
    pub author: Person,
    /// Who committed it.
    pub committer: Person,
}

/// A name, an address and a time with its own offset.
#[derive(Debug, Clone)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// ISO 8601 with milliseconds and the offset of the commit.
    pub date: String,
}

impl From<git2::Signature<'_>> for Person {
    fn from(signature: git2::Signature<'_>) -> Self {
        let when = signature.when();
        let offset = chrono::FixedOffset::east_opt(when.offset_minutes() * 60);
        let date = offset
            .and_then(|offset| chrono::DateTime::from_timestamp(when.seconds(), 0).map(|time| time.with_timezone(&offset)))
            .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, false))
            .unwrap_or_default();
        Self { name: String::from_utf8_lossy(signature.name_bytes()).into_owned(), email: String::from_utf8_lossy(signature.email_bytes()).into_owned(), date }
    }
}

impl From<&Commit<'_>> for CommitInfo {
    fn from(commit: &Commit<'_>) -> Self {
        Self {
            id: commit.id().to_string(),
            parents: commit.parent_ids().map(|id| id.to_string()).collect(),
            message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
            author: commit.author().into(),
            committer: commit.committer().into(),
        }
    }
}

/// What a list of commits is about.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// Where to start; `HEAD` when empty.
    pub revision: String,
    /// Only commits that touch this path.
    pub path: Option<String>,
    /// Seconds since 1970, inclusive.
    pub since: Option<i64>,
    /// Seconds since 1970, inclusive.
    pub until: Option<i64>,
    /// Only of authors whose name or address holds this text.
    pub author: Option<String>,
    /// Every branch instead of one.
    pub all: bool,
    /// First parents only.
    pub first_parent: bool,
    /// How many matching commits to leave out.
    pub skip: usize,
    /// How many to return.
    pub take: usize,
}

fn entry_at(repository: &Repository, commit: &Commit<'_>, path: &Path) -> Option<(Oid, i32)> {
    let _ = repository;
    commit.tree().ok()?.get_path(path).ok().map(|entry| (entry.id(), entry.filemode()))
}

fn author_fits(commit: &Commit<'_>, text: &str) -> bool {
    let author = commit.author();
    [author.name_bytes(), author.email_bytes()].iter().any(|part| String::from_utf8_lossy(part).to_lowercase().contains(&text.to_lowercase()))
}

/// Whether `commit` changed what is at `path`.
fn touches(repository: &Repository, commit: &Commit<'_>, path: &Path) -> bool {
    let own = entry_at(repository, commit, path);
    if commit.parent_count() == 0 {
        return own.is_some();
    }
    commit.parents().all(|parent| entry_at(repository, &parent, path) != own)
}

impl Repo {
    /// One commit.
    pub fn commit(&self, revision: &str) -> Result<CommitInfo, GitError> {
        Ok((&find_revision(&self.open()?, revision)?).into())
    }

    /// Commits, newest first.
    pub fn log(&self, query: &LogQuery) -> Result<Vec<CommitInfo>, GitError> {
        let repository = self.open()?;
        let mut walk = repository.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
        if query.first_parent {
            walk.simplify_first_parent()?;
        }
        if query.all {
            walk.push_glob("refs/heads/*")?;
        } else {
            // `a...b`: what is in one of them only; `a..b`: what is in the second only.
            if let Some((one, other)) = query.revision.split_once("...") {
                let ends = [find_revision(&repository, one)?.id(), find_revision(&repository, other)?.id()];
                ends.iter().try_for_each(|end| walk.push(*end))?;
                repository.merge_bases(ends[0], ends[1]).iter().flat_map(|bases| bases.iter()).try_for_each(|base| walk.hide(*base))?;
            } else {
                match query.revision.split_once("..") {
                    Some((from, to)) => {
                        walk.push(find_revision(&repository, to)?.id())?;
                        walk.hide(find_revision(&repository, from)?.id())?;
                    }
                    None => walk.push(find_revision(&repository, &query.revision)?.id())?,
                }
            }
        }
        let mut found = Vec::new();
        let mut left_out = 0;
        for id in walk {
            let commit = repository.find_commit(id?)?;
            let time = commit.time().seconds();
            let wanted = query.since.is_none_or(|since| time >= since)
                && query.until.is_none_or(|until| time <= until)
                && query.author.as_ref().is_none_or(|text| author_fits(&commit, text))
                && query.path.as_ref().is_none_or(|path| touches(&repository, &commit, Path::new(path)));
            if !wanted {
                continue;
            }
            if left_out < query.skip {
                left_out += 1;
                continue;
            }
            found.push((&commit).into());
            if found.len() >= query.take {
                break;
            }
        }
        Ok(found)
    }

    /// The last commit up to `revision` that touched `path`.
    pub fn last_commit_of(&self, revision: &str, path: &str) -> Result<Option<String>, GitError> {
        let query = LogQuery { revision: revision.to_owned(), path: Some(path.to_owned()), take: 1, ..LogQuery::default() };
        Ok(self.log(&query)?.into_iter().next().map(|commit| commit.id))
    }

    /// The best common ancestor.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, GitError> {
        let repository = self.open()?;
        let (a, b) = (find_revision(&repository, a)?.id(), find_revision(&repository, b)?.id());
        Ok(repository.merge_base(a, b).ok().map(|id| id.to_string()))
    }
}
