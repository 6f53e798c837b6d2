//! What stands in the parentheses of `#[audited(…)]`.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitStr, Token, parenthesized};

/// The arguments, read and checked.
pub(crate) struct Arguments {
    pub(crate) action: LitStr,
    pub(crate) book: Option<Expr>,
    pub(crate) actor: Option<Expr>,
    pub(crate) target: Option<(Ident, Expr)>,
    pub(crate) category: Option<Ident>,
    pub(crate) reason: Option<Expr>,
    pub(crate) capture: Vec<Capture>,
    /// Whether what a call gives is recorded.
    pub(crate) result: bool,
    /// Whether `Err` is taken for a failure, where the signature does not say `Result`.
    pub(crate) returns: Option<Returns>,
}

/// A captured argument: its name in the record, and what is recorded.
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) value: Expr,
}

/// What a function gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    Result,
    Value,
}

static KNOWN: &str = "`action = \"…\"`, `book = …`, `actor = …`, `target(Kind, …)`, `category(Kind)`, `reason = …`, `capture(…)`, `result`, `returns(value)` or `returns(result)`";

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut action = None;
        let mut arguments = Self {
            action: LitStr::new("", Span::call_site()),
            book: None,
            actor: None,
            target: None,
            category: None,
            reason: None,
            capture: Vec::new(),
            result: false,
            returns: None,
        };
        let mut seen: Vec<String> = Vec::new();
        while !input.is_empty() {
            let name: Ident = input.parse().map_err(|error| Error::new(error.span(), format!("expected {KNOWN}")))?;
            let word = name.to_string();
            if seen.contains(&word) {
                return Err(Error::new(name.span(), format!("`{word}` is given twice")));
            }
            match word.as_str() {
                "action" => action = Some(checked_action(value(input)?)?),
                "book" => arguments.book = Some(value(input)?),
                "actor" => arguments.actor = Some(value(input)?),
                "reason" => arguments.reason = Some(value(input)?),
                "target" => {
                    let inner;
                    parenthesized!(inner in input);
                    let kind = inner.parse()?;
                    inner.parse::<Token![,]>()?;
                    arguments.target = Some((kind, inner.parse()?));
                    inner.parse::<Option<Token![,]>>()?;
                }
                "category" => {
                    let inner;
                    parenthesized!(inner in input);
                    arguments.category = Some(inner.parse()?);
                }
                "capture" => {
                    let inner;
                    parenthesized!(inner in input);
                    let captured = Punctuated::<Capture, Token![,]>::parse_terminated(&inner)?;
                    arguments.capture = captured.into_iter().collect();
                }
                "result" => arguments.result = true,
                "returns" => {
                    let inner;
                    parenthesized!(inner in input);
                    let what: Ident = inner.parse()?;
                    arguments.returns = Some(match what.to_string().as_str() {
                        "value" => Returns::Value,
                        "result" => Returns::Result,
                        _ => return Err(Error::new(what.span(), "expected `value` or `result`")),
                    });
                }
                _ => return Err(Error::new(name.span(), format!("there is no `{word}`; expected {KNOWN}"))),
            }
            seen.push(word);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        arguments.action = action.ok_or_else(|| {
            Error::new(Span::call_site(), "`action = \"…\"` is missing: a dotted verb, as `file.write`")
        })?;
        Ok(arguments)
    }
}

impl Parse for Capture {
    /// `name`, or `name = expression`.
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => input.parse()?,
            None => syn::parse_quote!(#name),
        };
        Ok(Self { name: name.to_string(), value })
    }
}

fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn checked_action(action: LitStr) -> syn::Result<LitStr> {
    let text = action.value();
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if text.split('.').all(is_word) {
        Ok(action)
    } else {
        Err(Error::new(action.span(), "an action is a dotted verb of lower-case words, as `file.write`"))
    }
}
