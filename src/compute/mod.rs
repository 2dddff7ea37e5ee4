//! How a potential is computed: threads, devices, reused buffers.
