//! Files that hold what was wanted in a form that has to be converted first.

use std::fmt;

/// A file that cannot be used as it is, and its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableFile {
    /// The file's path, as it is known to the user.
    pub file: String,
    /// Its form.
    pub form: FileForm,
}

/// A form in which certificates, keys and credentials are kept, and which a program can convert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileForm {
    /// A certificate in DER (X.690), without PEM around it.
    Der,
    /// A private key in DER.
    KeyDer,
    /// A PKCS #7 bundle in DER.
    Pkcs7,
    /// A PKCS #7 bundle in PEM.
    Pkcs7Pem,
    /// A PKCS #12 store: `.p12`, `.pfx`.
    Pkcs12,
    /// A Java key store.
    Jks,
    /// An encrypted private key in PEM.
    EncryptedKey,
    /// PEM that is encoded in base64 once more.
    Base64,
    /// A Kubernetes object with a certificate.
    KubernetesObject,
    /// Base64 of DER, as in PEM, without the lines around it.
    BareBase64,
    /// PEM whose BEGIN line has other dashes, or other spaces.
    BrokenBegin,
    /// A `SealedSecret` of Bitnami's sealed-secrets.
    SealedSecret,
    /// An `ExternalSecret`, whose contents are elsewhere.
    ExternalSecret,
    /// Encrypted with sops.
    Sops,
    /// Encrypted with ansible-vault.
    AnsibleVault,
    /// Encrypted with age.
    Age,
    /// Encrypted with git-crypt.
    GitCrypt,
    /// Encrypted with OpenPGP.
    Pgp,
    /// It contains a variable or a template that was not replaced.
    Template,
    /// UTF-16, as PowerShell writes it.
    Utf16,
    /// What kubectl prints for people: a table, a description or an error.
    KubectlOutput,
}

impl FileForm {
    /// The form of an encrypted file or a template, recognised by its text.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        let begins = |mark: &str| start.starts_with(mark);
        if begins("$ANSIBLE_VAULT;") {
            Some(Self::AnsibleVault)
        } else if begins("age-encryption.org/") || begins("-----BEGIN AGE ENCRYPTED FILE-----") {
            Some(Self::Age)
        } else if begins("-----BEGIN PGP MESSAGE-----") {
            Some(Self::Pgp)
        } else if begins("\0GITCRYPT\0") {
            Some(Self::GitCrypt)
        } else if begins("Error from server") || begins("NAME ") || begins("Name: ") {
            Some(Self::KubectlOutput)
        } else if text.contains("ENC[AES256_GCM,") {
            Some(Self::Sops)
        } else if is_template(text) {
            Some(Self::Template)
        } else {
            None
        }
    }
}

/// Whether a text has a placeholder of a shell, a template or a CI system.
fn is_template(text: &str) -> bool {
    ["{{", "${", "$(", "<%"].iter().any(|mark| text.contains(mark)) || text.trim_start().starts_with(['$', '%'])
}

impl fmt::Display for FileForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Der => "it is a certificate in DER, not PEM",
            Self::KeyDer => "it is a private key in DER, not PEM",
            Self::Pkcs7 | Self::Pkcs7Pem => "it holds a PKCS #7 bundle",
            Self::Pkcs12 => "it is a PKCS #12 store (.p12, .pfx), not PEM",
            Self::Jks => "it is a Java key store, not PEM",
            Self::EncryptedKey => "it holds an encrypted private key",
            Self::Base64 => "it is PEM encoded once more in base64, as in a Kubernetes secret",
            Self::KubernetesObject => "it is a Kubernetes object, not PEM",
            Self::BareBase64 => "it is PEM without its BEGIN and END lines",
            Self::BrokenBegin => "its BEGIN line is almost right: it needs five hyphens (-----) and plain spaces",
            Self::SealedSecret => "it is a SealedSecret, which is encrypted; the cluster makes the Secret from it",
            Self::ExternalSecret => "it is an ExternalSecret, which only says where the contents are",
            Self::Sops => "it is encrypted with sops",
            Self::AnsibleVault => "it is encrypted with ansible-vault",
            Self::Age => "it is encrypted with age",
            Self::GitCrypt => "it is encrypted with git-crypt",
            Self::Pgp => "it is encrypted with OpenPGP",
            Self::Template => "it contains a variable or a template that was not replaced",
            Self::Utf16 => "it is UTF-16, not UTF-8",
            Self::KubectlOutput => "it is the output of kubectl for people, not the object",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_text_and_a_template_are_recognised() {
        for (text, form) in [
            ("$ANSIBLE_VAULT;1.1;AES256\n66", Some(FileForm::AnsibleVault)),
            ("age-encryption.org/v1\n-> X25519", Some(FileForm::Age)),
            ("-----BEGIN AGE ENCRYPTED FILE-----", Some(FileForm::Age)),
            ("-----BEGIN PGP MESSAGE-----", Some(FileForm::Pgp)),
            ("\0GITCRYPT\0abc", Some(FileForm::GitCrypt)),
            ("data: {x: 'ENC[AES256_GCM,data:Tm8=]'}", Some(FileForm::Sops)),
            ("{{ .Values.pullSecret }}", Some(FileForm::Template)),
            ("${DOCKER_AUTH}", Some(FileForm::Template)),
            ("$DOCKER_AUTH", Some(FileForm::Template)),
            ("%DOCKER_AUTH%", Some(FileForm::Template)),
            ("Error from server (NotFound): secrets \"x\" not found", Some(FileForm::KubectlOutput)),
            ("NAME      TYPE   DATA   AGE\n", Some(FileForm::KubectlOutput)),
            ("Name:         regcred\nNamespace:    default\n", Some(FileForm::KubectlOutput)),
            ("kind: Secret", None),
            ("", None),
        ] {
            assert_eq!(FileForm::of_text(text), form, "{text:?}");
        }
    }
}
