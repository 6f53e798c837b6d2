//! Small pictures as inline SVG. Colours are classes, so that they follow light, dark and paper.

use super::Html;

/// A bar made of stacked pieces.
pub(crate) struct Bar {
    /// What stands under it, where there is room.
    pub(crate) label: String,
    /// What is said of it to whoever points at it, and to readers of screens.
    pub(crate) told: String,
    /// The pieces from below, each with its class.
    pub(crate) pieces: Vec<(&'static str, u64)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 150.0;
/// Room at the left for the scale, and below for the labels.
const LEFT: f64 = 44.0;
const BELOW: f64 = 20.0;
const ABOVE: f64 = 12.0;
/// Labels do not stand closer than this.
const LABEL_WIDTH: f64 = 76.0;
const BAR_WIDTH_MAX: f64 = 46.0;

/// Bars beside each other, oldest first; nothing where none is higher than 0.
pub(crate) fn bars(title: &str, bars: &[Bar], html: &mut Html) {
    let total = |bar: &Bar| bar.pieces.iter().map(|(_, count)| count).sum::<u64>();
    let most = bars.iter().map(total).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let top = rounded_up(most);
    let room = (HEIGHT - ABOVE - BELOW, WIDTH - LEFT);
    let y_of = |count: u64| HEIGHT - BELOW - room.0 * count as f64 / top as f64;
    let step = room.1 / bars.len() as f64;
    let width = (step * 0.8).min(BAR_WIDTH_MAX);
    begin(WIDTH, HEIGHT, "chart", title, html);
    for count in [0, top / 2, top] {
        if count == top / 2 && top < 2 {
            continue;
        }
        line(LEFT, y_of(count), WIDTH, html);
        label(LEFT - 6.0, y_of(count) + 4.0, "end", &short(count), html);
    }
    let every = (LABEL_WIDTH / step).ceil().max(1.0) as usize;
    for (at, bar) in bars.iter().enumerate() {
        let x = LEFT + step * at as f64 + (step - width) / 2.0;
        html.raw("<g>").element("title", &[], &bar.told);
        let mut below = 0;
        for (class, count) in bar.pieces.iter().filter(|(_, count)| *count > 0) {
            let (from, to) = (y_of(below), y_of(below + count));
            rectangle(class, (x, to), (width, (from - to).max(0.75)), html);
            below += count;
        }
        // The whole height answers a pointer, however low the bar.
        rectangle("hit", (LEFT + step * at as f64, ABOVE), (step, room.0), html);
        html.raw("</g>");
        if at % every == 0 {
            label(x + width / 2.0, HEIGHT - 5.0, "middle", &bar.label, html);
        }
    }
    html.raw("</svg>\n");
}

/// Hours by weekdays: the darker, the more.
pub(crate) fn strip(title: &str, names: [&str; 7], hours: &[[u64; 24]; 7], html: &mut Html) {
    const CELL: f64 = 25.0;
    const ROW: f64 = 17.0;
    let most = hours.iter().flatten().copied().max().unwrap_or(0);
    if most == 0 {
        return;
    }
    begin(LEFT + 24.0 * CELL, 7.0 * ROW + BELOW, "chart strip", title, html);
    for (row, (name, hours)) in names.iter().zip(hours).enumerate() {
        let y = row as f64 * ROW;
        label(LEFT - 6.0, y + 12.5, "end", name, html);
        for (hour, count) in hours.iter().enumerate() {
            let level = if *count == 0 { 0 } else { 1 + (count * 4 / (most + 1)).min(3) as usize };
            let class = ["h0", "h1", "h2", "h3", "h4"][level];
            html.raw("<g>").element("title", &[], &format!("{name} {hour:02}:00-{hour:02}:59 UTC: {count}"));
            rectangle(class, (LEFT + hour as f64 * CELL + 1.0, y + 1.0), (CELL - 2.0, ROW - 2.0), html);
            html.raw("</g>");
        }
    }
    for hour in (0..24).step_by(3) {
        label(LEFT + (f64::from(hour) + 0.5) * CELL, 7.0 * ROW + 14.0, "middle", &format!("{hour:02}"), html);
    }
    html.raw("</svg>\n");
}

/// A share of the most there is, to stand beside its number.
pub(crate) fn meter(class: &'static str, value: u64, most: u64, html: &mut Html) {
    html.raw("<svg class=\"meter\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    rectangle("empty", (0.0, 0.0), (100.0, 8.0), html);
    rectangle(class, (0.0, 0.0), (100.0 * value as f64 / most.max(1) as f64, 8.0), html);
    html.raw("</svg>");
}

fn begin(width: f64, height: f64, class: &'static str, title: &str, html: &mut Html) {
    html.raw("<svg class=\"").raw(class).raw("\" role=\"img\" viewBox=\"0 0 ").number(width).raw(" ");
    html.number(height).raw("\">").element("title", &[], title);
}

fn rectangle(class: &'static str, at: (f64, f64), size: (f64, f64), html: &mut Html) {
    html.raw("<rect class=\"").raw(class).raw("\" x=\"").number(at.0).raw("\" y=\"").number(at.1);
    html.raw("\" width=\"").number(size.0).raw("\" height=\"").number(size.1).raw("\"/>");
}

fn line(from: f64, y: f64, to: f64, html: &mut Html) {
    html.raw("<line class=\"grid\" x1=\"").number(from).raw("\" x2=\"").number(to);
    html.raw("\" y1=\"").number(y).raw("\" y2=\"").number(y).raw("\"/>");
}

fn label(x: f64, y: f64, anchor: &'static str, text: &str, html: &mut Html) {
    html.raw("<text x=\"").number(x).raw("\" y=\"").number(y).raw("\" text-anchor=\"").raw(anchor);
    html.raw("\">").text(text).raw("</text>");
}

/// The next number that is easily halved: 1, 2, 4, 6, 10, 20, 40, 60, 100…
fn rounded_up(most: u64) -> u64 {
    let mut ten = 1_u64;
    loop {
        for step in [1, 2, 4, 6] {
            if let Some(top) = ten.checked_mul(step).filter(|top| *top >= most) {
                return top;
            }
        }
        let Some(more) = ten.checked_mul(10) else { return u64::MAX };
        ten = more;
    }
}

fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_on_easy_numbers() {
        assert_eq!([1, 2, 3, 5, 7, 11, 61, 1_001].map(rounded_up), [1, 2, 4, 6, 10, 20, 100, 2_000]);
        assert_eq!(rounded_up(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_bar_is_as_high_as_its_share() {
        let mut html = Html::new();
        let bar = |label: &str, count| Bar { label: label.into(), told: "<told>".into(), pieces: vec![("s0", count)] };
        bars("x", &[bar("a", 1), bar("b", 2), bar("c", 0)], &mut html);
        let heights: Vec<&str> =
            html.as_str().split("class=\"s0\"").skip(1).map(|it| it.split("height=\"").nth(1).unwrap()).collect();
        assert_eq!(heights.len(), 2, "nothing is drawn for nothing");
        assert!(heights[0].starts_with("59\"") && heights[1].starts_with("118\""), "{heights:?}");
        assert!(html.as_str().contains("&lt;told&gt;"));
        let mut none = Html::new();
        bars("x", &[bar("a", 0)], &mut none);
        strip("x", [""; 7], &[[0; 24]; 7], &mut none);
        assert_eq!(none, Html::new());
    }
}
