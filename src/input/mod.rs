//! The TOML language of `mlmd run`: text becomes a typed plan, with diagnostics.
