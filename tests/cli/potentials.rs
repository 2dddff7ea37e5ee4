//! `mlmd evaluate`, `check` and `bench`.
