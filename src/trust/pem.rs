//! Parses certificates and keys in files as users have them: PEM (RFC 7468) with comments, any line ends, a byte order
//! mark, OpenSSL's `TRUSTED CERTIFICATE`. A file without the expected contents is described by what it contains
//! instead.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::certificate::Certificate;
use super::form;
use crate::encoding::to_utf8;
use crate::error::FileForm;

/// The contents of a PEM file.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The certificates, in the order of the file, with their descriptions.
    pub certificates: Vec<(CertificateDer<'static>, Certificate)>,
    /// The private keys, in the order of the file.
    pub keys: Vec<PrivateKeyDer<'static>>,
    /// Descriptions of its other contents.
    pub others: Vec<String>,
    /// Descriptions of sections that cannot be parsed.
    pub damaged: Vec<String>,
    /// The form of what has to be converted before it can be used.
    pub form: Option<FileForm>,
}

impl Contents {
    /// Parses a PEM file.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = decode(bytes);
        let mut contents = Self::default();
        let sections = sections(&text);
        if sections.is_empty() {
            contents.form = form::of(bytes, &text);
            contents.others.push(contents.form.map_or_else(|| guess(&text).to_owned(), |form| form.to_string()));
        }
        for (index, section) in sections.iter().enumerate() {
            contents.add(index + 1, section);
        }
        contents
    }

    fn add(&mut self, number: usize, section: &Section<'_>) {
        if !section.ended {
            self.damaged.push(format!("section {number} ({}) has no END line", section.label));
            return;
        }
        if section.is_encrypted() {
            self.others.push("an encrypted private key".to_owned());
            self.form.get_or_insert(FileForm::EncryptedKey);
            return;
        }
        match section.decode() {
            Some((SectionKind::Certificate, der)) => match Certificate::parse(&der) {
                Some(certificate) => self.certificates.push((outermost(der), certificate)),
                None => self.damaged.push(format!("section {number} is not an X.509 certificate")),
            },
            Some((SectionKind::PrivateKey, der)) => self.keys.push(PrivateKeyDer::Pkcs8(der.into())),
            Some((SectionKind::RsaPrivateKey, der)) => self.keys.push(PrivateKeyDer::Pkcs1(der.into())),
            Some((SectionKind::EcPrivateKey, der)) => self.keys.push(PrivateKeyDer::Sec1(der.into())),
            Some(_) => self.add_other(section.label),
            None if section.is_known() => {
                self.damaged.push(format!("section {number} ({}) is damaged", section.label));
            }
            None => self.add_other(section.label),
        }
    }

    fn add_other(&mut self, label: &str) {
        self.others.push(described(label));
        if matches!(label, "PKCS7" | "CMS") {
            self.form.get_or_insert(FileForm::Pkcs7Pem);
        }
    }

    /// What the file contains instead of certificates, for instance `it holds a private key`.
    pub fn instead_of_certificates(&self) -> String {
        let keys = (!self.keys.is_empty()).then_some("a private key");
        self.instead(keys)
    }

    /// What the file contains instead of a private key, for instance `it holds 2 certificates`.
    pub fn instead_of_key(&self) -> String {
        let certificates = match self.certificates.len() {
            0 => None,
            1 => Some("a certificate".to_owned()),
            many => Some(format!("{many} certificates")),
        };
        self.instead(certificates.as_deref())
    }

    fn instead(&self, first: Option<&str>) -> String {
        if let Some(damage) = self.damaged.first() {
            return damage.clone();
        }
        let mut things: Vec<&str> = first.into_iter().collect();
        for other in &self.others {
            if !things.contains(&other.as_str()) {
                things.push(other);
            }
        }
        match things.as_slice() {
            [only] if only.starts_with("it") => (*only).to_owned(),
            things => format!("it holds {}", things.join(" and ")),
        }
    }
}

/// Encodes a certificate as PEM (RFC 7468 §5).
pub(super) fn encode(der: &CertificateDer<'_>) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (index, character) in BASE64_STANDARD.encode(der).chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + "\n-----END CERTIFICATE-----\n"
}

/// A section between its BEGIN and END lines.
struct Section<'a> {
    label: &'a str,
    lines: Vec<&'a str>,
    ended: bool,
}

impl Section<'_> {
    /// Whether it is an encrypted private key (PKCS #8, or RFC 1421 headers as OpenSSL writes them).
    fn is_encrypted(&self) -> bool {
        self.label == "ENCRYPTED PRIVATE KEY"
            || self.lines.iter().any(|line| line.starts_with("Proc-Type:") && line.ends_with("ENCRYPTED"))
    }

    /// The label by RFC 7468: OpenSSL and old tools use others for certificates.
    fn standard_label(&self) -> &str {
        match self.label {
            "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => "CERTIFICATE",
            label => label,
        }
    }

    fn is_known(&self) -> bool {
        SectionKind::try_from(self.standard_label().as_bytes()).is_ok()
    }

    fn decode(&self) -> Option<(SectionKind, Vec<u8>)> {
        let label = self.standard_label();
        let clean = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", self.lines.join("\n"));
        <(SectionKind, Vec<u8>)>::from_pem_slice(clean.as_bytes()).ok()
    }
}

