//! A job from start to end, one file per job.
