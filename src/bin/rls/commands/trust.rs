mod accept;
mod check;
mod place;

use std::path::{Path, PathBuf};

use registry_ls::http::connect;
use registry_ls::name::Registry;
use registry_ls::trust::{Anchor, AnchorKind, HostPaths, Placement, PresentedChain, TrustSource, anchors_of_secret};
use registry_ls::{Error, Kind, error};

use super::Context;
use crate::args::{ClientName, TrustArgs};
use crate::config::{Account, Connection};
use crate::connect::own_certs_d;
use crate::input::{apart, unread};
use crate::output::{CertificateRecord, Field, SettingRecord, TrustRecord, TrustView, day};
use crate::report::CommandError;
use crate::usage::Usage;

/// `rls trust`
pub async fn run(args: &TrustArgs, context: &Context<'_>) -> Result<(), CommandError> {
    if !args.check.is_empty() {
        return check::run(args, context).await;
    }
    let registry = context.settings.named_registry(args.named.as_deref())?;
    if registry.is_plain_http() {
        return Err(Usage::new(format!("{registry} is spoken to in plain HTTP, which has no certificates")).into());
    }
    let mut output = context.output(TrustView)?;
    let from_secret = match args.from_secret.clone() {
        Some(path) => Some(from_secret(path, context).await?),
        None => None,
    };
    let presented = present(context, &registry).await?;
    let wanted = match from_secret {
        Some(anchors) => secrets(context, &registry, &presented, anchors)?,
        None => Wanted::find(context, &registry, &presented, args.fingerprint.as_ref())?,
    };
    let paths = host_paths(context);
    let client = args.write.unwrap_or(ClientName::Rls);
    let placement = Placement::of(client.into(), &registry.authority(), &paths);
    let mut record = record(&registry, &presented, &wanted, &placement);
    record.client = client.as_str().to_owned();
    let is_asked = args.write.is_some() && !wanted.is_accepted;
    if is_asked {
        // Whoever decides should know what the warnings say.
        warn(context, &registry, &presented, &wanted);
        accept::ask(&registry, &wanted).await?;
    }
    if args.write.is_some() {
        record.written = Field::Known(place::write(&placement, &registry, &wanted.anchors, args.force)?);
    }
    output.write(&record)?;
    output.finish()?;
    if !is_asked {
        warn(context, &registry, &presented, &wanted);
    }
    match args.write {
        Some(_) => place::hints(context, client.into(), &placement),
        None if presented.trust.is_err() => context.report.hint(
            "--write saves it there, --write docker (podman, containerd, k3s) where those look; compare its sha256 with what the \
             registry's operator says",
        ),
        None => {}
    }
    Ok(())
}

/// Reads the CA out of a secret, which may come from a pipe.
async fn from_secret(path: PathBuf, context: &Context<'_>) -> Result<Vec<Anchor>, CommandError> {
    let read = context.until_shutdown(apart(move || anchors_of_secret(&path))).await?;
    Ok(read.map_err(unread)?.map_err(Usage::from)?)
}

/// Where clients look.
fn host_paths(context: &Context<'_>) -> HostPaths {
    let own_certs_d = own_certs_d().unwrap_or_else(|| PathBuf::from("/.config/rls/certs.d"));
    HostPaths { root: context.settings.root(), ..HostPaths::from_env(own_certs_d) }
}

/// What is to be trusted.
struct Wanted {
    anchors: Vec<Anchor>,
    /// What that is to the server; `None` for what is from a file.
    kind: Option<AnchorKind>,
    /// Whether somebody who may has said that it is the right one.
    is_accepted: bool,
}

/// What the registry presents. Nothing is sent but the TLS handshake.
async fn present(context: &Context<'_>, registry: &Registry) -> Result<PresentedChain, CommandError> {
    // Nobody logs in, and it matters whether the certificates are trusted.
    let connection = context.settings.connection(registry)?;
    let connection = Connection { account: Account::Anonymous, insecure: false, ..connection };
    let parts = context.connector.parts(connection).await?;
    let trust = parts.trust.map_err(Usage::from)?.for_registry(registry);
    let base = registry.base();
    let looked = async {
        let wire = connect(&base, &parts.options, trust.general_config()?).await?;
        let host = base.host_str().unwrap_or_default();
        trust.presented(wire, host, registry.effective_port(), parts.options.connect_timeout).await
    };
    looked.await.map_err(|error| context.failed(registry, error))
}

/// The CA out of a secret, if it is the registry's.
fn secrets(
    context: &Context<'_>,
    registry: &Registry,
    presented: &PresentedChain,
    anchors: Vec<Anchor>,
) -> Result<Wanted, CommandError> {
    match verdict(registry, presented, &anchors) {
        Err(rejection) if matches!(rejection.fault, error::Tls::UnknownIssuer { .. }) => {
            let names: Vec<String> =
                anchors.iter().map(|anchor| format!("\"{}\"", anchor.certificate.subject)).collect();
            let what = format!("the CA in the secret did not issue the certificate of {}", registry.authority());
            let error = Error::new(Kind::Tls(rejection.fault), what);
            Err(context.failed(registry, error.because(format!("it is {}", names.join(", "))).because(rejection.cause)))
        }
        // Whatever else is wrong with the server is said later; the CA is the right one.
        _ => Ok(Wanted { anchors, kind: None, is_accepted: true }),
    }
}

