//! stub
pub(crate) fn fill_the_disk() {}
pub(crate) fn read_only() {}
