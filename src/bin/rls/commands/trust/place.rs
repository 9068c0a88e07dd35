//! Writing a CA where a client looks.

use registry_ls::name::Registry;
use registry_ls::trust::{Anchor, Change, ClientProgram, Placement, Refused};

use crate::commands::Context;
use crate::output::WrittenRecord;
use crate::usage::{Result, Usage};

/// Writes, and says what became of each file.
///
/// # Errors
///
/// What is in the way, with what to do about it.
pub(super) fn write(
    placement: &Placement,
    registry: &Registry,
    anchors: &[Anchor],
    force: bool,
) -> Result<Vec<WrittenRecord>> {
    let written = placement.write(registry, anchors, force).map_err(|refused| refusal(refused, placement))?;
    let record = |file: registry_ls::trust::Written| WrittenRecord {
        path: file.path.display().to_string(),
        change: match file.change {
            Change::Created => "created",
            Change::Replaced => "replaced",
            Change::Unchanged => "unchanged",
        }
        .to_owned(),
    };
    Ok(written.into_iter().map(record).collect())
}

fn refusal(refused: Refused, placement: &Placement) -> Usage {
    match refused {
        Refused::Different { path, holds } => Usage::new(format!("another certificate is in {}", path.display()))
            .because(holds)
            .hint("--force replaces it"),
        Refused::Unchangeable { path, why, line } => Usage::new(format!("{} cannot be changed", path.display()))
            .because(why)
            .hint(format!("write the CA to {} and add this by hand: {line}", placement.ca_file.display())),
        Refused::Denied { path, why } => Usage::new(format!("{} cannot be written", path.display()))
            .because(why)
            .hint("the files of the whole machine are root's; --write rls is for you alone"),
        Refused::Failed(error) => error.into(),
    }
}

/// What is left to do.
pub(super) fn hints(context: &Context<'_>, client: ClientProgram, placement: &Placement) {
    for folder in &placement.hides {
        context.report.warning(&format!("podman reads one folder only: {} is not read any more", folder.display()));
    }
    match client {
        ClientProgram::Containerd => context.report.hint(
            "containerd looks there if its config.toml has config_path = \"/etc/containerd/certs.d\"; it need not be restarted",
        ),
        ClientProgram::K3s => context.report.hint("it counts once k3s is restarted: systemctl restart k3s"),
        ClientProgram::Own | ClientProgram::Docker | ClientProgram::Podman => {}
    }
}
