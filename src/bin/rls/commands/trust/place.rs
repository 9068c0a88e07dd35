//! Writes a CA where a client looks.

use std::path::PathBuf;

use registry_ls::name::Registry;
use registry_ls::trust::{Anchor, Change, ClientProgram, HostPaths, Placement, Refused};

use crate::commands::context::Context;
use crate::connect::own_certs_d;
use crate::output::WrittenRecord;
use crate::usage::Usage;

/// The paths of this machine where clients look.
pub fn host_paths(context: &Context<'_>) -> HostPaths {
    let own_certs_d = own_certs_d().unwrap_or_else(|| PathBuf::from("/.config/rls/certs.d"));
    HostPaths { root: context.settings.root(), ..HostPaths::from_env(own_certs_d) }
}

/// Writes the CA, and returns what was done to each file.
pub fn write(
    placement: &Placement,
    registry: &Registry,
    anchors: &[Anchor],
    force: bool,
) -> Result<Vec<WrittenRecord>, Refused> {
    let written = placement.write(registry, anchors, force)?;
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

/// Why the CA was not written, with a hint; `as_root` is the same command as root.
pub fn refusal(refused: Refused, placement: &Placement, as_root: &str) -> Usage {
    match refused {
        Refused::Different { path, holds } => Usage::new(format!("{} contains another certificate", path.display()))
            .because(holds)
            .hint("use --force to replace it"),
        Refused::Unchangeable { path, why, line } => Usage::new(format!("{} cannot be changed", path.display()))
            .because(why)
            .hint(format!("write the CA to {} and add this by hand: {line}", placement.ca_file.display())),
        Refused::Denied { path, why } => Usage::new(format!("{} cannot be written", path.display()))
            .because(why)
            .hint(format!("run: {as_root}; or use --write rls to trust it for your user only")),
        Refused::Failed(error) => error.into(),
    }
}

/// Prints what is left to do.
pub fn hints(context: &Context<'_>, client: ClientProgram, placement: &Placement) {
    for folder in &placement.hides {
        context.report.warning(&format!("podman reads only one folder: {} is no longer read", folder.display()));
    }
    match client {
        ClientProgram::Containerd => context.report.hint(
            "containerd reads it if its config.toml has config_path = \"/etc/containerd/certs.d\"; no restart is \
             needed",
        ),
        ClientProgram::K3s => context.report.hint("restart k3s to apply: systemctl restart k3s"),
        ClientProgram::Own | ClientProgram::Docker | ClientProgram::Podman => {}
    }
}
