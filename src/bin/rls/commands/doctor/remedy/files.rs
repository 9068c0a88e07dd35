//! Local files for a registry that are not used, or cannot be.

use std::path::Path;

use registry_ls::diagnosis::Problem;
use registry_ls::trust::Unused;

use super::subject::lines;
use crate::report::conversion;

pub(super) fn remedies(problem: &Problem) -> Option<Vec<String>> {
    Some(match problem {
        Problem::FileNotUsed { path, why } => vec![not_used(path, why)],
        Problem::ClientCertificateFile { path, is_authority: true } => vec![moved(path, &path.with_extension("crt"))],
        Problem::ClientCertificateFile { path, is_authority: false } => {
            vec![format!("put its key beside it, as {}", path.with_extension("key").display())]
        }
        Problem::NamedFile { unusable: Some(unusable) } | Problem::CredentialsNotRead { unusable: Some(unusable) } => {
            vec![conversion(unusable)]
        }
        Problem::NamedFile { unusable: None } => {
            lines(["fix the file, or the option or variable that names it: --ca-file (RLS_CA_FILE), --client-cert, \
             --client-key"])
        }
        Problem::CredentialsNotRead { unusable: None } => lines([
            "fix or remove the file",
            "or use another one: --auth-file FILE",
            "or use none: -u NAME, --anonymous",
        ]),
        _ => return None,
    })
}

fn not_used(path: &Path, why: &Unused) -> String {
    let shown = path.display();
    match why {
        // The folder may be right for another registry on that port.
        Unused::OtherPort { expected } => {
            format!("if the CA is the same: {}cp -r {shown} {}", sudo(path), path.with_file_name(expected).display())
        }
        Unused::NotNamedCrt => moved(path, &path.with_extension("crt")),
        Unused::Key { key, expected } => {
            format!("in {shown}, below configs: \"{expected}\": instead of \"{key}\":")
        }
        Unused::FileName { expected } => moved(path, expected),
        Unused::NotFolder => {
            let sudo = sudo(path);
            format!("{sudo}mv {shown} {shown}.crt; {sudo}install -D -m 644 {shown}.crt {shown}/ca.crt")
        }
        Unused::Misplaced => {
            format!("in {shown}: move configs: out of mirrors:, to the top level")
        }
        Unused::Denied => format!("{}chmod a+r {shown}", sudo(path)),
        Unused::NoCertificate(_) => format!("put the certificate of the CA into {shown}, in PEM"),
        Unused::KeyWithoutCertificate => {
            format!("put its certificate beside it, as {}", path.with_extension("cert").display())
        }
        Unused::ClientIdentity(_) => format!("put a client certificate and its key there: {shown}"),
        _ => format!("fix or remove {shown}"),
    }
}

fn moved(from: &Path, to: &Path) -> String {
    let has_folder = to.parent() == from.parent() || to.parent().is_none_or(Path::is_dir);
    let command = if has_folder { "mv" } else { "install -D -m 644" };
    format!("{}{command} {} {}", sudo(from), from.display(), to.display())
}

/// System files need root.
fn sudo(path: &Path) -> &'static str {
    if path.starts_with("/etc") { "sudo " } else { "" }
}
