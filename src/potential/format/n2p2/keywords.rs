//! The keywords of `input.nn`.

use crate::error::{Diagnostic, Error, Result, edit_distance};
use crate::text::{Line, Lines, Token};
use std::path::PathBuf;

/// Keywords that decide what is computed. The first of a group is the name, the others stand for it.
const USED: [&[&str]; 22] = [
    &["number_of_elements"],
    &["elements"],
    &["atom_energy"],
    &["cutoff_type"],
    &["symfunction_short", "symfunction"],
    &["scale_symmetry_functions"],
    &["scale_min_short"],
    &["scale_max_short"],
    &["center_symmetry_functions"],
    &["scale_symmetry_functions_sigma"],
    &["global_hidden_layers_short"],
    &["global_nodes_short"],
    &["global_activation_short"],
    &["element_hidden_layers_short"],
    &["element_nodes_short"],
    &["element_activation_short"],
    &["normalize_nodes"],
    &["mean_energy"],
    &["conv_energy"],
    &["conv_length"],
    &["conv_charge"],
    &["nnp_type", "nnp_generation", "nnp_type_gen", "nnp_gen"],
];

/// Those that may be given several times.
const REPEATED: [&str; 5] = [
    "atom_energy",
    "symfunction_short",
    "element_hidden_layers_short",
    "element_nodes_short",
    "element_activation_short",
];

/// Keywords that would change energies in ways that are not computed here, and what they do.
const REFUSED: [(&str, &str); 9] = [
    ("use_electrostatics", "adds electrostatic energies of charges from a second network"),
    ("use_vdw", "adds dispersion energies"),
    ("use_noisematrix", "changes what the network computes"),
    ("global_symfunction_short", "defines symmetry functions in short hand"),
    ("element_symfunction_short", "defines symmetry functions in short hand"),
    ("global_pairsymfunction_short", "defines symmetry functions of pairs"),
    ("element_pairsymfunction_short", "defines symmetry functions of pairs"),
    ("pairsymfunction_short", "defines symmetry functions of pairs"),
    ("use_hirshfeld", "adds dispersion energies from a second network"),
];

/// Keywords of training, of output, and of parts that `nnp_type` decides on: known, and ignored.
const IGNORED: [&str; 70] = [
    "random_seed",
    "test_fraction",
    "epochs",
    "normalize_data_set",
    "use_short_forces",
    "rmse_threshold",
    "rmse_threshold_energy",
    "rmse_threshold_force",
    "rmse_threshold_charge",
    "rmse_threshold_trials",
    "rmse_threshold_trials_energy",
    "rmse_threshold_trials_force",
    "rmse_threshold_trials_charge",
    "energy_fraction",
    "force_fraction",
    "force_energy_ratio",
    "charge_fraction",
    "use_old_weights_short",
    "use_old_weights_charge",
    "weights_min",
    "weights_max",
    "initial_hardness",
    "nguyen_widrow_weights_short",
    "nguyen_widrow_weights_charge",
    "precondition_weights",
    "main_error_metric",
    "write_trainpoints",
    "write_trainforces",
    "write_traincharges",
    "write_weights_epoch",
    "write_neuronstats",
    "write_trainlog",
    "repeated_energy_update",
    "updater_type",
    "parallel_mode",
    "jacobian_mode",
    "update_strategy",
    "selection_mode",
    "selection_mode_energy",
    "selection_mode_force",
    "selection_mode_charge",
    "task_batch_size_energy",
    "task_batch_size_force",
    "task_batch_size_charge",
    "gradient_type",
    "gradient_eta",
    "gradient_adam_eta",
    "gradient_adam_beta1",
    "gradient_adam_beta2",
    "gradient_adam_epsilon",
    "kalman_type",
    "kalman_epsilon",
    "kalman_eta",
    "kalman_etatau",
    "kalman_etamax",
    "kalman_q0",
    "kalman_qtau",
    "kalman_qmin",
    "kalman_lambda_short",
    "kalman_nue_short",
    "memorize_symfunc_results",
    "force_weight",
    "global_hidden_layers_electrostatic",
    "global_nodes_electrostatic",
    "global_activation_electrostatic",
    "element_nodes_electrostatic",
    "symfunction_electrostatic",
    "fixed_gausswidth",
    "scale_min_elec",
    "scale_max_elec",
];

