//! Reads CA certificates from Kubernetes objects, as `kubectl get secret -o yaml` or `-o json` prints them: `ca.crt`,
//! else `tls.crt`, of a `Secret` or a `ConfigMap`, one by one or in a `List`.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::anchor::Anchor;
use super::file;
use super::pem::Contents;
use crate::documents;
use crate::encoding::to_utf8;
use crate::error::{Error, Result};

/// Reads the certificates to trust from a file with Kubernetes objects: all in `ca.crt`, if any. Otherwise the CA
/// certificates in `tls.crt` or, without any, the server's own.
///
/// # Errors
///
/// [`Kind::Config`](crate::Kind::Config) when there are none. Nothing of the file is quoted: it contains keys.
pub fn anchors_of_secret(path: &Path) -> Result<Vec<Anchor>> {
    let refuse = |why: String| Error::config(format!("no CA in {}", path.display())).because(why);
    let bytes = file::read_named(path)
        .map_err(|error| Error::config(format!("cannot read {}", path.display())).because(error))?;
    let text = String::from_utf8(to_utf8(bytes)).map_err(|_| refuse("it is not UTF-8".to_owned()))?;
    let documents = documents::parse(&text).map_err(refuse)?;
    let objects: Vec<&Value> = documents.iter().flat_map(documents::items).collect();
    for member in ["ca.crt", "tls.crt"] {
        let mut anchors = Vec::new();
        for text in objects.iter().filter_map(|object| member_of(object, member)) {
            let text = text.map_err(|why| refuse(format!("its {member} is {why}")))?;
            let contents = Contents::parse(&text);
            if contents.certificates.is_empty() {
                return Err(refuse(format!("{member}: {}", contents.instead_of_certificates())));
            }
            anchors.extend(contents.certificates.into_iter().map(|(der, certificate)| Anchor { der, certificate }));
        }
        if anchors.iter().any(|anchor| anchor.certificate.may_issue()) {
            anchors.retain(|anchor| anchor.certificate.may_issue());
        }
        if !anchors.is_empty() {
            return Ok(anchors);
        }
    }
    Err(refuse("there is no Secret or ConfigMap with ca.crt or tls.crt in it".to_owned()))
}

/// A member of an object's data. `stringData` is `data` without base64, and so is the `data` of a `ConfigMap`.
fn member_of(object: &Value, member: &str) -> Option<Result<Vec<u8>, &'static str>> {
    let plain = |data: &str| object[data][member].as_str().map(|text| Ok(text.as_bytes().to_vec()));
    match object["kind"].as_str()? {
        "ConfigMap" => plain("data"),
        "Secret" => plain("stringData").or_else(|| {
            let encoded: String = object["data"][member].as_str()?.split_ascii_whitespace().collect();
            Some(BASE64_STANDARD.decode(encoded).map_err(|_| "not base64"))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Kind;
    use crate::trust::fixture::{self, Authority};

    fn read(text: &str) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, text).expect("a writable folder");
        let anchors = anchors_of_secret(&path)?;
        Ok(anchors.iter().map(|anchor| anchor.certificate.subject.to_string()).collect())
    }

    fn secret(data: &[(&str, &str)]) -> Value {
        let data: serde_json::Map<String, Value> =
            data.iter().map(|(name, text)| ((*name).to_owned(), BASE64_STANDARD.encode(text).into())).collect();
        json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": data})
    }

    #[test]
    fn every_form_of_a_secret_is_read() {
        let root = Authority::root("Corp Root");
        let leaf = root.issue(fixture::server(&["registry.corp"]));
        let tls = secret(&[("tls.crt", &(leaf.pem() + &root.pem())), ("tls.key", &leaf.key_pem())]);
        let both = secret(&[("tls.crt", &leaf.pem()), ("ca.crt", &root.pem())]);
        let yaml = |value: &Value| serde_saphyr::to_string(value).expect("YAML");
        let map = json!({"kind": "ConfigMap", "data": {"ca.crt": root.pem()}});
        let string_data = json!({"kind": "Secret", "stringData": {"ca.crt": root.pem()}});
        for text in [
            tls.to_string(),
            yaml(&both),
            yaml(&tls),
            format!("{}---\n{}", yaml(&json!({"kind": "Pod"})), yaml(&both)),
            json!({"kind": "List", "items": [{"kind": "Pod"}, both]}).to_string(),
            yaml(&map),
            string_data.to_string(),
        ] {
            assert_eq!(read(&text).expect("certificates"), ["Corp Root"], "{text}");
        }
        let two = secret(&[("ca.crt", &(root.pem() + &Authority::root("Next Root").pem()))]);
        assert_eq!(read(&two.to_string()).expect("certificates"), ["Corp Root", "Next Root"]);
        let mut params = fixture::server(&["registry.corp"]);
        params.distinguished_name.push(rcgen::DnType::CommonName, "own");
        let own = Authority::own_issuer(params);
        assert_eq!(read(&secret(&[("tls.crt", &own.pem())]).to_string()).expect("certificates"), ["own"]);
    }

    #[test]
    fn a_file_without_a_ca_is_explained_without_quoting_it() {
        let key = Authority::root("R").key_pem();
        for (text, why) in [
            (json!({"kind": "Pod"}).to_string(), "there is no Secret or ConfigMap with ca.crt or tls.crt in it"),
            (
                secret(&[("password", "s3cret")]).to_string(),
                "there is no Secret or ConfigMap with ca.crt or tls.crt in it",
            ),
            (secret(&[("ca.crt", &key)]).to_string(), "ca.crt: it holds a private key"),
            (json!({"kind": "Secret", "data": {"ca.crt": "s3cret!"}}).to_string(), "its ca.crt is not base64"),
            ("{\"s3cret\"".to_owned(), "not valid JSON at line 1, column 9"),
            ("a: [s3cret".to_owned(), "not valid YAML at line 1, column 4"),
        ] {
            let error = read(&text).expect_err("it is refused");
            assert_eq!(error.kind(), &Kind::Config);
            assert!(!error.to_string().contains("s3cret"), "{error}");
            assert!(error.causes()[0].starts_with(why), "{error}");
        }
        let missing = anchors_of_secret(Path::new("/nowhere/secret.yaml")).expect_err("it cannot be read");
        assert_eq!(missing.what(), "cannot read /nowhere/secret.yaml");
    }
}
