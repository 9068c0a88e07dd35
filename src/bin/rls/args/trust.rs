use std::path::PathBuf;

use registry_ls::trust::ClientProgram;

use super::ConfigFile;

/// Show the certificates a registry presents, save the CA where clients look
///
/// Shows the chain with names, dates and fingerprints, whether it is trusted here and why not, what a client needs to trust
/// it, and the file in which rls would look for that. No credentials are sent, nor anything else above TLS.
///
/// With --write the file is written, where the client of your choice looks. A certificate that is not trusted yet has to be
/// accepted: by its fingerprint, which the registry's operator knows, or by a yes on the terminal. What is already trusted, by
/// --ca-file for instance, and what comes from --from-secret needs no more than that.
///
/// RLS_ROOT is the folder below which the files of the whole machine are, /etc/docker and the like, to read and to write.
///
/// With --check nothing is asked of anybody: it tells what PEM files are, which key belongs to which certificate, and where
/// each goes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls trust registry.corp:5000
  rls trust registry.corp:5000 --write --fingerprint sha256:9b1f...
  rls trust registry.corp:5000 --ca-file corp-root.pem --write docker
  rls trust registry.corp:5000 --from-secret secret.yaml --write k3s
  rls trust registry.corp:5000 -o json | jq -r '.[0].pem' > ca.crt
  rls trust --check /etc/letsencrypt/live/registry.corp/*.pem")]
pub struct TrustArgs {
    /// The registry; the usual one if none is named
    #[arg(value_name = "REGISTRY")]
    pub named: Option<String>,

    /// Accept the certificate with this SHA-256, as `openssl x509 -noout -fingerprint -sha256` prints it
    ///
    /// It may be the CA's, or that of the server, whose word is then taken for its CA.
    #[arg(long, value_name = "SHA256", value_parser = parse_fingerprint)]
    pub fingerprint: Option<[u8; 32]>,

    /// Write the CA where CLIENT looks [default: rls]
    #[arg(long, value_name = "CLIENT", value_enum, num_args = 0..=1, default_missing_value = "rls")]
    pub write: Option<ClientName>,

    /// Replace another certificate that is in its place
    #[arg(long, requires = "write")]
    pub force: bool,

    /// Take the CA from a Kubernetes secret (ca.crt, tls.crt), in YAML or JSON
    #[arg(long, value_name = "FILE", conflicts_with = "fingerprint")]
    pub from_secret: Option<PathBuf>,

    /// Tell what PEM files are and where each goes
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["fingerprint", "write", "from_secret"])]
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
    /// Docker's daemon
    Docker,
    /// Podman, skopeo, buildah, CRI-O
    Podman,
    /// containerd, and Kubernetes on it
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

/// 64 hexadecimal digits, perhaps with `sha256:` or `sha256 Fingerprint=` before and colons between them.
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
            assert!(parse_fingerprint(text).is_err(), "{text}");
        }
    }
}
