//! `mlmd run`.
