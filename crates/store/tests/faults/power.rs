//! stub
pub(crate) mod program {
    pub(crate) fn main() {}
}
