//! Hints for logins, permissions, and catalogs that registries keep to themselves.

use registry_ls::auth::{Action, Permission};
use registry_ls::error::{Denial, Error, Identity, Refuser};

use super::super::near_miss::near_miss_remedy;
use super::context::{HintContext, LoginSource};

use crate::command_line::rls;

impl HintContext {
    pub(super) fn log_in(&self, error: &Error) -> String {
        let login = self.login_remedy();
        match error.near_misses() {
            [] => login,
            [near_miss, ..] => near_miss_remedy(near_miss, &login),
        }
    }

    /// How to log in, where the credentials of this run do not suffice.
    pub fn login_remedy(&self) -> String {
        let name = self.name();
        match &self.login {
            LoginSource::Stored | LoginSource::Given => {
                format!("run '{}', or set RLS_USERNAME and RLS_PASSWORD", self.login())
            }
            LoginSource::AuthFile(file) => {
                format!("use -u NAME, or a file with credentials for {name} instead of {file}")
            }
            LoginSource::Anonymous => "remove --anonymous to use stored credentials, or use -u NAME".to_owned(),
            LoginSource::Ignored(source) => {
                format!("use -r {}; {source} is sent only to a registry that -r or RLS_REGISTRY names", self.typed())
            }
        }
    }

    pub(super) fn denied(&self, denial: &Denial, error: &Error) -> String {
        if error.reply().is_some_and(|reply| matches!(reply.status, 409 | 412)) {
            return "check the rules of the registry, such as one for immutable tags".to_owned();
        }
        if let Refuser::OtherServer(place) = &denial.by {
            return format!("the registry redirects to {place}, which must allow access to the redirected URL");
        }
        let Some(identity) = &denial.identity else {
            let catalog = denial.permission.as_ref().is_some_and(|right| right.action == Action::Catalog);
            return match self.login {
                _ if catalog => self.no_catalog(),
                LoginSource::Given => format!(
                    "{} did not ask for the user name and password of this run; ask its administrator for access",
                    self.name()
                ),
                _ => self.log_in(error),
            };
        };
        if has_expired_at_ecr(identity, error) {
            return "ECR passwords expire after 12 hours; run 'aws ecr get-login-password' for a new one".to_owned();
        }
        let is_forbidden = error.reply().is_some_and(|reply| reply.status == 403);
        if is_forbidden && matches!(denial.by, Refuser::TokenServer(_)) {
            return "ask the registry's administrator for access, or use -u NAME to log in as another user".to_owned();
        }
        let password = format!("check the user name and password from {}", identity.source);
        match (&denial.by, &denial.permission) {
            (Refuser::TokenServer(_), _) | (_, None) => format!("{password}, or use -u NAME"),
            (_, Some(Permission { action: Action::Catalog, .. })) if denial.accepted => self.no_catalog(),
            (_, Some(Permission { action: Action::Catalog, .. })) => format!("{password}; {}", self.no_catalog()),
            (_, Some(Permission { action, repository: Some(repository) })) if denial.accepted => {
                let check = if *action == Action::Pull { "check the name, or " } else { "" };
                format!("{check}request {action} permission on {repository}; -u NAME logs in as another user")
            }
            (_, Some(Permission { action, repository: Some(repository) })) => {
                format!("{password}, or request {action} permission on {repository}; -u NAME logs in as another user")
            }
            _ => "use -u NAME to log in as another user".to_owned(),
        }
    }

    /// What to use instead of the catalog.
    pub(super) fn no_catalog(&self) -> String {
        self.known_catalog().unwrap_or_else(|| {
            format!(
                "many registries show their catalog to administrators only; '{}' works without it",
                rls("tags REPO")
            )
        })
    }

    /// The same for hosted registries, which never list repositories.
    pub(super) fn known_catalog(&self) -> Option<String> {
        let is_gitlab = self.registry.as_ref().is_some_and(|registry| registry.host().contains("gitlab"));
        let tags = |repository: &str| rls(format_args!("tags {repository}"));
        Some(if self.is_docker_hub() {
            format!(
                "Docker Hub has no catalog; find repositories on hub.docker.com, then run '{}'",
                tags("NAMESPACE/NAME")
            )
        } else if self.is_at("ghcr.io") {
            format!(
                "GHCR has no catalog; find packages on github.com/OWNER?tab=packages, then run '{}'",
                tags("ghcr.io/OWNER/NAME")
            )
        } else if self.is_at("pkg.dev") || self.is_at("gcr.io") {
            format!(
                "run 'gcloud artifacts docker images list LOCATION-docker.pkg.dev/PROJECT/REPOSITORY' to list images, \
                 '{}' to list their tags",
                tags("LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE")
            )
        } else if self.is_at("quay.io") {
            format!("find repositories on quay.io, then run '{}'", tags("quay.io/NAMESPACE/NAME"))
        } else if is_gitlab {
            format!(
                "find a project's repositories in GitLab under Deploy > Container registry or with GET \
                 /projects/:id/registry/repositories, then run '{}'",
                tags("REPO")
            )
        } else {
            return None;
        })
    }
}

/// Whether a password of Amazon ECR has expired; only the text of the response says so.
fn has_expired_at_ecr(identity: &Identity, error: &Error) -> bool {
    let mut errors = error.reply().into_iter().flat_map(|reply| &reply.errors);
    identity.username.as_deref() == Some("AWS") && errors.any(|error| error.message.contains("token has expired"))
}
