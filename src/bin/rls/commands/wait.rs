//! `rls wait`: waits for a tag, for what it points to, or for a platform.

use std::time::Duration;

use registry_ls::Kind;
use registry_ls::error::{Error, Result};
use registry_ls::name::{Digest, Reference};
use registry_ls::registry::{Content, PlatformChoice, RepositoryHandle, Summaries};

use super::context::Context;
use super::digest::record;
use crate::args::WaitArgs;
use crate::output::{DigestRecord, DigestView};
use crate::report::{CommandError, HintContext};
use crate::usage::Usage;

/// How much longer each pause is than the one before, at most up to [`MAX_PAUSE`].
const GROWTH: f64 = 1.2;

/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(30);

pub async fn run(args: &WaitArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let named = context.references(std::slice::from_ref(&args.reference)).await?;
    let [(repository, reference)] = named.as_slice() else {
        return Err(Usage::new("rls wait waits for one reference").into());
    };
    let mut output = context.output(DigestView)?;
    let mut pause = args.interval;
    let mut reported = String::new();
    let digest = loop {
        let readiness = context.until_shutdown(readiness(args, repository, reference)).await;
        let reason = match readiness.map_err(|end| with_reason(end, &reported))? {
            Ok(Readiness::Ready(digest)) => break digest,
            Ok(Readiness::NotYet(reason)) => reason,
            Err(error) if may_pass(&error) => error.to_string(),
            Err(error) => return Err(context.failed(repository.registry(), error)),
        };
        // Why it waits is said once, and again when it changes.
        if reason != reported {
            context.report.summary(&format!("waiting: {reason}"));
            reported = reason;
        }
        let slept = context.until_shutdown(tokio::time::sleep(pause)).await;
        slept.map_err(|end| with_reason(end, &reported))?;
        pause = pause.mul_f64(GROWTH).min(MAX_PAUSE.max(args.interval));
    };
    output.write(&DigestRecord { digest: Some(digest.to_string()), ..record(repository, reference) })?;
    Ok(output.finish()?)
}

/// Why the command ended; at the time limit, also what it waited for.
fn with_reason(end: CommandError, reason: &str) -> CommandError {
    match end {
        CommandError::Failed(error, hint_context) if matches!(error.kind(), Kind::TimedOut) && !reason.is_empty() => {
            CommandError::Failed(error.because(reason), Box::new(HintContext { waits: true, ..*hint_context }))
        }
        end => end,
    }
}

/// The result of one check.
enum Readiness {
    /// It exists.
    Ready(Digest),
    /// It does not exist yet; the reason.
    NotYet(String),
}

async fn readiness(args: &WaitArgs, repository: &RepositoryHandle, reference: &Reference) -> Result<Readiness> {
    let resolved = match &args.digest {
        Some(wanted) => repository.find_by(reference.target(), wanted.algorithm()).await?,
        None => repository.try_resolve(reference.target()).await?,
    };
    let Some(resolved) = resolved else {
        return Ok(Readiness::NotYet(format!("{reference} does not exist")));
    };
    if let Some(wanted) = args.digest.as_ref().filter(|wanted| **wanted != resolved.digest) {
        return Ok(Readiness::NotYet(format!("{reference} is {}, not {wanted}", resolved.digest)));
    }
    let Some(platform) = &args.platform else { return Ok(Readiness::Ready(resolved.digest)) };
    let manifest = repository.manifest(&resolved.digest).await?;
    let (document, _) = manifest.readable()?;
    let available = match document.content {
        Content::Index(_) => match repository.choose(&document, Some(platform)).await? {
            PlatformChoice::Image { .. } => return Ok(Readiness::Ready(resolved.digest)),
            PlatformChoice::None(available) => available,
        },
        Content::Image { .. } | Content::Schema1(_) => {
            let summary = Summaries::new(repository, jiff::Timestamp::now()).of(manifest).await;
            let available = summary.platforms.clone().unwrap_or_default();
            if available.iter().any(|available| available.serves(platform)) {
                return Ok(Readiness::Ready(resolved.digest));
            }
            available
        }
    };
    let available: Vec<_> = available.iter().map(ToString::to_string).collect();
    Ok(Readiness::NotYet(format!("{reference} has no image for {platform}, but for {}", available.join(", "))))
}

/// Whether a failure may pass: the registry may be restarting. A manifest of an index that is not there yet is pushed
/// later, or replicated.
fn may_pass(error: &Error) -> bool {
    // A proxy answers in place of a registry that is not there.
    let is_by_proxy = error.reply().is_some_and(|reply| reply.is_page && reply.status == 404);
    is_by_proxy
        || error.is_retryable()
        || error.is_not_found()
        || matches!(error.kind(), Kind::Network(_) | Kind::RateLimited)
}
