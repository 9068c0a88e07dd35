//! Recognises files that hold certificates or keys in another form than PEM.

use crate::error::FileForm;

/// The object identifier of PKCS #7 signed data (RFC 2315), in DER.
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
/// What a Java key store begins with.
const JKS: &[u8] = &[0xFE, 0xED, 0xFE, 0xED];
/// Base64 of `-----BEGIN `.
const PEM_IN_BASE64: &str = "LS0tLS1CRUdJTi";

/// The form of a file without PEM sections, if it is known. `text` is the file, decoded as far as it is text.
pub(super) fn of(bytes: &[u8], text: &str) -> Option<FileForm> {
    let start = text.trim_start();
    if bytes.starts_with(JKS) {
        Some(FileForm::Jks)
    } else if let Some(contents) = sequence(bytes) {
        of_der(bytes, contents)
    } else if start.starts_with(PEM_IN_BASE64) {
        Some(FileForm::Base64)
    } else if is_der_in_base64(start) {
        Some(FileForm::BareBase64)
    } else if text.lines().any(is_almost_begin) {
        Some(FileForm::BrokenBegin)
    } else if is_kubernetes(start) {
        Some(FileForm::KubernetesObject)
    } else {
        // In other bytes the mark of a template would be one by chance.
        std::str::from_utf8(bytes).ok().and_then(|_| FileForm::of_text(text))
    }
}

/// The contents of the SEQUENCE that a file in DER is (X.690 §8.9), with a length as long as the file.
fn sequence(bytes: &[u8]) -> Option<&[u8]> {
    let [0x30, first, rest @ ..] = bytes else { return None };
    let octets = match first {
        // Indefinite, as some programs write PKCS #7 and #12.
        0x80 => return Some(rest),
        0..0x80 => return (usize::from(*first) == rest.len()).then_some(rest),
        0x81..=0x84 => usize::from(first & 0x7F),
        _ => return None,
    };
    let (length, contents) = rest.split_at_checked(octets)?;
    let length = length.iter().fold(0_usize, |length, octet| (length << 8) | usize::from(*octet));
    (length <= contents.len()).then_some(contents)
}

fn of_der(bytes: &[u8], contents: &[u8]) -> Option<FileForm> {
    match contents {
        _ if contents.starts_with(SIGNED_DATA) => Some(FileForm::Pkcs7),
        // PFX of version 3 (RFC 7292 §4).
        [0x02, 0x01, 0x03, ..] => Some(FileForm::Pkcs12),
        // PKCS #1, PKCS #8 and SEC 1 begin with versions 0 and 1.
        [0x02, 0x01, 0x00 | 0x01, ..] => Some(FileForm::KeyDer),
        _ => x509_parser::parse_x509_certificate(bytes).is_ok().then_some(FileForm::Der),
    }
}

/// Whether a text is base64 of DER: a SEQUENCE of more than 255 bytes begins with `MII` in base64.
fn is_der_in_base64(text: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=') || c.is_ascii_whitespace();
    text.starts_with("MII") && text.chars().all(is_base64)
}

/// Whether a line would be a BEGIN line if it had five hyphens and ordinary spaces: word processors change both.
fn is_almost_begin(line: &str) -> bool {
    let plain: String = line
        .trim()
        .chars()
        .map(|c| match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}' => '-',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    let rest = plain.trim_start_matches('-').trim_start();
    let label = rest.strip_prefix("BEGIN ").map(str::trim_start).unwrap_or_default();
    ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]
        .iter()
        .any(|known| label.trim_end_matches('-').trim_end() == *known)
}

fn is_kubernetes(text: &str) -> bool {
    let has = |member: &str| {
        text.lines().any(|line| line.trim_start_matches(['{', ' ', '\t', '"']).starts_with(member))
            || text.contains(&format!("\"{member}\""))
    };
    has("apiVersion") && has("kind")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::trust::fixture::Authority;

    fn of_bytes(bytes: &[u8]) -> Option<FileForm> {
        of(bytes, &String::from_utf8_lossy(bytes))
    }

    #[test]
    fn each_form_is_recognised() {
        let root = Authority::root("Root");
        let (der, pem) = (root.der().to_vec(), root.pem());
        let signed_data = [&[0x30, 0x0D][..], SIGNED_DATA, &[0xA0, 0x00]].concat();
        let body: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
        for (bytes, form) in [
            (der.clone(), Some(FileForm::Der)),
            (signed_data, Some(FileForm::Pkcs7)),
            (vec![0x30, 0x03, 0x02, 0x01, 0x03], Some(FileForm::Pkcs12)),
            (vec![0x30, 0x80, 0x02, 0x01, 0x03, 0x30, 0x80], Some(FileForm::Pkcs12)),
            (vec![0x30, 0x03, 0x02, 0x01, 0x00], Some(FileForm::KeyDer)),
            (b"\xFE\xED\xFE\xED\0\0\0\x02".to_vec(), Some(FileForm::Jks)),
            (BASE64_STANDARD.encode(&pem).into_bytes(), Some(FileForm::Base64)),
            (body.into_bytes(), Some(FileForm::BareBase64)),
            (pem.replace("-----BEGIN", "\u{2013}\u{2013}BEGIN").into_bytes(), Some(FileForm::BrokenBegin)),
            (pem.replace("BEGIN ", "BEGIN\u{a0}").into_bytes(), Some(FileForm::BrokenBegin)),
            (pem.replace("-----", "----").into_bytes(), Some(FileForm::BrokenBegin)),
            (b"apiVersion: v1\nkind: Secret\n".to_vec(), Some(FileForm::KubernetesObject)),
            (br#"{"apiVersion":"v1","kind":"Secret"}"#.to_vec(), Some(FileForm::KubernetesObject)),
            (b"$ANSIBLE_VAULT;1.1;AES256".to_vec(), Some(FileForm::AnsibleVault)),
            (b"0123".to_vec(), None),
            (b"registry.corp".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(of_bytes(&bytes), form, "{:?}", String::from_utf8_lossy(&bytes));
        }
        assert_eq!(of_bytes(&der[..der.len() - 1]), None);
    }
}
