//! `#[audited]`, for the crate `sealbook`, which shows how it is used. Nothing here writes or decides anything: it
//! puts a function's body into a scope.

mod arguments;
mod expand;

use proc_macro::TokenStream;

/// Records a call's intent before the body runs, and its outcome afterwards: a failure, a panic and a dropped
/// future too. `sealbook::audited` has the documentation.
#[proc_macro_attribute]
pub fn audited(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::audited(arguments.into(), item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}