/// The sections of a file. Lines outside of them are comments; indentation is ignored, as in text copied from YAML.
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.split(['\n', '\r']).map(str::trim) {
        if let Some((label, rest)) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----")) {
            // A variable without its line breaks has the whole section on this line.
            let (body, ended) = rest.split_once("-----END ").map_or((rest, false), |(body, _)| (body, true));
            sections.push(Section { label: label.trim(), lines: body.split_whitespace().collect(), ended });
        } else if let Some(section) = sections.last_mut().filter(|section| !section.ended) {
            if line.starts_with("-----END ") {
                section.ended = true;
            } else if !line.is_empty() {
                section.lines.push(line);
            }
        }
    }
    sections
}

/// Decodes a file: removes a byte order mark, decodes the UTF-16 that PowerShell writes, and replaces `\n` of JSON and
/// shell variables by line breaks.
fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&to_utf8(bytes.to_vec())).replace("\\n", "\n")
}

/// The first value in DER: `TRUSTED CERTIFICATE` appends OpenSSL's trust settings.
fn outermost(mut der: Vec<u8>) -> CertificateDer<'static> {
    if let Ok((rest, _)) = x509_parser::parse_x509_certificate(&der) {
        der.truncate(der.len() - rest.len());
    }
    der.into()
}

fn described(label: &str) -> String {
    match label {
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a certificate signing request".to_owned(),
        "X509 CRL" => "a revocation list".to_owned(),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key".to_owned(),
        "PKCS7" | "CMS" => "a PKCS #7 bundle".to_owned(),
        "OPENSSH PRIVATE KEY" => "an SSH private key".to_owned(),
        "DSA PRIVATE KEY" => "a DSA private key".to_owned(),
        label => format!("a section {:?}", label.chars().take(40).collect::<String>()),
    }
}

