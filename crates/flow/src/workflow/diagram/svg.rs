//! SVG, without scripts, styles from elsewhere or anything that is fetched.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::layout::{Layout, Spot, layout};
use super::{Outline, colour, is_unfit, label, wrapped};
use crate::workflow::definition::Definition;
use crate::workflow::node::Node;

const LINE_HEIGHT: f64 = 16.0;

pub(super) fn svg(definition: &Definition) -> String {
    let Layout { spots, width, height } = layout(definition);
    let name = escaped(definition.name());
    let mut text = format!(
        concat!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" ",
            "width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{name}\" ",
            "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n",
            "<title>{name}</title>\n",
            "<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" ",
            "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 10 5 0 10z\" fill=\"#444\"/></marker></defs>\n",
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        ),
        width = width,
        height = height,
        name = name
    );
    let index: HashMap<&str, usize> =
        definition.nodes().iter().enumerate().map(|(at, node)| (node.node_id.as_str(), at)).collect();
    let mut labels = String::new();
    for edge in definition.edges() {
        let (from, to) = (&spots[index[edge.from.as_str()]], &spots[index[edge.to.as_str()]]);
        line(from, to, &spots, &mut text);
        if let Some(branch) = &edge.branch {
            branch_label(branch, from, to, &mut labels);
        }
    }
    for (node, spot) in definition.nodes().iter().zip(&spots) {
        draw(node, spot, &mut text);
    }
    text.push_str(&labels);
    text.push_str("</svg>\n");
    text
}

/// From the lower edge of one node to the upper edge of another. Where another node would lie under it, it goes
/// around that.
fn line(from: &Spot, to: &Spot, spots: &[Spot], text: &mut String) {
    let (x1, y1) = (from.x, from.y + from.height / 2.0);
    let (x2, y2) = (to.x, to.y - to.height / 2.0);
    let bend = ((y2 - y1) / 2.0).max(18.0);
    let between = spots.iter().filter(|spot| spot.y > from.y + 1.0 && spot.y < to.y - 1.0);
    let hit = between.clone().find(|spot| {
        let at = x1 + (x2 - x1) * ((spot.y - y1) / (y2 - y1));
        (at - spot.x).abs() < spot.width / 2.0 + 8.0
    });
    let path = match hit {
        Some(spot) => {
            // On the side of the nearer end, past everything that lies in that layer there.
            let to_left = f64::midpoint(x1, x2) <= spot.x;
            let first = between.clone().map(|spot| spot.y - spot.height / 2.0).fold(f64::INFINITY, f64::min);
            let last = between.clone().map(|spot| spot.y + spot.height / 2.0).fold(0.0, f64::max);
            let side = if to_left { spot.x - spot.width / 2.0 - 16.0 } else { spot.x + spot.width / 2.0 + 16.0 };
            format!(
                "M{x1:.1} {y1:.1}C{x1:.1} {a:.1} {side:.1} {a:.1} {side:.1} {first:.1}L{side:.1} {last:.1}C{side:.1} {b:.1} {x2:.1} {b:.1} {x2:.1} {y2:.1}",
                a = f64::midpoint(y1, first),
                b = f64::midpoint(last, y2)
            )
        }
        None => format!("M{x1:.1} {y1:.1}C{x1:.1} {:.1} {x2:.1} {:.1} {x2:.1} {y2:.1}", y1 + bend, y2 - bend),
    };
    let _ = writeln!(text, "<path d=\"{path}\" fill=\"none\" stroke=\"#444\" marker-end=\"url(#tip)\"/>");
}

/// The branch's name where the line leaves its condition.
fn branch_label(branch: &str, from: &Spot, to: &Spot, text: &mut String) {
    let lines = wrapped(branch);
    let Some(line) = lines.first() else { return };
    let (x1, y1, y2) = (from.x, from.y + from.height / 2.0, to.y - to.height / 2.0);
    let along = ((y2 - y1) * 0.5).clamp(10.0, 26.0);
    let x = x1 + (to.x - x1) * 0.35;
    let width = line.chars().count() as f64 * 7.0 + 8.0;
    let _ = writeln!(
        text,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"16\" rx=\"3\" fill=\"#fff\" stroke=\"#bbb\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"12\">{}</text>",
        x - width / 2.0,
        y1 + along - 9.0,
        y1 + along + 3.0,
        escaped(line)
    );
}

fn draw(node: &Node, spot: &Spot, text: &mut String) {
    let node_type = node.config.node_type();
    let Spot { x, y, width, height } = *spot;
    let (left, right, top, bottom) = (x - width / 2.0, x + width / 2.0, y - height / 2.0, y + height / 2.0);
    let style = format!("fill=\"{}\" stroke=\"#333\"", colour(node_type).1);
    let _ = write!(text, "<g><title>{}</title>", escaped(&format!("{} ({node_type}), {}", node.name, node.node_id)));
    let slope = 14.0;
    let _ = match Outline::of(node_type) {
        Outline::Ellipse => {
            write!(
                text,
                "<ellipse cx=\"{x:.1}\" cy=\"{y:.1}\" rx=\"{:.1}\" ry=\"{:.1}\" {style}/>",
                width / 2.0,
                height / 2.0
            )
        }
        Outline::Diamond => {
            write!(
                text,
                "<path d=\"M{x:.1} {top:.1}L{right:.1} {y:.1} {x:.1} {bottom:.1} {left:.1} {y:.1}z\" {style}/>"
            )
        }
        Outline::House => write!(
            text,
            "<path d=\"M{x:.1} {top:.1}L{right:.1} {:.1}V{bottom:.1}H{left:.1}V{:.1}z\" {style}/>",
            top + slope,
            top + slope
        ),
        Outline::InvHouse => write!(
            text,
            "<path d=\"M{x:.1} {bottom:.1}L{right:.1} {:.1}V{top:.1}H{left:.1}V{:.1}z\" {style}/>",
            bottom - slope,
            bottom - slope
        ),
    };
    let lines = label(node);
    // A house has its roof above its label, or below.
    let shift = match Outline::of(node_type) {
        Outline::House => 6.0,
        Outline::InvHouse => -6.0,
        _ => 0.0,
    };
    let first = y + shift - (lines.len() as f64 - 1.0) * LINE_HEIGHT / 2.0 + 4.5;
    let _ = write!(text, "<text text-anchor=\"middle\">");
    for (at, line) in lines.iter().enumerate() {
        let _ =
            write!(text, "<tspan x=\"{x:.1}\" y=\"{:.1}\">{}</tspan>", first + at as f64 * LINE_HEIGHT, escaped(line));
    }
    text.push_str("</text></g>\n");
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if is_unfit(c) => escaped.push(' '),
            c => escaped.push(c),
        }
        escaped
    })
}
