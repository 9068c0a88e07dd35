use std::path::PathBuf;

use registry_ls::trust::ClientProgram;

use super::file::secret_file;
use super::global::ConfigFile;

/// Show the certificates of a registry, save its CA where clients look
///
/// Shows the chain with names, dates and fingerprints, whether it is trusted here and why not, which certificate
/// clients need to trust it, and the file in which rls looks for it. Only a TLS handshake is made; no credentials are
/// sent.
///
/// With --write the CA is saved where the chosen client looks. A certificate that is not trusted yet must be accepted,
/// by --fingerprint or on the terminal; verify the fingerprint with the registry's administrator. One that is already
/// trusted, with --ca-file for instance, or that comes from --from-secret needs no confirmation.
///
/// RLS_ROOT is the root directory of system files such as /etc/docker, for reading and writing.
///
/// With --check no registry is contacted: it identifies PEM files, which key belongs to which certificate, and where
/// each file belongs. For other forms (DER, PKCS #7, PKCS #12, Kubernetes secrets, encrypted keys) it prints the
/// command that converts them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls trust registry.corp:5000
  rls trust registry.corp:5000 --write --fingerprint sha256:9b1f...
  rls trust registry.corp:5000 --ca-file corp-root.pem --write docker
  rls trust registry.corp:5000 --from-secret secret.yaml --write k3s
  rls trust registry.corp:5000 --pem > ca.crt
  rls trust --check /etc/letsencrypt/live/registry.corp/*.pem")]
pub struct TrustArgs {
    /// The registry; the default registry if omitted, Docker Hub after a question
    #[arg(value_name = "REGISTRY")]
    pub named: Option<String>,

    /// Accept the certificate with this SHA-256, as `openssl x509 -noout -fingerprint -sha256` prints it
    ///
    /// It may be that of the CA, or that of the server, whose CA is then accepted as well.
    #[arg(long, value_name = "SHA256", value_parser = parse_fingerprint)]
    pub fingerprint: Option<[u8; 32]>,

    /// Write the CA where CLIENT looks [default: rls]
    #[arg(long, value_name = "CLIENT", value_enum, num_args = 0..=1, default_missing_value = "rls")]
    pub write: Option<ClientName>,

    /// Replace a different certificate in the same place
    #[arg(long, requires = "write")]
    pub force: bool,

    /// Take the CA from a Kubernetes secret (ca.crt, tls.crt), in YAML or JSON
    #[arg(long, value_name = "FILE", value_parser = secret_file(), conflicts_with = "fingerprint")]
    pub from_secret: Option<PathBuf>,

    /// Print the certificate that clients need as PEM, and nothing else
    #[arg(long, conflicts_with = "write")]
    pub pem: bool,

    /// Identify files with certificates and keys, and where each belongs
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["fingerprint", "write", "from_secret", "pem"])]
    pub check: Vec<PathBuf>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// `--write CLIENT`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ClientName {
    /// This program
    Rls,
    /// Docker daemon
    Docker,
    /// Podman, skopeo, buildah, CRI-O
    Podman,
    /// containerd, also under Kubernetes
    Containerd,
    /// k3s and rke2
    K3s,
}

impl From<ClientName> for ClientProgram {
    fn from(name: ClientName) -> Self {
        match name {
            ClientName::Rls => Self::Own,
            ClientName::Docker => Self::Docker,
            ClientName::Podman => Self::Podman,
            ClientName::Containerd => Self::Containerd,
            ClientName::K3s => Self::K3s,
        }
    }
}

impl From<ClientProgram> for ClientName {
    fn from(client: ClientProgram) -> Self {
        match client {
            ClientProgram::Own => Self::Rls,
            ClientProgram::Docker => Self::Docker,
            ClientProgram::Podman => Self::Podman,
            ClientProgram::Containerd => Self::Containerd,
            ClientProgram::K3s => Self::K3s,
        }
    }
}

impl ClientName {
    /// The name as on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rls => "rls",
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Containerd => "containerd",
            Self::K3s => "k3s",
        }
    }
}

/// Parses 64 hexadecimal digits, with optional colons and an optional `sha256:` or `sha256 Fingerprint=` in front.
fn parse_fingerprint(text: &str) -> Result<[u8; 32], String> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.strip_prefix("sha256").unwrap_or(&lower);
    let digits = digits.rsplit_once("fingerprint=").map_or(digits, |(_, digits)| digits);
    let digits: String = digits.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    let mut bytes = [0; 32];
    hex::decode_to_slice(&digits, &mut bytes).map_err(|_| {
        "expected the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons".to_owned()
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_may_be_written_in_every_usual_way() {
        let digits = "ab".repeat(32);
        let colons = ["AB"; 32].join(":");
        for text in [
            digits.clone(),
            format!("sha256:{digits}"),
            format!("SHA256:{}", digits.to_uppercase()),
            colons.clone(),
            format!("sha256 Fingerprint={colons}"),
            format!("SHA256 Fingerprint={colons}\n"),
        ] {
            assert_eq!(parse_fingerprint(&text), Ok([0xab; 32]), "{text}");
        }
        for text in ["", "sha256:", &digits[2..], "sha1:abab", &format!("{digits}ab"), &"xy".repeat(32)] {
            let error = parse_fingerprint(text).expect_err(text);
            assert!(error.starts_with("expected the SHA-256 of a certificate"), "{error}");
        }
    }
}
