//! `rls trust --check`: identifies PEM files, and where each belongs.

mod uses;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use registry_ls::Error;
use registry_ls::trust::certificate::Validity;
use registry_ls::trust::{Inspection, PemKind, inspect};

use self::uses::Destinations;
use super::place::host_paths;
use crate::args::TrustArgs;
use crate::commands::context::Context;
use crate::input::{blocking, cannot_read};
use crate::output::{CertificateRecord, InspectedRecord, InspectionRecord, InspectionView, KeyRecord};
use crate::report::{CommandError, HintContext, failure};

/// Inspects the files. No registry is contacted.
pub(super) async fn run(args: &TrustArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let registry = context.settings.known_registry(args.named.as_deref())?;
    let mut output = context.output(InspectionView)?;
    let files = args.check.clone();
    // They may be pipes.
    let inspections = context.until_shutdown(blocking(move || inspect(&files))).await?.map_err(cannot_read)?;
    let name = registry.map_or_else(|| host_in(&inspections), |registry| registry.authority());
    let destinations = Destinations { name, paths: host_paths(context) };
    for (path, inspection) in args.check.iter().zip(&inspections) {
        output.write(&match inspection {
            Ok(inspection) => {
                context.report.success();
                record(inspection, &destinations)
            }
            Err(error) => {
                context.report.failure(error, &HintContext::default());
                InspectionRecord {
                    file: path.display().to_string(),
                    error: Some(failure(error)),
                    ..InspectionRecord::default()
                }
            }
        })?;
    }
    Ok(output.finish()?)
}

/// The first host that a certificate is valid for; certificates do not contain the port.
fn host_in(inspections: &[Result<Inspection, Error>]) -> String {
    let certificates = inspections.iter().flatten().flat_map(|inspection| &inspection.certificates);
    let mut names = certificates.flat_map(|one| &one.certificate.names).map(ToString::to_string);
    let host = names.find(|name| !name.contains('*')).unwrap_or_else(|| "HOST".to_owned());
    format!("{host}[:PORT]")
}

fn record(inspection: &Inspection, destinations: &Destinations) -> InspectionRecord {
    let certificates = inspection.certificates.iter().map(|one| InspectedRecord {
        certificate: CertificateRecord::from(&one.certificate),
        issuer_in: shown(&one.issuer_in),
        key_in: shown(&one.key_in),
    });
    let keys = inspection.keys.iter().map(|one| KeyRecord {
        key: one.key.as_ref().map(ToString::to_string),
        certificate_in: shown(&one.certificate_in),
    });
    InspectionRecord {
        file: inspection.path.display().to_string(),
        kind: Some(inspection.kind.word().to_owned()),
        described: described(inspection).to_owned(),
        certificates: certificates.collect(),
        keys: keys.collect(),
        others: inspection.others.clone(),
        faults: inspection.faults.iter().cloned().chain(out_of_date(inspection)).collect(),
        uses: destinations.of(inspection),
        error: None,
    }
}

/// What a file is. One whose contents have to be converted may hold a certificate all the same.
fn described(inspection: &Inspection) -> &'static str {
    match inspection.kind {
        PemKind::Other if inspection.form.is_some() => "no certificate or key in PEM",
        kind => kind.described(),
    }
}

fn out_of_date(inspection: &Inspection) -> impl Iterator<Item = String> {
    let now = Timestamp::now();
    inspection.certificates.iter().filter_map(move |one| {
        let subject = &one.certificate.subject;
        match one.certificate.validity_at(now) {
            Validity::Valid => None,
            Validity::Expired => Some(format!("\"{subject}\" has expired")),
            Validity::NotYet => Some(format!("\"{subject}\" is not yet valid")),
        }
    })
}

fn shown(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.file_name().map_or(path.as_path(), Path::new).display().to_string()).collect()
}
