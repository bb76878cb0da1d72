//! `sandglass template upload`: gives a component to a service.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use serde_json::Value;
use ureq::{Agent, http::Response};

use super::{OutputArguments, read_component, read_signature};
use crate::failure::{Exit, Failure, OrFail as _};

const TOKEN: &str = "SANDGLASS_TOKEN";
const PATH: &str = "/api/admin/job-templates";
/// Longer than the service takes to answer anything.
const PATIENCE: Duration = Duration::from_secs(120);
const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// What to upload, and where to.
#[derive(Debug, Args)]
pub(crate) struct UploadArguments {
    /// The component.
    file: PathBuf,
    /// The file of its signature.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// The service, such as `https://jobs.example.org`.
    #[arg(long, value_name = "URL", env = "SANDGLASS_SERVER")]
    server: String,
    #[command(flatten)]
    output: OutputArguments,
}

/// Uploads it, and shows what the service says.
pub(super) fn run(arguments: &UploadArguments) -> Result<ExitCode, Failure> {
    let component = read_component(&arguments.file)?;
    let signature = arguments.signature.as_deref().map(read_signature);
    let signature = signature.transpose()?;
    let token = std::env::var(TOKEN).ok().filter(|it| !it.is_empty());
    let token = token.ok_or_else(|| {
        let failure = Failure::saying(Exit::Usage, format!("{TOKEN} is not set"));
        failure.advise("set it to an API token of the service")
    })?;
    let server = arguments.server.trim_end_matches('/');
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let mut request = agent
        .post(format!("{server}{PATH}"))
        .header("authorization", format!("Bearer {token}"))
        .content_type("application/wasm");
    if let Some(signature) = signature {
        request = request.header("sandglass-signature", signature.to_string());
    }
    let answer = request.send(component.as_slice());
    let answer = answer.or_fail(format!("uploading to {server}"))?;
    show(answer, arguments)
}

fn show(
    mut answer: Response<ureq::Body>,
    arguments: &UploadArguments,
) -> Result<ExitCode, Failure> {
    let status = answer.status();
    let body = answer
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER_BYTES)
        .read_to_vec()
        .or_fail("reading the answer")?;
    let document: Value = serde_json::from_slice(&body).unwrap_or_default();
    let word = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or("?");
    if status.as_u16() == 201 {
        let text = format!(
            "{} {} is uploaded and {}\nsha256:{}\n",
            word("template_id"),
            word("version"),
            word("status"),
            word("digest")
        );
        arguments.output.write(&document, text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let detail = match document.get("detail") {
        Some(_) => word("detail"),
        None => "this is no answer of a Sandglass service",
    };
    let text = format!("the service answers {status}: {detail}");
    Err(Failure::saying(Exit::Failed, text))
}
