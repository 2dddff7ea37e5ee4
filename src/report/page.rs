//! A page of cards, tables and plots: one HTML file that needs no network and no script.

use super::figure::{Figure, escape};
use super::html::{STYLE, embedded, number};
use crate::analysis::Estimate;
use std::fmt::Write;

/// What a page shows.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// In one line.
    pub lead: String,
    /// What matters most: name, value, and what stands below it.
    pub cards: Vec<[String; 3]>,
    /// What to keep in mind.
    pub warnings: Vec<String>,
    /// The rest, from top to bottom.
    pub contents: Vec<Content>,
}

/// A part of a page.
#[derive(Debug, Clone)]
pub enum Content {
    /// A table: heading, names of columns (or none: the first cell of a row names it), rows, and a remark below it.
    Table(String, Vec<String>, Vec<Vec<Cell>>, String),
    /// Plots: heading, and for each its name, caption and picture.
    Plots(String, Vec<(String, String, Figure)>),
    /// A paragraph below a heading.
    Text(String, String),
}

/// A cell of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// What it says, as HTML.
    html: String,
    /// May it be wrapped?
    wide: bool,
}

impl Cell {
    /// Text.
    pub fn text(text: &str) -> Self {
        Self { html: escape(text), wide: false }
    }

    /// Text that may take several lines.
    pub fn wide(text: &str) -> Self {
        Self { html: escape(text).replace('\n', "<br/>"), wide: true }
    }

    /// Text that leads to another file.
    pub fn link(text: &str, to: &str) -> Self {
        Self { html: format!("<a href=\"{}\">{}</a>", escape(to), escape(text)), wide: false }
    }

    /// A number with three digits.
    pub fn number(value: f64) -> Self {
        Self { html: number(value), wide: false }
    }

    /// A number with its interval below.
    pub fn interval(value: f64, [low, high]: [f64; 2]) -> Self {
        Self {
            html: format!("{}<small>{} to {}</small>", number(value), number(low), number(high)),
            wide: false,
        }
    }

    /// An estimate with its interval below; a dash if there is none.
    pub fn estimate(estimate: Option<&Estimate>) -> Self {
        estimate.map_or_else(|| Self::text("–"), |e| Self::interval(e.value, e.ci95))
    }
}

/// The beginning of a page: its title, and in one line what it is about.
pub(super) fn head(title: &str, lead: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n<style>{STYLE}</style></head>\n\
         <body><main>\n<h1>{0}</h1>\n<p class=\"lead\">{1}</p>\n",
        escape(title),
        escape(lead),
    )
}

/// The end of a page.
pub(super) const END: &str = "</main></body>\n</html>\n";

/// A card: its name, and as HTML a value and what stands below it.
pub(super) fn card(name: &str, value: &str, below: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<div class=\"card\"><div class=\"name\">{}</div><div class=\"value\">{value}</div><div class=\"interval\">{below}</div></div>",
        escape(name),
    );
}

/// What to keep in mind, if anything.
pub(super) fn warnings(warnings: &[String], out: &mut String) {
    if warnings.is_empty() {
        return;
    }
    out.push_str("<h2>What to keep in mind</h2>\n<ul class=\"warnings\">\n");
    for warning in warnings {
        let _ = writeln!(out, "<li>{}</li>", escape(warning));
    }
    out.push_str("</ul>\n");
}

impl Page {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let mut out = head(&self.title, &self.lead);
        if !self.cards.is_empty() {
            out.push_str("<div class=\"cards\">\n");
            for [name, value, below] in &self.cards {
                card(name, &escape(value), &escape(below), &mut out);
            }
            out.push_str("</div>\n");
        }
        warnings(&self.warnings, &mut out);
        self.contents.iter().for_each(|content| content.html(&mut out));
        out.push_str(END);
        out
    }
}

impl Content {
    fn html(&self, out: &mut String) {
        match self {
            Self::Text(heading, text) => {
                let _ = writeln!(out, "<h2>{}</h2>\n<p>{}</p>", escape(heading), escape(text));
            }
            Self::Plots(heading, plots) => {
                let _ = writeln!(out, "<h2>{}</h2>\n<div class=\"figures\">", escape(heading));
                for (name, caption, figure) in plots.iter().filter(|(_, _, figure)| !figure.is_empty()) {
                    out.push_str(&embedded(name, caption, &figure.svg()));
                }
                out.push_str("</div>\n");
            }
            Self::Table(heading, columns, rows, remark) => {
                let _ = writeln!(out, "<h2>{}</h2>\n<div class=\"scroll\"><table>", escape(heading));
                if !columns.is_empty() {
                    out.push_str("<tr>");
                    for name in columns {
                        let _ = write!(out, "<th>{}</th>", escape(name));
                    }
                    out.push_str("</tr>\n");
                }
                for row in rows {
                    out.push_str("<tr>");
                    for (k, cell) in row.iter().enumerate() {
                        // Where columns have no names, rows have.
                        let tag = if k == 0 && columns.is_empty() { "th" } else { "td" };
                        let class = if cell.wide { " class=\"wide\"" } else { "" };
                        let _ = write!(out, "<{tag}{class}>{}</{tag}>", cell.html);
                    }
                    out.push_str("</tr>\n");
                }
                out.push_str("</table></div>\n");
                if !remark.is_empty() {
                    let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(remark));
                }
            }
        }
    }
}
