//! From an atomic environment to numbers: symmetry functions and moments.
