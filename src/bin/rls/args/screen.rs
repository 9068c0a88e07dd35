//! The help of the program itself: its first screen, and the list of all commands.

use std::fmt::Write as _;

/// The groups in which commands are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Browse,
    Change,
    Diagnose,
    More,
}

impl Group {
    const ALL: [Self; 4] = [Self::Browse, Self::Change, Self::Diagnose, Self::More];

    fn title(self) -> &'static str {
        match self {
            Self::Browse => "Browse",
            Self::Change => "Change",
            Self::Diagnose => "Diagnose",
            Self::More => "More",
        }
    }
}

/// How a command is listed on the first screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// On a line of its own, with its description.
    First,
    /// By name, after the others of its group.
    Also,
}

use Group::{Browse, Change, Diagnose, More};
use Listed::{Also, First};

/// The commands in the order in which they are listed. A new command needs one line here.
const COMMANDS: &[(&str, Group, Listed)] = &[
    ("repos", Browse, First),
    ("tags", Browse, First),
    ("manifest", Browse, First),
    ("digest", Browse, Also),
    ("referrers", Browse, Also),
    ("files", Browse, Also),
    ("cat", Browse, Also),
    ("du", Browse, Also),
    ("diff", Browse, Also),
    ("find", Browse, Also),
    ("browse", Browse, Also),
    ("rm", Change, First),
    ("prune", Change, First),
    ("undo", Change, Also),
    ("doctor", Diagnose, First),
    ("trust", Diagnose, First),
    ("check", Diagnose, Also),
    ("snapshot", Diagnose, Also),
    ("drift", Diagnose, Also),
    ("wait", Diagnose, Also),
    ("login", More, Also),
    ("logout", More, Also),
    ("cache", More, Also),
    ("completions", More, Also),
    ("man", More, Also),
    ("compat", More, Also),
    ("help", More, Also),
];

/// The commands of a group that `program` has.
fn members(program: &clap::Command, group: Group) -> impl Iterator<Item = (&clap::Command, Listed)> {
    let ours = COMMANDS.iter().filter(move |(_, theirs, _)| *theirs == group);
    ours.filter_map(|(name, _, listed)| Some((program.find_subcommand(name)?, *listed)))
}

fn about(command: &clap::Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

const EXAMPLES: &str = "\
Examples:
  rls tags registry.corp:5000/team/app -l
  rls rm registry.corp:5000/team/app:1.3.9
  rls doctor registry.corp:5000
";

const MORE_HELP: &str = "\
'rls help COMMAND' explains a command, 'rls help options' the options of all commands;
'rls help TOPIC' is a reference: output, config, env, exit-codes, templates
";

/// What follows the usage line in `rls -h`: the screen as a whole fits 24 lines.
pub fn short(program: &clap::Command) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let mut title = group.title();
        let mut also = Vec::new();
        for (command, listed) in members(program, group) {
            match listed {
                Listed::Also => also.push(command.get_name()),
                Listed::First => {
                    let _ = writeln!(text, "{title:<10}{:<11}{}", command.get_name(), about(command));
                    title = "";
                }
            }
        }
        if !also.is_empty() {
            let lead = if title.is_empty() { "also: " } else { "" };
            let _ = writeln!(text, "{title:<10}{lead}{}", also.join(", "));
        }
    }
    format!("{text}\n{EXAMPLES}\n{MORE_HELP}")
}

/// What follows the usage line in `rls --help`: every command with its description.
pub fn long(program: &clap::Command) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let _ = writeln!(text, "{}:", group.title());
        for (command, _) in members(program, group) {
            let aliases = command.get_visible_aliases().collect::<Vec<_>>().join(", ");
            let aliases = if aliases.is_empty() { aliases } else { format!(" [alias: {aliases}]") };
            let _ = writeln!(text, "  {:<13}{}{aliases}", command.get_name(), about(command));
        }
        text.push('\n');
    }
    format!("{text}{EXAMPLES}\n{MORE_HELP}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::command;

    #[test]
    fn the_first_screen_fits_a_terminal() {
        let screen = command().render_help().to_string();
        assert!(screen.lines().count() <= 24, "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= 90), "{screen}");
        assert_eq!(screen.matches("\n  rls ").count(), 3, "{screen}");
    }

    #[test]
    fn every_command_is_listed_once_on_both_screens() {
        let program = command();
        let (short, long) = (short(&program), long(&program));
        for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            let listed = COMMANDS.iter().filter(|(listed, ..)| *listed == name).count();
            assert_eq!(listed, 1, "add {name} to COMMANDS, in the group where people look for it");
            let words = short.split("Examples").next().unwrap_or_default().split([' ', ',', '\n']);
            assert!(words.into_iter().any(|word| word == name), "{name}: {short}");
            assert!(long.contains(&format!("\n  {name} ")), "{name}: {long}");
        }
    }
}
