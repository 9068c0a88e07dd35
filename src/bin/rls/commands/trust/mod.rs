//! `rls trust`: shows the certificates of a registry, and writes its CA where clients look.

mod check;
mod place;
mod selection;

use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf, absolute};

use registry_ls::http::connect;
use registry_ls::name::Registry;
use registry_ls::trust::{Anchor, Placement, PresentedChain, TrustSource, anchors_of_secret};

pub(super) use self::place::host_paths;
use self::selection::{Selection, confirm, verify};
use super::context::Context;
use crate::args::{ClientName, TrustArgs};
use crate::command_line::{quoted, rls};
use crate::config::{Account, Connection};
use crate::input::{blocking, cannot_read};
use crate::output::{CertificateRecord, Field, SettingRecord, TrustRecord, TrustView, write_raw};
use crate::report::CommandError;
use crate::usage::Usage;

/// `rls trust`
pub async fn run(args: &TrustArgs, context: &Context<'_>) -> Result<(), CommandError> {
    if !args.check.is_empty() {
        return check::run(args, context).await;
    }
    let registry = context.registry_or_default(args.named.as_deref(), "Show the certificates of").await?;
    if registry.is_plain_http() {
        return Err(Usage::new(format!("{registry} uses plain HTTP, which has no certificates")).into());
    }
    let mut output = context.output(TrustView)?;
    let from_secret = match args.from_secret.clone() {
        Some(path) => Some(read_secret(path, context).await?),
        None => None,
    };
    let presented = fetch_chain(context, &registry).await?;
    let selection = match from_secret {
        Some(anchors) => Selection::from_secret(context, &registry, &presented, anchors)?,
        None => Selection::find(context, &registry, &presented, args.fingerprint.as_ref())?,
    };
    if args.pem {
        let pem = Anchor::pem(&selection.anchors);
        write_raw(stdout(), pem.as_bytes(), stdout().is_terminal())?;
        warn(context, &registry, &presented, &selection);
        return Ok(());
    }
    let paths = host_paths(context);
    let client = args.write.unwrap_or(ClientName::Rls);
    let placement = Placement::of(client.into(), &registry.authority(), &paths);
    let mut record = record(&registry, &presented, &selection, &placement);
    record.client = client.as_str().to_owned();
    let needs_confirmation = args.write.is_some() && !selection.is_accepted;
    if needs_confirmation {
        // The warnings matter for the decision.
        warn(context, &registry, &presented, &selection);
        confirm(&registry, &selection).await?;
    }
    if args.write.is_some() {
        let written = place::write(&placement, &registry, &selection.anchors, args.force);
        let denied = |refused| place::refusal(refused, &placement, &as_root(args, &registry, &presented, &selection));
        record.written = Field::Known(written.map_err(denied)?);
    }
    output.write(&record)?;
    output.finish()?;
    if !needs_confirmation {
        warn(context, &registry, &presented, &selection);
    }
    match args.write {
        Some(_) => place::hints(context, client.into(), &placement),
        None if presented.trust.is_err() => context.report.hint(
            "use --write to save it there, or --write docker (podman, containerd, k3s) for other clients; verify the \
             fingerprint with the registry's administrator",
        ),
        None => {}
    }
    Ok(())
}

/// The same command as root. What makes the certificate accepted is named, since root has neither this user's files
/// nor a terminal to ask on in scripts.
fn as_root(args: &TrustArgs, registry: &Registry, presented: &PresentedChain, selection: &Selection) -> String {
    let file = |option: &str, path: &Path| {
        let path = absolute(path).unwrap_or_else(|_| path.to_owned());
        format!(" {option} {}", quoted(&path.display().to_string()))
    };
    let accepted = match (&args.from_secret, &presented.trust, selection.anchors.first()) {
        (Some(secret), ..) => file("--from-secret", secret),
        (None, Ok(TrustSource::Authority(path) | TrustSource::Pin(path)), _) => file("--ca-file", path),
        (None, _, Some(anchor)) => format!(" --fingerprint {}", anchor.certificate.fingerprint()),
        (None, _, None) => String::new(),
    };
    let client = args.write.unwrap_or(ClientName::Rls).as_str();
    let force = if args.force { " --force" } else { "" };
    format!("sudo {}", rls(format_args!("trust {registry}{accepted} --write {client}{force}")))
}

