//! The bar chart of functions and classes, as SVG.

use std::fmt::Write as _;

use super::modules::PEERS;
use super::results::Section;
use super::times::Times;

/// The bars' colors, in the order of the peers.
const COLORS: &[&str] = &[
    "#7f7f7f", "#4477aa", "#66ccee", "#ccbb44", "#ee6677", "#228833",
];

/// The end of the axis, as a multiple of Pyatoll's time.
const AXIS: f64 = 6.0;

const LEFT: f64 = 230.0;
const WIDTH: f64 = 600.0;
const BAR: f64 = 9.0;
const GAP: f64 = 9.0;
const TOP: f64 = 92.0;

/// Draws a group of bars for each row, relative to Pyatoll's time.
pub fn chart(section: &Section<Times>) -> String {
    let rows: Vec<_> = section
        .data
        .rows
        .iter()
        .filter(|row| row.one.contains_key("pyatoll"))
        .collect();
    let group = BAR * PEERS.len() as f64 + GAP;
    let height = TOP + group * rows.len() as f64 + 20.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        LEFT + WIDTH + 90.0
    );
    let _ = writeln!(
        svg,
        "<text x=\"20\" y=\"26\" font-size=\"16\" font-weight=\"bold\">Time of a call, with \
         Pyatoll's as 1: shorter is faster</text>\n<text x=\"20\" y=\"46\">Python {}, {}, {}</text>",
        section.conditions.python,
        escaped(&section.conditions.cpu),
        section.conditions.date,
    );
    for (index, (peer, color)) in PEERS.iter().zip(COLORS).enumerate() {
        let x = 20.0 + 110.0 * index as f64;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"58\" width=\"11\" height=\"11\" fill=\"{color}\"/>\
             <text x=\"{}\" y=\"68\">{}</text>",
            x + 16.0,
            peer.title
        );
    }
    for tick in 0..=AXIS as u32 {
        let x = LEFT + WIDTH * f64::from(tick) / AXIS;
        let color = if tick == 1 { "#228833" } else { "#ddd" };
        let _ = writeln!(
            svg,
            "<line x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{}\" stroke=\"{color}\"/>\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" fill=\"#666\">{tick}</text>",
            TOP - 4.0,
            height - 16.0,
            height - 3.0
        );
    }
    for (index, row) in rows.iter().enumerate() {
        let top = TOP + group * index as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 10.0,
            top + group / 2.0,
            escaped(&row.title.replace('`', ""))
        );
        let ours = row.one["pyatoll"].min;
        for (position, (peer, color)) in PEERS.iter().zip(COLORS).enumerate() {
            let Some(time) = row.one.get(peer.name) else {
                continue;
            };
            let times = time.min / ours;
            let width = WIDTH * times.clamp(0.0, AXIS) / AXIS;
            let y = top + BAR * position as f64;
            let over = if times > AXIS { "» " } else { "" };
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" \
                 fill=\"{color}\"/><text x=\"{:.1}\" y=\"{}\" font-size=\"8\" \
                 fill=\"#666\">{over}{} ns</text>",
                BAR - 1.0,
                LEFT + width + 3.0,
                y + 7.0,
                if time.min < 100.0 {
                    format!("{:.1}", time.min)
                } else {
                    format!("{:.0}", time.min)
                }
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
