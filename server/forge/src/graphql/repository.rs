//! Trees and files.

use async_graphql::{ComplexObject, Context, ID, Object, Result, SimpleObject};

use super::cost::connection;
use super::fail;
use super::project::{PageInfo, page};
use crate::access::blocking;
use crate::error::ApiError;
use crate::git::files::Entry;
use crate::git::{GitError, Repo};

/// All files of one field together may be so large.
const MOST_BYTES: usize = 20 * 1024 * 1024;

/// A repository whose code the caller may read.
pub struct Repository {
    repo: Repo,
    branch: String,
}

impl Repository {
    /// Of a project with this default branch.
    pub fn new(repo: Repo, branch: String) -> Self {
        Self { repo, branch }
    }

    /// The revision that is meant: `HEAD`, like nothing, is the default branch.
    fn revision(&self, reference: Option<String>) -> String {
        reference.filter(|name| name != "HEAD" && !name.is_empty()).unwrap_or_else(|| self.branch.clone())
    }
}

/// The entries of a folder.
pub struct Tree(Vec<Entry>);

/// One entry.
#[derive(SimpleObject, Clone)]
struct TreeEntry {
    id: ID,
    name: String,
    path: String,
    sha: String,
    flat_path: String,
}

/// Some entries.
#[derive(SimpleObject)]
struct TreeEntryConnection {
    page_info: PageInfo,
    nodes: Vec<TreeEntry>,
}

/// A file.
#[derive(SimpleObject)]
#[graphql(complex)]
struct RepositoryBlob {
    id: ID,
    oid: String,
    name: String,
    path: String,
    size: usize,
    #[graphql(skip)]
    content: Vec<u8>,
}

#[ComplexObject]
impl RepositoryBlob {
    /// Nothing for what is no text.
    #[graphql(complexity = "2")]
    async fn raw_text_blob(&self) -> Option<String> {
        if self.content.contains(&0) { None } else { Some(String::from_utf8_lossy(&self.content).into_owned()) }
    }
}

/// Some files.
#[derive(SimpleObject)]
struct RepositoryBlobConnection {
    page_info: PageInfo,
    nodes: Vec<RepositoryBlob>,
}

impl Tree {
    fn of_kind(&self, kind: &str, first: Option<i32>, after: Option<&str>) -> TreeEntryConnection {
        let entry = |entry: &Entry| TreeEntry {
            id: ID(format!("gid://gitlab/TreeEntry/{}", entry.id)),
            name: entry.name.clone(),
            path: entry.path.clone(),
            sha: entry.id.to_string(),
            flat_path: entry.path.clone(),
        };
        let list = self.0.iter().filter(|entry| entry.kind == kind).map(entry).collect();
        let (nodes, page_info) = page(list, first, after);
        TreeEntryConnection { page_info, nodes }
    }
}

#[Object]
impl Tree {
    #[graphql(complexity = "connection(child_complexity, first, 0)")]
    async fn trees(&self, first: Option<i32>, after: Option<String>) -> TreeEntryConnection {
        self.of_kind("tree", first, after.as_deref())
    }

    #[graphql(complexity = "connection(child_complexity, first, 1)")]
    async fn blobs(&self, first: Option<i32>, after: Option<String>) -> TreeEntryConnection {
        self.of_kind("blob", first, after.as_deref())
    }
}

#[Object]
impl Repository {
    async fn root_ref(&self) -> Option<&str> {
        (!self.repo.is_empty()).then_some(&*self.branch)
    }

    async fn empty(&self) -> bool {
        self.repo.is_empty()
    }

    /// A folder; an absent one is empty, and a repository without commits has none.
    #[graphql(complexity = "child_complexity + 3")]
    async fn tree(&self, path: Option<String>, #[graphql(name = "ref")] reference: Option<String>, recursive: Option<bool>) -> Result<Option<Tree>> {
        let (repo, revision) = (self.repo.clone(), self.revision(reference));
        let read = move || match repo.tree(&revision, &path.unwrap_or_default(), recursive.unwrap_or(false)) {
            Ok(entries) => Ok(Some(Tree(entries))),
            Err(GitError::Path) => Ok(Some(Tree(Vec::new()))),
            Err(GitError::Revision) => Ok(None),
            Err(other) => Err(ApiError::from(other)),
        };
        blocking(read).await.map_err(fail)
    }

    /// Files by path; absent ones are left out.
    #[graphql(complexity = "connection(child_complexity, first, 1) + paths.len()")]
    async fn blobs(
        &self,
        _context: &Context<'_>,
        paths: Vec<String>,
        #[graphql(name = "ref")] reference: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<RepositoryBlobConnection> {
        let (repo, revision) = (self.repo.clone(), self.revision(reference));
        let read = move || -> Result<Vec<RepositoryBlob>, ApiError> {
            let mut found = Vec::new();
            let mut bytes = 0;
            let mut known = std::collections::HashSet::new();
            for path in paths.into_iter().filter(|path| known.insert(path.clone())).take(super::cost::PAGE as usize) {
                match repo.file(&revision, &path) {
                    Ok(file) => {
                        bytes += file.content.len();
                        if bytes > MOST_BYTES {
                            return Err(ApiError::bad("The total size of the blobs is too large"));
                        }
                        let oid = file.blob.to_string();
                        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
                        found.push(RepositoryBlob { id: ID(format!("gid://gitlab/Blob/{oid}")), oid, name, size: file.content.len(), path, content: file.content });
                    }
                    Err(GitError::Path | GitError::Revision) => {}
                    Err(other) => return Err(other.into()),
                }
            }
            Ok(found)
        };
        let (nodes, page_info) = page(blocking(read).await.map_err(fail)?, first, after.as_deref());
        Ok(RepositoryBlobConnection { page_info, nodes })
    }
}