/// Reads the CA from a Kubernetes secret, which may come from a pipe.
async fn read_secret(path: PathBuf, context: &Context<'_>) -> Result<Vec<Anchor>, CommandError> {
    let read = context.until_shutdown(blocking(move || anchors_of_secret(&path))).await?;
    Ok(read.map_err(cannot_read)?.map_err(Usage::from)?)
}

/// Fetches the certificates that the registry presents. Only a TLS handshake is made.
async fn fetch_chain(context: &Context<'_>, registry: &Registry) -> Result<PresentedChain, CommandError> {
    // No login is needed, and --insecure must not hide whether the certificates are trusted.
    let connection = context.settings.connection(registry)?;
    let connection = Connection { account: Account::Anonymous, insecure: false, ..connection };
    let parts = context.connector.parts(connection).await?;
    let trust = parts.trust.map_err(Usage::from)?.for_registry(registry);
    let base = registry.base();
    let chain = async {
        let stream = connect(&base, &parts.options, &trust).await?;
        let host = base.host_str().unwrap_or_default();
        trust.presented(stream, host, registry.effective_port(), parts.options.connect_timeout).await
    };
    chain.await.map_err(|error| context.failed(registry, error))
}

fn record(
    registry: &Registry,
    presented: &PresentedChain,
    selection: &Selection,
    placement: &Placement,
) -> TrustRecord {
    let certificates = presented.chain.iter().filter_map(|sent| sent.certificate.as_ref());
    TrustRecord {
        registry: registry.authority(),
        trusted: presented.trust.is_ok(),
        trusted_by: presented.trust.as_ref().ok().map(ToString::to_string),
        cause: presented.trust.as_ref().err().map(|rejection| rejection.cause.clone()),
        tls: presented.agreed.as_ref().ok().map(|agreed| agreed.version.to_owned()),
        certificates: certificates.map(CertificateRecord::from).collect(),
        anchors: selection.anchors.iter().map(|anchor| CertificateRecord::from(&anchor.certificate)).collect(),
        anchor_kind: selection.kind.map_or_else(|| "given".to_owned(), |kind| kind.to_string()),
        pem: Anchor::pem(&selection.anchors),
        client: String::new(),
        path: placement.ca_file.display().to_string(),
        setting: placement
            .setting
            .as_ref()
            .map(|setting| SettingRecord { path: setting.path.display().to_string(), text: setting.text.clone() }),
        written: Field::Absent,
    }
}

/// Warns about problems that trusting the CA does not fix.
fn warn(context: &Context<'_>, registry: &Registry, presented: &PresentedChain, selection: &Selection) {
    let name = registry.authority();
    if let Some(end) = selection.end_of_trust() {
        context.report.warning(&format!(
            "{name} sends no CA certificate: only its own certificate can be pinned, until it is renewed (by {end})"
        ));
        let leaf = presented.chain.first().and_then(|sent| sent.certificate.as_ref());
        if let Some(leaf) = leaf.filter(|leaf| !leaf.self_signed) {
            context.report.hint(&format!(
                "ask the registry's administrator for the certificate of \"{}\", or to send the full chain \
                 (fullchain.pem)",
                leaf.issuer
            ));
        }
    }
    if let Err(rejection) = verify(registry, presented, &selection.anchors) {
        context.report.warning(&format!(
            "trusting the CA does not fix this: {}: {}",
            rejection.what(&name),
            rejection.cause
        ));
    }
    if let Err(rejection) = &presented.agreed {
        context.report.warning(&format!("{}: {}", rejection.what(&name), rejection.cause));
    }
}
