//! What a run in memory may do.

use crate::{CapabilityRequest, HostError};

/// Everything, or what was asked for.
#[derive(Debug, Clone, Default)]
pub(super) enum Grant {
    #[default]
    Everything,
    Requested(Vec<CapabilityRequest>),
}

impl Grant {
    /// Refuses what was not asked for.
    pub(super) fn check(
        &self,
        interface: &str,
        target: &str,
        operation: &str,
    ) -> Result<(), HostError> {
        let granted = match self {
            Self::Everything => true,
            Self::Requested(requests) => requests.iter().any(|request| {
                request.interface == interface
                    && covers(&request.target, target)
                    && request
                        .operations
                        .iter()
                        .any(|granted| granted == operation)
            }),
        };
        if granted {
            Ok(())
        } else {
            Err(HostError::AccessDenied)
        }
    }
}

/// A target is a name, `*` for any, `*@domain` for the addresses of a domain, or a destination of
/// requests, which may end in `*`. The service's own rules on destinations say more.
fn covers(granted: &str, target: &str) -> bool {
    granted == target
        || granted == "*"
        || granted
            .strip_prefix('*')
            .filter(|domain| domain.starts_with('@'))
            .is_some_and(|domain| target.ends_with(domain))
        || granted
            .strip_suffix('*')
            .filter(|start| start.contains("://"))
            .is_some_and(|start| target.starts_with(start))
}
