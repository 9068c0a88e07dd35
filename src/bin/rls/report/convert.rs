//! Commands that convert a file into a form that can be used.

use std::ffi::OsStr;
use std::path::Path;

use registry_ls::error::{FileForm, UnusableFile};

use crate::command_line::{quoted, rls};

/// What makes a file usable: a command that works when pasted, where there is one.
pub fn conversion(unusable: &UnusableFile) -> String {
    let UnusableFile { file, form } = unusable;
    let from = quoted(file);
    let pem = quoted(&converted(file, "pem"));
    let extension = Path::new(file).extension().and_then(OsStr::to_str).unwrap_or("txt");
    let plain = quoted(&converted(file, extension));
    match form {
        FileForm::Der => format!("convert it: openssl x509 -inform der -in {from} -out {pem}"),
        FileForm::KeyDer => format!("convert it: openssl pkey -inform der -in {from} -out {pem}"),
        FileForm::Pkcs7 => format!("convert it: openssl pkcs7 -inform der -print_certs -in {from} -out {pem}"),
        FileForm::Pkcs7Pem => format!("convert it: openssl pkcs7 -print_certs -in {from} -out {pem}"),
        FileForm::Pkcs12 => format!(
            "extract the certificates: openssl pkcs12 -in {from} -nokeys -out {pem}; for the private key: -nocerts \
             -nodes instead of -nokeys"
        ),
        FileForm::Jks => {
            format!("export the certificate: keytool -exportcert -rfc -keystore {from} -alias NAME > {pem}")
        }
        FileForm::EncryptedKey => format!("decrypt it: openssl pkey -in {from} -out {pem}"),
        FileForm::Base64 => format!("decode it: base64 -d {from} > {pem}"),
        FileForm::BareBase64 => format!("convert it: base64 -d {from} | openssl x509 -inform der -out {pem}"),
        FileForm::KubernetesObject => {
            format!("take the CA from it: {} > {pem}", rls(format_args!("trust REGISTRY --from-secret {from} --pem")))
        }
        FileForm::BrokenBegin => {
            format!(
                "replace the dashes and spaces: sed -E 's/[\u{2010}-\u{2015}\u{2212}-]+/-----/g; s/\u{a0}/ /g' {from} > {pem}"
            )
        }
        FileForm::KubectlOutput => "run 'kubectl get secret NAME -o yaml > secret.yaml'".to_owned(),
        FileForm::SealedSecret | FileForm::ExternalSecret => {
            "use the Secret that the cluster makes from it: kubectl get secret NAME -o yaml > secret.yaml".to_owned()
        }
        FileForm::Sops => format!("decrypt it: sops -d {from} > {plain}"),
        FileForm::AnsibleVault => format!("decrypt it: ansible-vault view {from} > {plain}"),
        FileForm::Age => format!("decrypt it: age -d -i KEY {from} > {plain}"),
        FileForm::GitCrypt => "decrypt it: git-crypt unlock".to_owned(),
        FileForm::Pgp => format!("decrypt it: gpg -d {from} > {plain}"),
        FileForm::Utf16 => format!("convert it: iconv -f UTF-16 -t UTF-8 {from} > {plain}"),
        _ => "set the variable, or render the template, before the file is used".to_owned(),
    }
}

/// The name of a converted file: with another extension, and never the name of the file itself.
fn converted(file: &str, extension: &str) -> String {
    let path = Path::new(file);
    let name = path.with_extension(extension);
    if name == path { path.with_extension(format!("converted.{extension}")) } else { name }.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_the_file_and_never_overwrites_it() {
        for (file, form, command) in [
            ("ca.cer", FileForm::Der, "convert it: openssl x509 -inform der -in ca.cer -out ca.pem"),
            ("/c/ca.pem", FileForm::Der, "convert it: openssl x509 -inform der -in /c/ca.pem -out /c/ca.converted.pem"),
            ("my ca.b64", FileForm::Base64, "decode it: base64 -d 'my ca.b64' > 'my ca.pem'"),
            ("it's", FileForm::Sops, r"decrypt it: sops -d 'it'\''s' > 'it'\''s.txt'"),
        ] {
            assert_eq!(conversion(&UnusableFile { file: file.to_owned(), form }), command);
        }
    }
}
