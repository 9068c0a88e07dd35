//! The addresses of the OCI distribution API, built from types only.

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::client::Client;
use crate::auth::{Action, Permission};
use crate::error::{Missing, Operation};
use crate::http::{Request, RequestContext};
use crate::name::{Digest, Repository, Target};

/// What a URL of the API names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endpoint<'a> {
    /// `/v2/`
    Base,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list`
    Tags(&'a Repository),
    /// `/v2/<name>/manifests/<tag or digest>`
    Manifest(&'a Repository, Target<'a>),
    /// `/v2/<name>/manifests/<name that the grammar of tags forbids>`
    OtherName(&'a Repository, &'a str),
    /// `/v2/<name>/blobs/<digest>`
    Blob(&'a Repository, &'a Digest),
    /// `/v2/<name>/blobs/uploads/`
    Uploads(&'a Repository),
    /// `/v2/<name>/referrers/<digest>`
    Referrers(&'a Repository, &'a Digest),
}

impl Endpoint<'_> {
    fn path(self) -> String {
        match self {
            Self::Base => "v2/".to_owned(),
            Self::Catalog => "v2/_catalog".to_owned(),
            Self::Tags(repository) => format!("v2/{repository}/tags/list"),
            Self::Manifest(repository, Target::Tag(tag)) => format!("v2/{repository}/manifests/{tag}"),
            Self::Manifest(repository, Target::Digest(digest)) => format!("v2/{repository}/manifests/{digest}"),
            Self::OtherName(repository, name) => {
                format!("v2/{repository}/manifests/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
            }
            Self::Blob(repository, digest) => format!("v2/{repository}/blobs/{digest}"),
            Self::Uploads(repository) => format!("v2/{repository}/blobs/uploads/"),
            Self::Referrers(repository, digest) => format!("v2/{repository}/referrers/{digest}"),
        }
    }

    fn context(self, registry: &str, action: Action) -> RequestContext {
        let (name, right, missing, operation) = match self {
            Self::Base => {
                let name = "the API".to_owned();
                let (missing, operation) = (Missing::Endpoint, Operation::Other);
                return RequestContext { registry: registry.to_owned(), name, permission: None, missing, operation };
            }
            Self::Catalog => ("the catalog".to_owned(), Permission::catalog(), Missing::Endpoint, Operation::Catalog),
            Self::Tags(repository) => {
                (repository.to_string(), Permission::on(repository, action), Missing::Repository, Operation::Tags)
            }
            Self::Manifest(repository, target) => {
                let (missing, deletion) = match target {
                    Target::Tag(_) => (Missing::Tag, Operation::DeleteTag),
                    Target::Digest(_) => (Missing::Manifest, Operation::DeleteManifest),
                };
                let operation = if action == Action::Delete { deletion } else { Operation::Other };
                (target.within(repository), Permission::on(repository, action), missing, operation)
            }
            Self::OtherName(repository, name) => {
                (format!("{repository}:{name}"), Permission::on(repository, action), Missing::Tag, Operation::Other)
            }
            Self::Blob(repository, digest) => {
                let name = format!("blob {digest} of {repository}");
                (name, Permission::on(repository, action), Missing::Blob, Operation::Other)
            }
            Self::Uploads(repository) => {
                (repository.to_string(), Permission::on(repository, action), Missing::Repository, Operation::Other)
            }
            Self::Referrers(repository, digest) => {
                let name = format!("referrers of {repository}@{digest}");
                (name, Permission::on(repository, action), Missing::Endpoint, Operation::Other)
            }
        };
        RequestContext { registry: registry.to_owned(), name, permission: Some(right), missing, operation }
    }
}

impl Client {
    /// A request for an endpoint. The right follows from the method: GET and HEAD pull, DELETE deletes, the rest
    /// pushes.
    pub(crate) fn request(&self, method: Method, endpoint: Endpoint<'_>) -> Request {
        let action = match method {
            Method::GET | Method::HEAD => Action::Pull,
            Method::DELETE => Action::Delete,
            _ => Action::Push,
        };
        let base: Url = self.registry.base();
        let mut url = base.clone();
        // Names are safe in a path by type, so it is set as it is: joining would read `host:5000` as a scheme.
        url.set_path(&format!("{}{}", base.path(), endpoint.path()));
        let context = endpoint.context(&self.registry.to_string(), action);
        Request { is_recheck: self.is_recheck, ..Request::new(method, url, context) }
    }
}
