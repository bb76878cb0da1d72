//! `sandglass capabilities`: the register of a running service, for people, programs and spreadsheets.

use std::io::{Read as _, Write as _};

use clap::{Args, ValueEnum};
use serde_json::Value;
use ureq::{Agent, Body, http::Response};

use crate::failure::{Exit, Failure, OrFail as _};

const TOKEN: &str = "SANDGLASS_TOKEN";
const PATH: &str = "/api/admin/capabilities";
/// How many rows are asked for at once; the service sends no more.
const AT_ONCE: &str = "200";
const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// Which capabilities to print, and where to read them.
#[derive(Debug, Args)]
pub(crate) struct CapabilitiesArguments {
    /// Only those of this job.
    #[arg(long, value_name = "JOB ID")]
    job: Option<String>,
    /// Only those of jobs of this template.
    #[arg(long, value_name = "TEMPLATE ID")]
    template: Option<String>,
    /// Only those of this interface, such as `database`.
    #[arg(long)]
    interface: Option<String>,
    /// Only those that cover this collection, address or artifact.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Only this operation, such as `delete`.
    #[arg(long)]
    operation: Option<String>,
    /// Only those in this state: denied, unused or used.
    #[arg(long)]
    state: Option<String>,
    /// How they are printed.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    /// The service, such as `https://jobs.example.org`. The token is in `SANDGLASS_TOKEN`.
    #[arg(long, value_name = "URL", env = "SANDGLASS_SERVER")]
    server: String,
}

/// How the register is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each.
    #[default]
    Text,
    /// A JSON array.
    Json,
    /// A table for spreadsheets.
    Csv,
}

/// Prints the register.
pub(crate) fn run(arguments: &CapabilitiesArguments) -> Result<(), Failure> {
    let service = Service::of(&arguments.server)?;
    let mut output = std::io::stdout().lock();
    let written = "writing to standard output";
    if arguments.output == Format::Csv {
        let answer = service.get(arguments, &[("format", "csv")])?;
        let mut table = answer.into_body().into_reader();
        std::io::copy(&mut table, &mut output).or_fail("reading the register")?;
        return output.flush().or_fail(written);
    }
    let mut rows = Vec::new();
    let mut page = 1_u64;
    loop {
        let number = page.to_string();
        let pages = [("page", number.as_str()), ("limit", AT_ONCE)];
        let mut answer = json(service.get(arguments, &pages)?)?;
        if let Some(Value::Array(found)) = answer.get_mut("capabilities").map(Value::take) {
            rows.extend(found);
        }
        let last = answer.get("pages").and_then(Value::as_u64).unwrap_or(1);
        if page >= last {
            break;
        }
        page += 1;
    }
    let text = match arguments.output {
        Format::Json => format!("{:#}\n", Value::Array(rows)),
        _ => rows.iter().map(line).collect(),
    };
    output.write_all(text.as_bytes()).or_fail(written)?;
    output.flush().or_fail(written)
}

/// A row for people, such as `unused job_1 May delete documents in users (Cleanup)`.
fn line(row: &Value) -> String {
    let word = |member: &str| row.get(member).and_then(Value::as_str).unwrap_or("?");
    let times = |member: &str| {
        let times = row.get(member)?;
        let count = times.get("count")?.as_u64().filter(|count| *count > 0)?;
        let last = times.get("last_at").and_then(Value::as_str).unwrap_or("?");
        Some(format!("; {member} {count}×, last {last}"))
    };
    let flag = |member: &str, text: &str| match row.get(member).and_then(Value::as_bool) {
        Some(false) => text.to_owned(),
        _ => String::new(),
    };
    // What people named may hold anything that a terminal obeys.
    let name: String = word("job_name")
        .chars()
        .filter(|it| !it.is_control())
        .collect();
    format!(
        "{:<6} {} {} ({name}){}{}{}\n",
        word("state"),
        word("job_id"),
        word("text"),
        times("used").unwrap_or_default(),
        times("denied").unwrap_or_default(),
        flag("allowed", "; not allowed by the policy"),
    )
}

/// A service and the token to call it with.
struct Service {
    agent: Agent,
    address: String,
    token: String,
}

impl Service {
    fn of(server: &str) -> Result<Self, Failure> {
        let token = std::env::var(TOKEN).ok().filter(|it| !it.is_empty());
        let token = token.ok_or_else(|| {
            let failure = Failure::saying(Exit::Usage, format!("{TOKEN} is not set"));
            failure.advise("set it to an API token of the service")
        })?;
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Ok(Self {
            agent: agent.into(),
            address: format!("{}{PATH}", server.trim_end_matches('/')),
            token,
        })
    }

    /// The answer, which is a success.
    fn get(
        &self,
        arguments: &CapabilitiesArguments,
        more: &[(&str, &str)],
    ) -> Result<Response<Body>, Failure> {
        let conditions = [
            ("job_id", &arguments.job),
            ("template_type", &arguments.template),
            ("interface", &arguments.interface),
            ("target", &arguments.target),
            ("operation", &arguments.operation),
            ("state", &arguments.state),
        ];
        let mut request = self.agent.get(&self.address);
        request = request.header("authorization", format!("Bearer {}", self.token));
        for (name, value) in conditions {
            if let Some(value) = value {
                request = request.query(name, value);
            }
        }
        let request = request.query_pairs(more.iter().copied());
        let answer = request.call();
        let answer = answer.or_fail(format!("asking {}", self.address))?;
        let status = answer.status();
        if status.as_u16() == 200 {
            return Ok(answer);
        }
        let problem = json(answer).unwrap_or_default();
        let detail = problem.get("detail").and_then(Value::as_str);
        let detail = detail.unwrap_or("this is no answer of a Sandglass service");
        let text = format!("the service answers {status}: {detail}");
        Err(Failure::saying(Exit::Failed, text))
    }
}

fn json(answer: Response<Body>) -> Result<Value, Failure> {
    let mut bytes = Vec::new();
    let mut body = answer.into_body().into_reader().take(MAX_ANSWER_BYTES);
    body.read_to_end(&mut bytes).or_fail("reading the answer")?;
    serde_json::from_slice(&bytes).or_fail("reading the answer as JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_a_line_in_which_nothing_moves_the_cursor() {
        let row = json!({
            "state": "unused", "job_id": "job_1", "job_name": "Clean\u{1b}[2J up",
            "text": "May delete documents in users", "used": {"count": 0, "last_at": null},
            "denied": {"count": 2, "last_at": "2026-01-01T00:00:00Z"}, "allowed": false
        });
        assert_eq!(
            line(&row),
            "unused job_1 May delete documents in users (Clean[2J up); denied 2×, last \
             2026-01-01T00:00:00Z; not allowed by the policy\n"
        );
    }
}
