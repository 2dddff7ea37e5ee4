//! `mlmd completions`: scripts that complete arguments in a shell.

use super::terminal;
use crate::error::{Error, Result};
use clap_complete::Shell;

/// Print a script that completes the arguments of mlmd in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "bash:  mlmd completions bash > ~/.local/share/bash-completion/completions/mlmd\n\
                        zsh:   mlmd completions zsh > ~/.zfunc/_mlmd\n\
                        fish:  mlmd completions fish > ~/.config/fish/completions/mlmd.fish")]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

impl Arguments {
    pub(super) fn execute(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command_line(), "mlmd", &mut script);
        let script = String::from_utf8(script).map_err(|error| Error::Internal(error.to_string()))?;
        terminal::print(&script)
    }
}
