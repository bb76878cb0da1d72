//! Line plots as SVG, readable on a light and on a dark background.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 52.0;
/// The most points of a line that are drawn.
const MOST_POINTS: usize = 600;
/// Told apart by people who see colours differently, and on both backgrounds (Okabe and Ito, "Color
/// Universal Design").
const COLOURS: [&str; 4] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];
const STYLE: &str = "text { font: 13px system-ui, sans-serif; fill: #333 } \
    .title { font-size: 15px; font-weight: 600 } .note { fill: #777 } \
    .axis { stroke: #777; fill: none } .grid { stroke: #8884; fill: none } \
    .line { fill: none; stroke-width: 2; stroke-linejoin: round } \
    @media (prefers-color-scheme: dark) { text { fill: #ddd } .note { fill: #999 } }";

/// A plot of some lines over common axes that begin at zero.
#[derive(Debug, Clone)]
pub(crate) struct Plot {
    /// What it shows.
    pub(crate) title: String,
    /// The horizontal axis, with its unit.
    pub(crate) x_axis: &'static str,
    /// The vertical axis, with its unit.
    pub(crate) y_axis: &'static str,
    /// The name and points of each line.
    pub(crate) lines: Vec<(String, Vec<(f64, f64)>)>,
}

impl Plot {
    /// The picture; `note` is written below the title.
    pub(crate) fn draw(&self, note: &str) -> String {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let x = Scale::to(points().map(|it| it.0), LEFT, WIDTH - RIGHT);
        let y = Scale::to(points().map(|it| it.1), HEIGHT - BOTTOM, TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\
             <style>{STYLE}</style>\n\
             <text class=\"title\" x=\"{LEFT}\" y=\"20\">{}</text>\n\
             <text class=\"note\" x=\"{LEFT}\" y=\"40\">{}</text>\n",
            escaped(&self.title),
            escaped(note),
        );
        self.draw_axes(&mut svg, &x, &y);
        for (number, (name, points)) in self.lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let path: Vec<String> = thinned(points)
                .map(|(at, value)| format!("{:.1},{:.1}", x.place(at), y.place(value)))
                .collect();
            writeln!(
                svg,
                "<polyline class=\"line\" stroke=\"{colour}\" points=\"{}\"/>",
                path.join(" ")
            )
            .expect("text takes text");
            let line = HEIGHT - BOTTOM - 14.0 - 20.0 * (self.lines.len() - 1 - number) as f64;
            let right = WIDTH - RIGHT - 34.0;
            writeln!(
                svg,
                "<line class=\"line\" stroke=\"{colour}\" x1=\"{}\" x2=\"{}\" y1=\"{line}\" y2=\"{line}\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                right + 4.0,
                right + 28.0,
                right,
                line + 4.0,
                escaped(name)
            )
            .expect("text takes text");
        }
        svg + "</svg>\n"
    }

    fn draw_axes(&self, svg: &mut String, x: &Scale, y: &Scale) {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for tick in x.ticks() {
            let at = x.place(tick);
            writeln!(
                svg,
                "<path class=\"grid\" d=\"M{at:.1} {TOP}V{bottom}\"/>\
                 <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>",
                bottom + 18.0
            )
            .expect("text takes text");
        }
        for tick in y.ticks() {
            let at = y.place(tick);
            writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{tick}</text>",
                LEFT - 8.0,
                at + 4.0
            )
            .expect("text takes text");
        }
        let middle = f64::midpoint(TOP, bottom);
        writeln!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(16 {middle}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, right),
            HEIGHT - 12.0,
            escaped(self.x_axis),
            escaped(self.y_axis),
        )
        .expect("text takes text");
    }
}

/// Places values from zero to some end along an axis.
struct Scale {
    end: f64,
    from: f64,
    to: f64,
    step: f64,
}

impl Scale {
    fn to(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let end = values.fold(0.0, f64::max).max(1e-9);
        let rough = end / 6.0;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|it| it * magnitude)
            .into_iter()
            .find(|step| *step >= rough)
            .unwrap_or(rough);
        Self {
            end: (end / step).ceil() * step,
            from,
            to,
            step,
        }
    }

    fn place(&self, value: f64) -> f64 {
        self.from + (self.to - self.from) * value / self.end
    }

    /// Round values along the axis, without digits that only come from binary fractions.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let steps = (0_u8..=12).map(f64::from);
        let (step, end) = (self.step, self.end);
        steps
            .map(move |number| (number * step * 1e6).round() / 1e6)
            .take_while(move |tick| *tick <= end * 1.000_1)
    }
}

/// Some points out of many: the first and the last and some between.
fn thinned(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let numbered = points.iter().copied().enumerate();
    numbered
        .filter(move |(number, _)| number % every == 0 || *number == last)
        .map(|(_, point)| point)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_ticks_that_reach_beyond_the_values() {
        let check = |end: f64, expect: &[f64]| {
            let scale = Scale::to([end].into_iter(), 0.0, 100.0);
            assert_eq!(scale.ticks().collect::<Vec<_>>(), expect);
            assert!(scale.place(end) <= 100.0);
        };
        check(100.0, &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        check(1.1, &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2]);
        check(4321.0, &[0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0]);
    }

    #[test]
    fn a_picture_is_xml_with_every_line_and_both_axes() {
        let plot = Plot {
            title: "a < b & c".to_owned(),
            x_axis: "milliseconds",
            y_axis: "percent",
            lines: vec![(
                "one".to_owned(),
                (0..5000).map(|it| (f64::from(it), 1.0)).collect(),
            )],
        };
        let svg = plot.draw("2 cores");
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains(">2 cores<"));
        assert!(
            svg.contains(">milliseconds<") && svg.contains(">percent<") && svg.contains(">one<")
        );
        assert!(svg.len() < 20_000, "{} bytes", svg.len());
    }
}