/// Guesses what a file without PEM sections is.
fn guess(text: &str) -> &'static str {
    // DER begins with a SEQUENCE, whose tag 0x30 is the digit 0; its length is rarely text.
    let binary = text.contains(['\u{FFFD}', '\0']);
    let start = text.trim_start();
    if start.is_empty() {
        "it is empty"
    } else if binary && text.starts_with('0') {
        "it is in binary form (DER or PKCS #12), not PEM"
    } else if binary {
        "it is a binary file, not PEM"
    } else if start.starts_with('<') {
        "it is an HTML or XML page"
    } else {
        "it is not PEM: it has no BEGIN line"
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::trust::fixture::{self, Authority};

    fn subjects(contents: &Contents) -> Vec<String> {
        contents.certificates.iter().map(|(_, certificate)| certificate.subject.to_string()).collect()
    }

    fn chain() -> (String, String) {
        (Authority::root("Root").pem(), Authority::root("Other").pem())
    }

    #[test]
    fn every_way_to_write_a_file_of_two_certificates_is_read() {
        let (root, other) = chain();
        let both = format!("{root}{other}");
        let utf16: Vec<u8> = [0xFEFF].into_iter().chain(both.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let utf16_be: Vec<u8> = [0xFEFF].into_iter().chain(both.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let ways: [(&str, Vec<u8>); 15] = [
            ("plain", both.clone().into()),
            ("CRLF", both.replace('\n', "\r\n").into()),
            ("CR alone", both.replace("\r\n", "\n").replace('\n', "\r").into()),
            ("byte order mark", format!("\u{FEFF}{both}").into()),
            ("UTF-16", utf16),
            ("UTF-16, big endian", utf16_be),
            (
                "comments",
                format!("# subject=CN=Root\nCertificate:\n    Data: 1\n{root}\n\nnext one\n{other}end").into(),
            ),
            ("no last line end", both.trim_end().into()),
            ("blanks around lines", both.replace('\n', "  \n   ").into()),
            ("line ends lost", both.replace('\n', " ").replace("----- -----BEGIN", "-----\n-----BEGIN").into()),
            ("line ends removed", both.replace('\n', "").replace("----------BEGIN", "-----\n-----BEGIN").into()),
            ("line ends escaped", both.replace('\n', "\\n").into()),
            ("empty lines inside", both.replace('\n', "\n\n").into()),
            ("X509 CERTIFICATE", both.replace(" CERTIFICATE", " X509 CERTIFICATE").into()),
            ("a key between", format!("{root}{}{other}", fixture::KEY_PEM).into()),
        ];
        for (name, bytes) in ways {
            let contents = Contents::parse(&bytes);
            assert_eq!(subjects(&contents), ["Root", "Other"], "{name}");
            assert_eq!(contents.damaged, [""; 0], "{name}");
        }
    }

    #[test]
    fn a_trusted_certificate_loses_its_trust_settings() {
        let root = Authority::root("Root");
        let settings = b"\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
        let body = STANDARD.encode([root.der(), &settings[..]].concat());
        let text = format!("-----BEGIN TRUSTED CERTIFICATE-----\n{body}\n-----END TRUSTED CERTIFICATE-----\n");
        let contents = Contents::parse(text.as_bytes());
        assert_eq!(contents.certificates.len(), 1);
        assert_eq!(&contents.certificates[0].0, root.der());
    }

    #[test]
    fn contents_in_place_of_a_certificate_are_named() {
        let (root, _) = chain();
        let base64 = STANDARD.encode(&root);
        let section = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
        let old_encryption = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,06\n\nMAA=\n\
                              -----END EC PRIVATE KEY-----\n";
        let cases: [(Vec<u8>, &str); 19] = [
            (fixture::KEY_PEM.into(), "it holds a private key"),
            (section("ENCRYPTED PRIVATE KEY").into(), "it holds an encrypted private key"),
            (old_encryption.into(), "it holds an encrypted private key"),
            (section("CERTIFICATE REQUEST").into(), "it holds a certificate signing request"),
            (section("X509 CRL").into(), "it holds a revocation list"),
            (section("PUBLIC KEY").into(), "it holds a public key"),
            (section("PKCS7").into(), "it holds a PKCS #7 bundle"),
            (section("OPENSSH PRIVATE KEY").into(), "it holds an SSH private key"),
            (section("PGP MESSAGE").into(), "it holds a section \"PGP MESSAGE\""),
            (
                [section("X509 CRL"), section("PUBLIC KEY"), section("X509 CRL")].concat().into(),
                "it holds a revocation list and a public key",
            ),
            (Vec::new(), "it is empty"),
            (Authority::root("Root").der().to_vec(), "it is a certificate in DER, not PEM"),
            (b"0\x05\0\0".into(), "it is in binary form (DER or PKCS #12), not PEM"),
            (b"\xFE\xED\xFE\xED\0\0\0\x02".into(), "it is a Java key store, not PEM"),
            (b"\x7fELF\0".into(), "it is a binary file, not PEM"),
            (base64.into(), "it is PEM encoded once more in base64, as in a Kubernetes secret"),
            ("<!DOCTYPE html><html>".into(), "it is an HTML or XML page"),
            ("registry.corp".into(), "it is not PEM: it has no BEGIN line"),
            (root.replace("-----END CERTIFICATE-----", "").into(), "section 1 (CERTIFICATE) has no END line"),
        ];
        for (bytes, expected) in cases {
            let contents = Contents::parse(&bytes);
            assert!(contents.certificates.is_empty(), "{expected}");
            assert_eq!(contents.instead_of_certificates(), expected);
        }
    }

    #[test]
    fn contents_in_place_of_a_key_are_named() {
        let (root, other) = chain();
        assert_eq!(Contents::parse(root.as_bytes()).instead_of_key(), "it holds a certificate");
        assert_eq!(Contents::parse((root + &other).as_bytes()).instead_of_key(), "it holds 2 certificates");
    }

    #[test]
    fn damage_is_reported_beside_what_is_whole() {
        let (root, other) = chain();
        let not_a_certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let not_base64 = "-----BEGIN CERTIFICATE-----\n(none)\n-----END CERTIFICATE-----\n";
        let contents = Contents::parse(format!("{root}{not_a_certificate}{not_base64}{other}").as_bytes());
        assert_eq!(subjects(&contents), ["Root", "Other"]);
        assert_eq!(contents.damaged, ["section 2 is not an X.509 certificate", "section 3 (CERTIFICATE) is damaged"]);
    }

    #[test]
    fn a_section_cut_short_does_not_swallow_the_next() {
        let (root, other) = chain();
        let cut = root.replace("-----END CERTIFICATE-----\n", "");
        let contents = Contents::parse((cut + &other).as_bytes());
        assert_eq!(subjects(&contents), ["Other"]);
        assert_eq!(contents.damaged, ["section 1 (CERTIFICATE) has no END line"]);
    }

    #[test]
    fn keys_of_every_encoding_are_distinguished() {
        let section = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
        let text = [section("PRIVATE KEY"), section("RSA PRIVATE KEY"), section("EC PRIVATE KEY")].concat();
        let keys = Contents::parse(text.as_bytes()).keys;
        assert!(matches!(keys.as_slice(), [PrivateKeyDer::Pkcs8(_), PrivateKeyDer::Pkcs1(_), PrivateKeyDer::Sec1(_)]));
    }
}
