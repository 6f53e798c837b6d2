//! The function that takes the place of the one that was written.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, ReturnType, Type};

use crate::arguments::{Arguments, Returns};

pub(crate) fn audited(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let function: ItemFn = syn::parse2(item)?;
    let ItemFn { attrs, vis, sig, block, .. } = function;
    if let Some(constness) = sig.constness {
        return Err(Error::new(
            constness.span,
            "a `const fn` cannot be audited: it may run while the program is compiled",
        ));
    }
    let returns = arguments.returns.unwrap_or_else(|| of(&sig.output));
    let scope = scope(&arguments);
    let given = match &sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, given) => quote!(#given),
    };
    let record = if arguments.result {
        quote!(::sealbook::__private::recorded)
    } else {
        quote!(::sealbook::__private::unrecorded)
    };
    let body = match (sig.asyncness.is_some(), returns) {
        (false, Returns::Result) => quote! {
            ::sealbook::__private::run_result(#scope, #record, move || -> #given #block)
        },
        (false, Returns::Value) => quote! {
            ::sealbook::__private::run_value(#scope, #record, move || -> #given #block)
        },
        (true, Returns::Result) => quote! {
            ::sealbook::__private::run_result_async(
                #scope, #record, async move { let __sealbook_given: #given = #block; __sealbook_given },
            ).await
        },
        (true, Returns::Value) => quote! {
            ::sealbook::__private::run_value_async(
                #scope, #record, async move { let __sealbook_given: #given = #block; __sealbook_given },
            ).await
        },
    };
    Ok(quote! {
        #(#attrs)*
        #vis #sig {
            #body
        }
    })
}

fn scope(arguments: &Arguments) -> TokenStream {
    let Arguments { action, book, actor, target, category, reason, capture, .. } = arguments;
    let book = book
        .as_ref()
        .map_or_else(|| quote!(::sealbook::installed()), |book| quote!(::sealbook::__private::book(&#book)));
    let actor = actor.iter().map(|actor| quote!(.actor(::core::convert::Into::into(#actor))));
    let target = target
        .iter()
        .map(|(kind, id)| quote!(.target(::sealbook::TargetKind::#kind, ::std::string::ToString::to_string(&#id))));
    let category = category.iter().map(|kind| quote!(.category(::sealbook::Category::#kind)));
    let reason = reason.iter().map(|reason| quote!(.reason(::std::string::ToString::to_string(&#reason))));
    let capture = capture.iter().map(|capture| {
        let (name, value) = (&capture.name, &capture.value);
        quote!(.argument(#name, &#value))
    });
    quote!(::sealbook::__private::scope(#book, #action)#(#actor)*#(#target)*#(#category)*#(#reason)*#(#capture)*)
}

/// Whether a signature says `Result`, by the last word of its type.
fn of(output: &ReturnType) -> Returns {
    match output {
        ReturnType::Type(_, given) => match &**given {
            Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Result") => Returns::Result,
            _ => Returns::Value,
        },
        ReturnType::Default => Returns::Value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(arguments: TokenStream, item: TokenStream) -> String {
        audited(arguments, item).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_fit_is_told_where_it_stands() {
        let function = quote!(
            fn f() {}
        );
        assert!(refused(quote!(), function.clone()).contains("`action = \"…\"` is missing"));
        assert!(refused(quote!(action = "File Write"), function.clone()).contains("dotted verb"));
        assert!(refused(quote!(action = "a..b"), function.clone()).contains("dotted verb"));
        assert!(refused(quote!(action = "a.b", colour = 1), function.clone()).contains("there is no `colour`"));
        assert!(refused(quote!(action = "a.b", action = "a.c"), function.clone()).contains("given twice"));
        assert!(refused(quote!(action = "a.b", returns(maybe)), function.clone()).contains("`value` or `result`"));
        assert!(refused(quote!("a.b"), function.clone()).contains("expected `action"));
        assert!(
            refused(
                quote!(action = "a.b"),
                quote!(
                    const fn f() {}
                )
            )
            .contains("const fn")
        );
        assert!(
            audited(
                quote!(action = "a.b"),
                quote!(
                    struct S;
                )
            )
            .is_err()
        );
        assert!(audited(quote!(action = "a.b",), function).is_ok());
    }

    #[test]
    fn a_result_is_known_by_its_name() {
        for (signature, expected) in [
            (quote!(fn f()), false),
            (quote!(fn f() -> u8), false),
            (quote!(fn f() -> Result<u8, E>), true),
            (quote!(fn f() -> std::io::Result<()>), true),
            (quote!(fn f() -> Option<Result<u8, E>>), false),
        ] {
            let signature: syn::Signature = syn::parse2(signature).unwrap();
            assert_eq!(of(&signature.output) == Returns::Result, expected);
        }
    }
}