/// More lines than any potential has.
const MOST_LINES: usize = 1 << 20;

/// A keyword with its line.
#[derive(Debug)]
pub(super) struct Keyword {
    name: &'static str,
    /// The line, comments removed.
    line: Line,
}

impl Keyword {
    /// The words after the keyword.
    pub(super) fn values(&self) -> Vec<Token<'_>> {
        self.line.tokens().skip(1).collect()
    }

    /// The `index`-th word after the keyword; its absence is an error.
    pub(super) fn value(&self, index: usize, expected: &str) -> Result<Token<'_>> {
        self.line.tokens().nth(index + 1).ok_or_else(|| self.line.missing(expected))
    }

    /// An error about the keyword's line.
    pub(super) fn error(&self, message: impl Into<String>) -> Diagnostic {
        self.line.error(message)
    }
}

/// The keywords of a file.
#[derive(Debug)]
pub(super) struct Keywords {
    path: PathBuf,
    keywords: Vec<Keyword>,
}

impl Keywords {
    /// Reads the lines of an `input.nn`; `#` and `!` begin comments.
    pub(super) fn read(mut lines: Lines) -> Result<Self> {
        let mut result = Self { path: lines.path().to_path_buf(), keywords: Vec::new() };
        while let Some(mut line) = lines.next_line()? {
            if let Some(comment) = line.text.find(['#', '!']) {
                line.text.truncate(comment);
            }
            let Some(word) = line.tokens().next() else { continue };
            let known = USED.iter().find(|names| names.contains(&word.text)).map(|names| names[0]);
            let Some(name) = known else {
                refuse_unknown(word)?;
                continue;
            };
            if result.keywords.len() == MOST_LINES {
                return Err(line.error("more keywords than any potential has").into());
            }
            if let Some(first) = result.find(name)
                && !REPEATED.contains(&name)
            {
                let message = format!("`{name}` is there twice; first on line {}", first.line.number);
                return Err(word.error(message).into());
            }
            result.keywords.push(Keyword { name, line });
        }
        Ok(result)
    }

    /// The keyword, if it is there.
    pub(super) fn find(&self, name: &str) -> Option<&Keyword> {
        self.keywords.iter().find(|keyword| keyword.name == name)
    }

    /// Is the keyword there?
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Every occurrence of the keyword.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Keyword> {
        self.keywords.iter().filter(move |keyword| keyword.name == name)
    }

    /// The keyword; its absence is an error.
    pub(super) fn expect(&self, name: &str) -> Result<&Keyword> {
        self.find(name).ok_or_else(|| self.error(format!("the keyword `{name}` is missing")))
    }

    /// The number after a keyword, if the keyword is there.
    pub(super) fn real(&self, name: &str) -> Result<Option<f64>> {
        self.find(name).map(|keyword| keyword.value(0, "a number")?.real("a number")).transpose()
    }

    /// An error about the file as a whole.
    pub(super) fn error(&self, message: impl std::fmt::Display) -> Error {
        Error::invalid(format!("{}: {message}", self.path.display()))
    }
}

/// Unknown keywords are ignored, as n2p2 ignores them, unless they are known to matter to RuNNer or look
/// like a keyword that matters, misspelt.
fn refuse_unknown(word: Token<'_>) -> Result<()> {
    if let Some((_, effect)) = REFUSED.iter().find(|(name, _)| *name == word.text) {
        let message = format!("`{}` {effect}: this is not supported", word.text);
        return Err(word.error(message).with_help("the energies would not be those of the file").into());
    }
    if IGNORED.contains(&word.text) {
        return Ok(());
    }
    let meant = USED.iter().flat_map(|names| *names).find(|name| edit_distance(word.text, name) <= 2);
    match meant {
        Some(name) => Err(word
            .error(format!("unknown keyword `{}`", word.text))
            .with_help(format!("did you mean `{name}`?"))
            .into()),
        None => Ok(()),
    }
}
