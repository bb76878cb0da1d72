//! Every destination that may be granted and that covers a given one.

use super::{Destination, HostPattern, PathPattern};

/// The longest path whose beginnings are all listed, in bytes; of a longer one these are.
const LONGEST: usize = 512;

impl Destination {
    /// The texts of every destination that covers this one: its own, and those with each of the names
    /// above its host and each of the beginnings of its path.
    pub(in crate::grant) fn covering(&self) -> Vec<String> {
        let mut hosts = vec![self.host.clone()];
        let (HostPattern::One(host) | HostPattern::Below(host)) = &self.host;
        let mut below = host.as_str();
        // Nothing below a single label is granted.
        while let Some((_, name)) = below.split_once('.').filter(|(_, name)| name.contains('.')) {
            hosts.push(HostPattern::Below(name.to_owned()));
            below = name;
        }
        let whole = self.path.as_str();
        let ends = (1..=whole.len().min(LONGEST)).filter_map(|end| whole.get(..end));
        let mut paths = vec![self.path.clone()];
        paths.extend(ends.map(|start| PathPattern::StartingWith(start.to_owned())));
        let with = |host: &HostPattern, path: &PathPattern| Self {
            host: host.clone(),
            path: path.clone(),
            ..self.clone()
        };
        hosts
            .iter()
            .flat_map(|host| paths.iter().map(move |path| with(host, path).to_string()))
            .collect()
    }
}
