//! The way from the component's exports, which speak JSON text, to a [`JobTemplate`].
//!
//! Templates use [`crate::export_template!`]; the functions are public so that a template's own tests
//! can go the whole way from text to text.

use crate::bindings::sandglass::job::types as contract;
use crate::{
    CapabilityRequest, Context, Host, Issue, JobError, JobTemplate, parse_parameters, schema_of,
};

/// The JSON Schema of the template's parameters, as text.
#[must_use]
pub fn schema<T: JobTemplate>() -> String {
    schema_of::<T::Parameters>().as_value().to_string()
}

/// Judges parameters.
///
/// # Errors
/// Everything that is wrong: their form, or else what the template says about them.
pub fn validate<T: JobTemplate>(parameters: &str) -> Result<(), Vec<Issue>> {
    let parameters = parse_parameters(parameters).map_err(|error| vec![error.into()])?;
    let issues = T::validate(&parameters);
    if issues.is_empty() {
        Ok(())
    } else {
        Err(issues)
    }
}

/// What a run with these parameters needs: nothing where they have the wrong form, since no run comes
/// of them.
#[must_use]
pub fn capabilities<T: JobTemplate>(parameters: &str) -> Vec<CapabilityRequest> {
    parse_parameters(parameters)
        .map(|parameters| T::capabilities(&parameters))
        .unwrap_or_default()
}

/// Runs the job once.
///
/// # Errors
/// The template's error, or a permanent one where the parameters have the wrong form.
pub fn execute<T: JobTemplate, H: Host>(
    host: &H,
    context: &Context,
    parameters: &str,
) -> Result<contract::Outcome, JobError> {
    let parameters =
        parse_parameters(parameters).map_err(|error| JobError::permanent(error.to_string()))?;
    let outcome = T::execute(host, context, parameters)?;
    Ok(contract::Outcome {
        result: outcome.result.to_string(),
        message: outcome.message,
    })
}

/// Makes a [`JobTemplate`] what the component exports. Does nothing in native builds.
#[macro_export]
macro_rules! export_template {
    ($template:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the exports of a component are raw symbols")]
        const _: () = {
            struct Exported;

            impl $crate::bindings::Guest for Exported {
                fn metadata() -> $crate::bindings::Metadata {
                    <$template as $crate::JobTemplate>::metadata()
                }

                fn schema() -> $crate::bindings::Json {
                    $crate::export::schema::<$template>()
                }

                fn validate(
                    parameters: $crate::bindings::Json,
                ) -> ::core::result::Result<(), ::std::vec::Vec<$crate::bindings::Issue>> {
                    $crate::export::validate::<$template>(&parameters)
                }

                fn capabilities(
                    parameters: $crate::bindings::Json,
                ) -> ::std::vec::Vec<$crate::bindings::CapabilityRequest> {
                    $crate::export::capabilities::<$template>(&parameters)
                }

                fn execute(
                    context: $crate::bindings::Context,
                    parameters: $crate::bindings::Json,
                ) -> ::core::result::Result<$crate::bindings::Outcome, $crate::bindings::JobError>
                {
                    $crate::export::execute::<$template, _>(
                        &$crate::ComponentHost,
                        &context,
                        &parameters,
                    )
                }
            }

    $crate::bindings::export_world!(Exported with_types_in $crate::bindings);
        };
    };
}
