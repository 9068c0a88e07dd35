use registry_ls::auth::Action;

use super::global::ConfigFile;

/// Find out why a registry does not work, and how to fix it
///
/// Checks in this order: proxy settings, DNS, TCP, TLS, HTTP, the authentication challenge, credentials, the token, the
/// catalog and its pagination; with a repository also its tags and whether they can be pulled and deleted; clock and
/// rate limits. A failed check is followed by its cause and remedies; `-v` also shows details of the checks that
/// passed, such as certificates.
///
/// Nothing is changed: whether manifests can be deleted is tested with the digest of empty content. Credentials are
/// sent only where other commands send them. The exit code is that of the first failed check; permissions that are not
/// needed to pull count only with --need.
///
/// Then one line for each client on this machine (docker, podman, containerd, k3s, rke2; `-v` for all): whether it
/// trusts the registry and has credentials for it, in which file, and what would fix it. It does not change the exit
/// code.
///
/// RLS_ROOT is the root directory of system files such as /etc/docker, /etc/containerd and /etc/rancher, for every
/// command [default: /]. In a debug container on a Kubernetes node, set RLS_ROOT=/host.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls doctor registry.corp:5000
  rls doctor registry.corp:5000/team/app --need push --need delete
  rls doctor registry.corp:5000/team/app:1.4.0
  rls doctor docker.io/library/alpine -o json
  docker pull registry.corp:5000/team/app 2>&1 | rls doctor --explain -")]
pub struct DoctorArgs {
    /// The registry, optionally with a repository and a tag to check
    ///
    /// With --registry it is only a repository. If RLS_REGISTRY or the configuration file sets a registry, it is also a
    /// repository unless its first component looks like a host: contains a dot, a colon or an upper-case letter, or is
    /// localhost.
    #[arg(value_name = "REGISTRY[/REPO][:TAG]")]
    pub place: Option<String>,

    /// Fail if this is not permitted [default: pull]
    ///
    /// Permissions that are not needed are reported, and are not failures. `push` starts an upload and cancels it
    /// (GitLab creates the repository); it is not checked unless it is needed.
    #[arg(long, value_name = "PERMISSION", value_enum)]
    pub need: Vec<Need>,

    /// Explain an error text of docker, podman, containerd, kubelet, skopeo or crane, without contacting a registry
    ///
    /// `-` reads it from standard input.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with_all = ["place", "need", "push"])]
    pub explain: Option<String>,

    /// Same as --need push
    #[arg(long)]
    pub push: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// `--need PERMISSION`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Need {
    /// Pull from the repository
    Pull,
    /// Push to the repository
    Push,
    /// Delete manifests of the repository
    Delete,
    /// List repositories
    Catalog,
}

impl From<Need> for Action {
    fn from(need: Need) -> Self {
        match need {
            Need::Pull => Self::Pull,
            Need::Push => Self::Push,
            Need::Delete => Self::Delete,
            Need::Catalog => Self::Catalog,
        }
    }
}
