//! The command lines of docker-ls and docker-rm 0.5.1.

use clap::{Arg, ArgAction, Command, value_parser};

/// A switch as Go's pflag has it: `--json`, `--json=false`.
fn switch(name: &'static str, help: &'static str) -> Arg {
    let values = value_parser!(String);
    Arg::new(name)
        .long(name)
        .help(help)
        .value_parser(values)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .action(ArgAction::Set)
}

fn value(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).allow_hyphen_values(true)
}

/// The options for the registry.
fn connection(command: Command) -> Command {
    command
        .arg(value("registry", "registry URL").short('r'))
        .arg(value("user", "username for registry login").short('u'))
        .arg(value("password", "password for registry login (visible to other users)").short('p'))
        .arg(switch("interactive-password", "prompt for password").short('i'))
        .arg(switch("basic-auth", "ignored: the registry says which authentication it needs"))
        .arg(switch("allow-insecure", "do not verify certificates"))
        .arg(value("max-requests", "max. number of concurrent API requests"))
        .arg(value("page-size", "ignored: pages are as large as the registry allows"))
        .arg(value("user-agent", "ignored"))
        .arg(switch("debug", "log requests"))
}

/// The options for output.
fn output(command: Command) -> Command {
    connection(command)
        .arg(switch("json", "output JSON instead of YAML").short('j'))
        .arg(switch("progress-indicator", "show progress indicator"))
        .arg(switch("statistics", "show connection statistics"))
        .arg(value("template", "named template of the configuration file").short('t'))
        .arg(value("template-source", "template"))
}

fn listing(command: Command) -> Command {
    output(command)
        .arg(value("level", "level of detail").short('l'))
        .arg(switch("table", "output table instead of YAML"))
        .arg(value("manifest-version", "manifest version to request"))
}

fn program(name: &'static str) -> Command {
    let config = value("config", "read config from specified file").short('c').global(true);
    Command::new(name).bin_name(name).version(env!("CARGO_PKG_VERSION")).max_term_width(100).arg(config)
}

/// `docker-ls`
pub fn docker_ls() -> Command {
    let tag = output(Command::new("tag").about("Inspect a tag"))
        .arg(switch("raw-manifest", "output raw manifest"))
        .arg(switch("parse-history", "try to parse history of a schema 1 manifest"))
        .arg(value("manifest-version", "manifest version to request"))
        .arg(Arg::new("reference").value_name("repository:tag").required(true));
    program("docker-ls")
        .about("List repositories and tags of a registry, as docker-ls 0.5.1 does")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(listing(Command::new("repositories").about("List all repositories").alias("repos")))
        .subcommand(
            listing(Command::new("tags").about("List all tags of a repository"))
                .arg(Arg::new("repository").value_name("repository").required(true)),
        )
        .subcommand(tag)
        .subcommand(
            Command::new("autocomplete")
                .about("Print a completion script")
                .arg(Arg::new("shell").default_value("bash").value_parser(value_parser!(clap_complete::Shell))),
        )
        .subcommand(Command::new("version").about("Print the version"))
}

/// `docker-rm`
pub fn docker_rm() -> Command {
    connection(program("docker-rm"))
        .about("Delete a manifest by its digest, as docker-rm 0.5.1 does")
        .arg(
            Arg::new("with-siblings")
                .long("with-siblings")
                .action(ArgAction::SetTrue)
                .help("delete a manifest that several tags point to"),
        )
        .arg(Arg::new("reference").value_name("repository:digest").required(true))
}
