//! Functions whose ways can be counted by hand.

fn straight(a: i32) -> i32 {
    a + 1
}

fn branches(a: bool, mut b: i32) -> i32 {
    if a && b > 1 {
        return 1;
    } else if a || b < 0 {
        return 2;
    }
    for _ in 0..3 {
        while b > 0 {
            b -= 1;
        }
    }
    b
}

/* if /* nested */ this { were code } */
struct Basket;

impl Basket {
    fn label(&self, a: bool) -> &'static str {
        let quote = '"';
        if a && quote == '"' { "// no comment" } else { r#"/* nor "this" */"# }
    }
}
