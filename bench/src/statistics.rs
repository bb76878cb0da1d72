//! Quantiles, cumulative curves and counts by second.

/// Values in rising order.
#[derive(Debug, Clone)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// Puts values in order; there must be one.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        assert!(!values.is_empty(), "nothing was measured");
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The smallest value that at least the share `share` (0 to 1) of all values does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len() - 1;
        let position = (0..=last).find(|it| (it + 1) as f64 >= share * self.0.len() as f64);
        self.0[position.unwrap_or(last)]
    }

    /// The largest value.
    pub(crate) fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    /// Points (value, percentage of values that do not exceed it).
    pub(crate) fn cumulative(&self) -> Vec<(f64, f64)> {
        let count = self.0.len() as f64;
        let points = self.0.iter().enumerate();
        points
            .map(|(position, value)| (*value, (position + 1) as f64 * 100.0 / count))
            .collect()
    }
}

/// How many of the moments, in seconds from a common start, are in each second.
pub(crate) fn by_second(moments: impl IntoIterator<Item = f64>) -> Vec<u32> {
    let mut counts = Vec::new();
    for moment in moments {
        let second = moment.max(0.0) as usize;
        if counts.len() <= second {
            counts.resize(second + 1, 0);
        }
        counts[second] += 1;
    }
    counts
}

/// Counts by second as points (second, count).
pub(crate) fn series(counts: &[u32]) -> Vec<(f64, f64)> {
    let points = counts.iter().enumerate();
    points
        .map(|(second, count)| (second as f64, f64::from(*count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sample = Sample::of((1..=100).rev().map(f64::from));
        let check = |share, expect: f64| {
            assert!(
                (sample.quantile(share) - expect).abs() < f64::EPSILON,
                "{share}"
            );
        };
        check(0.0, 1.0);
        check(0.5, 50.0);
        check(0.99, 99.0);
        check(0.999, 100.0);
        check(1.0, 100.0);
    }

    #[test]
    fn moments_are_counted_by_second() {
        assert_eq!(by_second([0.0, 0.9, 1.0, 3.5]), [2, 1, 0, 1]);
    }
}
