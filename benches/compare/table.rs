//! The rows, as in the README, and the missed goals.

use std::process::ExitCode;

use crate::pairs::Outcome;

/// A goal: the maximum of a row.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// Of the other's time.
    Ratio(f64),
    /// Over the other's time, in milliseconds.
    More(f64),
    /// Its own time, in seconds.
    Seconds(f64),
    /// Resident at once, in MiB, and of the other's time.
    Memory(f64, f64),
}

/// Prints rows as they come.
#[derive(Debug, Default)]
pub struct Table {
    missed: Vec<String>,
}

impl Table {
    pub fn head(&self) {
        println!(
            "| {:<38} | {:<20} | {:>9} | {:>9} | {:>5} | {:>13} | {:>8} | {:>9} |",
            "what", "beside", "rls", "other", "ratio", "range", "rls MiB", "other MiB"
        );
        println!(
            "|{:-<40}|{:-<22}|{:->10}:|{:->10}:|{:->6}:|{:->14}:|{:->9}:|{:->10}:|",
            "", "", "", "", "", "", "", ""
        );
    }

    pub fn row(&mut self, what: &str, beside: &str, outcome: &Outcome, goal: Option<Goal>) {
        let Outcome { ours, theirs, ratio, from, to, more, .. } = *outcome;
        let (our, their) = (milliseconds(ours.time.as_secs_f64()), milliseconds(theirs.time.as_secs_f64()));
        let range = format!("{from:.2} to {to:.2}");
        println!(
            "| {what:<38} | {beside:<20} | {our:>9} | {their:>9} | {ratio:>5.2} | {range:>13} | {:>8.1} | {:>9.1} |",
            ours.memory, theirs.memory
        );
        let missed = match goal {
            Some(Goal::Ratio(most)) if ratio > most => format!("{ratio:.2} of its time; at most {most} is wanted"),
            Some(Goal::More(most)) if more > most => format!("{more:.1} ms more; at most {most} is wanted"),
            Some(Goal::Seconds(most)) if ours.time.as_secs_f64() > most => {
                format!("{:.2} s; at most {most} are wanted", ours.time.as_secs_f64())
            }
            Some(Goal::Memory(most, _)) if ours.memory > most => {
                format!("{:.1} MiB; at most {most} are wanted", ours.memory)
            }
            Some(Goal::Memory(_, most)) if ratio > most => format!("{ratio:.2} of its time; at most {most} is wanted"),
            _ => return,
        };
        self.missed.push(format!("{what}, beside {beside}: {missed}"));
    }

    /// A row that compares nothing.
    pub fn fact(&mut self, what: &str, value: f64, unit: &str, most: f64) {
        let decimals = usize::from(value.fract() != 0.0);
        println!(
            "| {what:<38} | {:<20} | {:>9} | {:>9} | {:>5} | {:>13} | {:>8} | {:>9} |",
            "",
            format!("{value:.decimals$} {unit}"),
            "",
            "",
            "",
            "",
            ""
        );
        if value > most {
            self.missed.push(format!("{what}: {value:.1} {unit}; at most {most} are wanted"));
        }
    }

    /// Prints the missed goals; fails when there are any.
    pub fn end(&self) -> ExitCode {
        self.missed.iter().for_each(|missed| eprintln!("not reached: {missed}"));
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn milliseconds(seconds: f64) -> String {
    let value = seconds * 1000.0;
    if value < 100.0 { format!("{value:.1} ms") } else { format!("{value:.0} ms") }
}
