use super::ConfigFile;

/// Find out why a registry does not work, and what to do about it
///
/// Checks, one after the other: proxy settings, DNS, TCP, TLS, HTTP, the challenge, credentials, the token, the catalog and
/// its pages; with a repository its tags, whether they can be pulled and deleted; the clock and rate limits. A check that
/// fails is followed by its cause and remedy; `-v` also shows what else was seen by those that passed, such as certificates.
///
/// Nothing is changed. Whether manifests can be deleted is asked with the digest of nothing. Credentials are sent where every
/// command sends them, and nowhere else. The exit code is that of the first check that fails.
///
/// RLS_ROOT is where the files of the whole machine are, /etc/docker, /etc/containerd, /etc/rancher and the like, for every
/// command; / unless it is set. In a debug container on a Kubernetes node it is /host.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls doctor registry.corp:5000
  rls doctor registry.corp:5000/team/app --push
  rls doctor registry.corp:5000/team/app:1.4.0
  rls doctor docker.io/library/alpine -o json")]
pub struct DoctorArgs {
    /// The registry, and one of its repositories, with the tag to pull
    ///
    /// With --registry it is a repository alone. Where RLS_REGISTRY or the configuration file names a registry, it is a
    /// repository too unless its first component looks like a host: one with a dot, a colon or an upper-case letter, or
    /// localhost.
    #[arg(value_name = "REGISTRY[/REPO][:TAG]")]
    pub place: Option<String>,

    /// Also find out whether the repository can be pushed to: begins an upload and gives it up (GitLab makes a repository)
    #[arg(long)]
    pub push: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
