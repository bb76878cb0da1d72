//! Schedule previews, blackout calendars and the system page, as their users meet them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Answer, Client, Server};
use serde_json::{Value, json};

const PREVIEW: &str = "/api/admin/schedules/preview";
const CALENDARS: &str = "/api/admin/blackout-calendars";

fn refused(answer: &Answer, pointer: &str, part: &str) {
    assert_eq!(answer.status, 422, "{:#}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let error = &answer.body["errors"][0];
    assert_eq!(error["pointer"], pointer, "{:#}", answer.body);
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.contains(part), "{detail}");
}

fn holidays(client: &Client) -> Answer {
    let calendar = json!({
        "name": "Holidays", "timezone": "Europe/Berlin",
        "entries": [
            {"date": "2026-12-25", "label": "Christmas"},
            {"start": "2026-12-31T18:00:00", "end": "2027-01-01T06:00:00", "label": "New Year"},
        ],
    });
    client.post(CALENDARS, &calendar).expect(201)
}

#[test]
fn a_preview_shows_runs_in_their_zone_and_flags_them() {
    let server = Server::start();
    let client = server.client();
    let calendar = holidays(&client).body["blackout_calendar"]["_id"].clone();
    let preview = client
        .post(
            PREVIEW,
            &json!({
                "schedule": {"cron": "30 2 * * *", "timezone": "America/New_York"},
                "from": "2026-03-07T12:00:00Z", "count": 2,
            }),
        )
        .expect(200)
        .body;
    assert_eq!(
        preview["runs"],
        json!([
            {"at": "2026-03-08T07:00:00Z", "local": "2026-03-08T03:00:00-04:00", "flags": ["shifted"]},
            {"at": "2026-03-09T06:30:00Z", "local": "2026-03-09T02:30:00-04:00", "flags": []},
        ])
    );
    assert_eq!(
        preview["description"],
        "At 02:30 every day, America/New_York time"
    );
    assert!(preview["notes"][0].as_str().unwrap().starts_with("shifted"));

    let preview = client
        .post(
            PREVIEW,
            &json!({
                "schedule": {"type": "cron", "expression": "0 9 * * *", "timezone": "Europe/Berlin"},
                "from": "2026-12-24T12:00:00Z", "count": 2, "blackout_calendars": [calendar],
            }),
        )
        .expect(200)
        .body;
    assert_eq!(preview["runs"][0]["flags"], json!(["blacked_out"]));
    assert_eq!(preview["runs"][0]["blackout"], "Holidays: Christmas");
    assert_eq!(preview["runs"][1]["flags"], json!([]));

    let by_default = client.post(PREVIEW, &json!({"schedule": {"interval_seconds": 60}}));
    let by_default = by_default.expect(200).body;
    assert_eq!(by_default["runs"].as_array().unwrap().len(), 10);
    let manual = client.post(PREVIEW, &json!({"schedule": {"type": "manual"}}));
    assert_eq!(manual.expect(200).body["runs"], json!([]));
}

#[test]
fn a_bad_schedule_is_refused_with_its_place() {
    let server = Server::start();
    let client = server.client();
    let check = |body: Value, pointer: &str, part: &str| {
        refused(&client.post(PREVIEW, &body), pointer, part);
    };
    let cron = |expression: &str| json!({"schedule": {"cron": expression}});
    check(cron("0 0 1--100000000 * *"), "/schedule", "day-of-month");
    check(cron("61 * * * *"), "/schedule", "minute field");
    check(cron("0 0 2 * * 0"), "/schedule", "six fields");
    check(cron("0 0 30 2 *"), "/schedule", "never comes");
    let elsewhere = json!({"schedule": {"cron": "0 0 * * *", "timezone": "Mars/Olympus"}});
    check(elsewhere, "/schedule", "no time zone");
    let manual =
        |member: &str, value: Value| json!({"schedule": {"type": "manual"}, member: value});
    check(manual("count", json!(0)), "/count", "1 to 100");
    check(manual("count", json!(101)), "/count", "1 to 100");
    check(manual("from", json!("soon")), "/from", "");
    check(
        manual("blackout_calendars", json!(["cal_none"])),
        "/blackout_calendars/0",
        "no blackout calendar",
    );
    check(
        manual("blackout_calendars", json!(vec!["cal_none"; 21])),
        "/blackout_calendars",
        "at most 20",
    );
    check(json!({}), "", "schedule");
    let job =
        json!({"name": "a", "template_type": "test_scheduler", "schedule": {"cron": "0 0 31 4 *"}});
    refused(
        &client.post("/api/admin/scheduler-jobs", &job),
        "/schedule",
        "never comes",
    );
}

