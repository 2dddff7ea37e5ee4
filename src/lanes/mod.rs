//! Vector lanes of reals and the elementary functions on them.
