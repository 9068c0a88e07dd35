use super::global::ConfigFile;

/// Find out why a registry does not work, and how to fix it
///
/// Checks in this order: proxy settings, DNS, TCP, TLS, HTTP, the authentication challenge, credentials, the token, the
/// catalog and its pagination; with a repository also its tags and whether they can be pulled and deleted; clock and
/// rate limits. A failed check is followed by its cause and remedies; `-v` also shows details of the checks that
/// passed, such as certificates.
///
/// Nothing is changed: whether manifests can be deleted is tested with the digest of empty content. Credentials are
/// sent only where other commands send them. The exit code is that of the first failed check.
///
/// RLS_ROOT is the root directory of system files such as /etc/docker, /etc/containerd and /etc/rancher, for every
/// command [default: /]. In a debug container on a Kubernetes node, set RLS_ROOT=/host.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls doctor registry.corp:5000
  rls doctor registry.corp:5000/team/app --push
  rls doctor registry.corp:5000/team/app:1.4.0
  rls doctor docker.io/library/alpine -o json")]
pub struct DoctorArgs {
    /// The registry, optionally with a repository and a tag to check
    ///
    /// With --registry it is only a repository. If RLS_REGISTRY or the configuration file sets a registry, it is also a
    /// repository unless its first component looks like a host: contains a dot, a colon or an upper-case letter, or is
    /// localhost.
    #[arg(value_name = "REGISTRY[/REPO][:TAG]")]
    pub place: Option<String>,

    /// Also check permission to push: starts an upload and cancels it (GitLab creates the repository)
    #[arg(long)]
    pub push: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