#[test]
fn a_calendar_is_written_read_changed_and_deleted() {
    let server = Server::start();
    let client = server.client();
    let created = holidays(&client);
    let path = created.header("location").to_owned();
    assert_eq!(created.header("etag"), "\"v1\"");
    let read = client.get(&path).expect(200);
    assert_eq!(
        read.body["blackout_calendar"],
        created.body["blackout_calendar"]
    );
    let seen = client.send("GET", &path, &[("if-none-match", "\"v1\"")], b"");
    assert_eq!(seen.status, 304);
    let list = client.get(CALENDARS).expect(200).body;
    assert_eq!(list["total"], 1);
    assert_eq!(list["blackout_calendars"][0]["entry_count"], 2);
    assert!(list["blackout_calendars"][0].get("entries").is_none());

    let json = ("content-type", "application/json");
    let body = br#"{"entries": []}"#;
    let stale = client.send("PUT", &path, &[json, ("if-match", "\"v9\"")], body);
    assert_eq!(stale.status, 412, "{:#}", stale.body);
    let changed = client.send("PUT", &path, &[json, ("if-match", "\"v1\"")], body);
    let changed = changed.expect(200);
    assert_eq!(changed.header("etag"), "\"v2\"");
    assert_eq!(changed.body["blackout_calendar"]["name"], "Holidays");
    assert_eq!(changed.body["blackout_calendar"]["entries"], json!([]));
    refused(
        &client.put(&path, &json!({"timezone": "Mars/Olympus"})),
        "/timezone",
        "no time zone",
    );
    let entry = json!({"entries": [{"date": "2026-12-25", "label": ""}]});
    refused(&client.put(&path, &entry), "/entries/0/label", "1 to 200");

    let stale = client.send("DELETE", &path, &[("if-match", "\"v1\"")], b"");
    assert_eq!(stale.status, 412);
    let _ = client.delete(&path).expect(200);
    let _ = client.get(&path).expect(404);
    let _ = client.delete(&path).expect(404);
}

#[test]
fn a_calendar_is_imported_from_a_file() {
    let server = Server::start();
    let client = server.client();
    let send = |query: &str, file: &str| {
        let headers = [("content-type", "text/calendar; charset=utf-8")];
        client.send(
            "POST",
            &format!("{CALENDARS}{query}"),
            &headers,
            file.as_bytes(),
        )
    };
    let file = |event: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:New Year\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    let yearly = file("DTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=YEARLY");
    let imported = send("?name=Holidays&timezone=Europe/Berlin", &yearly).expect(201);
    let calendar = &imported.body["blackout_calendar"];
    assert_eq!(calendar["name"], "Holidays");
    assert_eq!(calendar["timezone"], "Europe/Berlin");
    assert_eq!(calendar["entries"][0]["label"], "New Year");
    assert!(calendar["entries"].as_array().unwrap().len() >= 10);
    assert!(imported.body["expanded_until"].is_string());

    refused(&send("?name=a", &file("DTSTART:tomorrow")), "", "line 5");
    refused(
        &send("?name=a", &file("RRULE:FREQ=HOURLY")),
        "",
        "no DTSTART",
    );
    assert_eq!(send("", &yearly).body["code"], "INVALID_QUERY");
    assert_eq!(send("?nmae=a", &yearly).body["code"], "INVALID_QUERY");
    let large = " ".repeat((1 << 20) + 1);
    assert_eq!(send("?name=a", &large).status, 413);
    let neither = client.send("POST", CALENDARS, &[("content-type", "text/plain")], b"a");
    assert_eq!(neither.status, 415);
    let both = client.post(
        &format!("{CALENDARS}?name=a"),
        &json!({"name": "b", "entries": []}),
    );
    assert_eq!(both.status, 400);
}

#[test]
fn the_system_says_which_versions_it_has() {
    let server = Server::start();
    let system = server.client().get("/api/admin/system").expect(200).body;
    assert!(!system["version"].as_str().unwrap().is_empty());
    let zones = system["time_zone_database"].as_str().unwrap();
    assert!(zones.starts_with("20") && zones.len() == 5, "{zones}");
    assert!(system["now"].as_str().unwrap().ends_with('Z'));
    assert!(!system["host_name"].as_str().unwrap().is_empty());
}
