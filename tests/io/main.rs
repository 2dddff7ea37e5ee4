//! Reading and writing files of every format.

mod extxyz;
mod support;
