//! The Worker: mounts the functions.
