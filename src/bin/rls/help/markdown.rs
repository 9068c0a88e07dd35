//! Shows the Markdown of `docs/` on a terminal: headings, paragraphs, lists, tables and code, and no more than that.

use unicode_width::UnicodeWidthStr;

use crate::output::{Styles, Tone};

/// Columns between the cells of a table.
const GAP: usize = 2;
/// Maximum width of a table's columns, except for the last one.
const MAX_COLUMN: usize = 34;
/// Minimum width of a table's last column.
const MIN_LAST: usize = 24;
/// Indentation of code.
const CODE: &str = "    ";

/// The text of a document.
pub fn render(source: &str, width: usize, styles: Styles) -> String {
    let mut out = Text { width, styles, lines: Vec::new() };
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            out.lines.extend(code.map(|line| format!("{CODE}{line}")));
        } else if line.starts_with(CODE) || line.is_empty() {
            out.lines.push(line.to_owned());
        } else if let Some(heading) = line.strip_prefix('#') {
            out.lines.push(styles.paint(Tone::Heading, heading.trim_start_matches(['#', ' '])));
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            out.table(rows);
        } else {
            let mut paragraph = line.to_owned();
            while let Some(more) = lines.next_if(|line| continues(line)) {
                paragraph.push(' ');
                paragraph.push_str(more.trim_start());
            }
            let (lead, text) = paragraph.strip_prefix("- ").map_or(("", &*paragraph), |item| ("- ", item));
            for (index, line) in wrap(&inline(text), width - lead.len()).into_iter().enumerate() {
                let lead = if index == 0 { lead } else { &"  "[..lead.len()] };
                out.lines.push(format!("{lead}{line}"));
            }
        }
    }
    out.lines.join("\n") + "\n"
}

/// The first and the last cell of each row of the document's tables, without their headers.
pub fn terms(source: &str) -> Vec<(String, String)> {
    let mut lines = source.lines().peekable();
    let mut terms = Vec::new();
    while let Some(line) = lines.next() {
        let is_header = lines.peek().is_some_and(|next| next.starts_with("|--"));
        if line.starts_with('|') && !line.starts_with("|--") && !is_header {
            let cells = cells(line);
            terms.extend(cells.first().cloned().zip(cells.last().cloned()));
        }
    }
    terms
}

/// Whether a line goes on with the paragraph or the list item before it.
fn continues(line: &str) -> bool {
    !line.is_empty()
        && !line.starts_with(CODE)
        && !line.starts_with(['#', '|'])
        && !line.starts_with("```")
        && !line.starts_with("- ")
}

/// The cells of a table's row.
fn cells(line: &str) -> Vec<String> {
    const BAR: &str = "\u{0}";
    let line = line.replace("\\|", BAR);
    let line = line.trim().trim_start_matches('|').trim_end_matches('|');
    line.split('|').map(|cell| inline(&cell.trim().replace(BAR, "|"))).collect()
}

/// Text without the marks of code, emphasis and links.
fn inline(text: &str) -> String {
    let mut plain = String::new();
    for (index, part) in text.split('`').enumerate() {
        // Every second part is code, which is taken literally.
        if index % 2 == 1 { plain.push_str(part) } else { plain.push_str(&without_marks(part)) }
    }
    plain
}

fn without_marks(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = &*text.replace("**", "");
    while let Some((before, after)) = rest.split_once("](") {
        let (_, behind) = after.split_once(')').unwrap_or(("", after));
        plain.push_str(&before.replacen('[', "", 1));
        rest = behind;
    }
    plain + rest
}

/// Breaks text into lines of at most `width` columns. Words are not broken.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

struct Text {
    width: usize,
    styles: Styles,
    lines: Vec<String>,
}

impl Text {
    /// Lays out a table, whose second row separates the header from the rest.
    fn table(&mut self, mut rows: Vec<Vec<String>>) {
        if rows.len() > 1 {
            rows.remove(1);
        }
        let has_header = rows.first().is_some_and(|row| row.iter().any(|cell| !cell.is_empty()));
        if !has_header {
            rows.remove(0);
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        let mut widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or_default()).collect();
        if let Some((last, others)) = widths.split_last_mut() {
            others.iter_mut().for_each(|width| *width = (*width).min(MAX_COLUMN));
            let taken = others.iter().map(|width| width + GAP).sum();
            *last = (*last).min(self.width.saturating_sub(taken).max(MIN_LAST));
        }
        for (index, row) in rows.iter().enumerate() {
            let tone = if has_header && index == 0 { Tone::Heading } else { Tone::Plain };
            self.row(row, &widths, tone);
        }
    }

    fn row(&mut self, row: &[String], widths: &[usize], tone: Tone) {
        let wrapped: Vec<_> = row.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
        for index in 0..wrapped.iter().map(Vec::len).max().unwrap_or_default() {
            let mut line = String::new();
            for (cell, width) in wrapped.iter().zip(widths) {
                let part = cell.get(index).map_or("", String::as_str);
                line.push_str(&self.styles.paint(tone, part));
                line.push_str(&" ".repeat((width + GAP).saturating_sub(part.width()).max(1)));
            }
            self.lines.push(line.trim_end().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_dropped_and_text_is_wrapped() {
        let source = "\
# Title

A paragraph with `code|span`, **strong** words and a
[link](output.md) in it.

- an item that is longer than the width of the page
  and goes on

| name | | meaning |
|---|---|---|
| `a`, `b\\|c` | x | a long explanation that needs several lines in the last column |

```
$ rls tags   # **kept**
```
";
        insta::assert_snapshot!(render(source, 44, Styles::new(false)), @"
        Title

        A paragraph with code|span, strong words and
        a link in it.

        - an item that is longer than the width of
          the page and goes on

        name       meaning
        a, b|c  x  a long explanation that needs
                   several lines in the last column

            $ rls tags   # **kept**
        ");
    }

    #[test]
    fn a_table_without_a_header_has_none() {
        assert_eq!(render("| | |\n|---|---|\n| a | b |", 80, Styles::new(false)), "a  b\n");
    }

    #[test]
    fn a_heading_is_bold_in_colour() {
        assert_eq!(render("## rls tags", 80, Styles::new(true)), "\x1b[1mrls tags\x1b[0m\n");
    }
}