impl Wanted {
    /// What to trust: what vouches for the registry here already, or what was named by its fingerprint, or the best of what
    /// the registry sends.
    fn find(
        context: &Context<'_>,
        registry: &Registry,
        presented: &PresentedChain,
        fingerprint: Option<&[u8; 32]>,
    ) -> Result<Self, CommandError> {
        let unreadable = || {
            let what = format!("the certificate of {} cannot be read", registry.authority());
            context.failed(registry, Error::new(Kind::Tls(error::Tls::BadCertificate), what))
        };
        let (sent, kind) = presented.anchor().ok_or_else(unreadable)?;
        if let Some(fingerprint) = fingerprint {
            let named =
                presented.with_fingerprint(fingerprint).ok_or_else(|| mismatch(context, registry, presented))?;
            // The server's own word is good enough for its CA: it proved that it has the key.
            let is_servers = presented.chain.first().is_some_and(|own| own.der == named.der);
            let (anchor, kind) =
                if is_servers || named == sent { (sent, kind) } else { (named, AnchorKind::Intermediate) };
            return Ok(Self { anchors: vec![anchor], kind: Some(kind), is_accepted: true });
        }
        let is_trusted = presented.trust.is_ok();
        if let Ok(TrustSource::Authority(file) | TrustSource::Pin(file)) = &presented.trust
            && let Some(anchor) = vouching(registry, file, presented)
        {
            let is_servers = presented.chain.first().is_some_and(|own| own.der == anchor.der);
            return Ok(Self { anchors: vec![anchor], kind: is_servers.then_some(AnchorKind::Leaf), is_accepted: true });
        }
        Ok(Self { anchors: vec![sent], kind: Some(kind), is_accepted: is_trusted })
    }

    /// When trust in it ends because the server gets another certificate.
    fn ends(&self) -> Option<String> {
        let record = CertificateRecord::from(&self.anchors.first()?.certificate);
        (self.kind == Some(AnchorKind::Leaf)).then(|| day(record.not_after))
    }
}

/// The certificate in a file on this machine that makes the registry trusted.
fn vouching(registry: &Registry, file: &Path, presented: &PresentedChain) -> Option<Anchor> {
    let mut anchors = Anchor::in_file(file).into_iter();
    anchors.find(|anchor| verdict(registry, presented, std::slice::from_ref(anchor)).is_ok())
}

fn verdict(
    registry: &Registry,
    presented: &PresentedChain,
    anchors: &[Anchor],
) -> Result<(), registry_ls::trust::Rejection> {
    presented.is_trusted_by(anchors, registry.base().host_str().unwrap_or_default())
}

fn mismatch(context: &Context<'_>, registry: &Registry, presented: &PresentedChain) -> CommandError {
    let what = format!("{} sends no certificate with this fingerprint", registry.authority());
    let sent = presented.chain.iter().filter_map(|sent| sent.certificate.as_ref());
    let error = Error::new(Kind::Tls(error::Tls::Handshake), what);
    let name = |error: Error, one: &registry_ls::trust::Certificate| {
        error.because(format!("it sends {} of \"{}\"", one.fingerprint(), one.subject))
    };
    context.failed(registry, sent.fold(error, name))
}

fn record(registry: &Registry, presented: &PresentedChain, wanted: &Wanted, placement: &Placement) -> TrustRecord {
    let certificates = presented.chain.iter().filter_map(|sent| sent.certificate.as_ref());
    TrustRecord {
        registry: registry.authority(),
        trusted: presented.trust.is_ok(),
        trusted_by: presented.trust.as_ref().ok().map(ToString::to_string),
        cause: presented.trust.as_ref().err().map(|rejection| rejection.cause.clone()),
        tls: presented.agreed.as_ref().ok().map(|agreed| agreed.version.to_owned()),
        certificates: certificates.map(CertificateRecord::from).collect(),
        anchors: wanted.anchors.iter().map(|anchor| CertificateRecord::from(&anchor.certificate)).collect(),
        anchor_kind: wanted.kind.map_or_else(|| "given".to_owned(), |kind| kind.to_string()),
        pem: Anchor::pem(&wanted.anchors),
        client: String::new(),
        path: placement.ca_file.display().to_string(),
        setting: placement
            .setting
            .as_ref()
            .map(|setting| SettingRecord { path: setting.path.display().to_string(), text: setting.text.clone() }),
        written: Field::Absent,
    }
}

/// What is not well, and not mended by trust.
fn warn(context: &Context<'_>, registry: &Registry, presented: &PresentedChain, wanted: &Wanted) {
    let name = registry.authority();
    if let Some(end) = wanted.ends() {
        context.report.warning(&format!(
            "{name} sends no CA: only its own certificate can be pinned, which breaks when it is renewed, by {end} at the latest"
        ));
        let leaf = presented.chain.first().and_then(|sent| sent.certificate.as_ref());
        if let Some(leaf) = leaf.filter(|leaf| !leaf.self_signed) {
            context.report.hint(&format!(
                "the CA \"{}\" would last: ask the registry's operator for it, or to send its chain (fullchain.pem)",
                leaf.issuer
            ));
        }
    }
    if let Err(rejection) = verdict(registry, presented, &wanted.anchors) {
        context.report.warning(&format!(
            "trust alone does not mend this: {}: {}",
            rejection.what(&name),
            rejection.cause
        ));
    }
    if let Err(rejection) = &presented.agreed {
        context.report.warning(&format!("{}: {}", rejection.what(&name), rejection.cause));
    }
}
