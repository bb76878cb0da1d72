//! What is refused, and what its author is told.

use sandglass_query::{Filter, Pipeline, Projection, QueryError, QueryErrorCode, Sort, Update};

fn line(input: &str, error: &QueryError) -> String {
    let short: String = input.chars().take(70).collect();
    format!(
        "{short}\n  {} {:?}\n  {}\n",
        error.code(),
        error.pointer(),
        error.message()
    )
}

fn refusals<T: std::fmt::Debug>(
    parse: fn(&str) -> Result<T, QueryError>,
    inputs: &[&str],
) -> String {
    inputs
        .iter()
        .map(|input| line(input, &parse(input).expect_err(input)))
        .collect()
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn refused_filters_say_what_is_allowed() {
    snapshot(
        "refused_filters",
        &refusals(
            Filter::parse_text,
            &[
                "",
                "[]",
                "5",
                r#"{"a": 1, "a": 2}"#,
                r#"{"a": {"$gt": 1, "$gt": 2}}"#,
                r#"{"$where": "sleep(1000)"}"#,
                r#"{"$expr": {"$gt": ["$a", "$b"]}}"#,
                r#"{"$text": {"$search": "x"}}"#,
                r#"{"$jsonSchema": {}}"#,
                r#"{"$comment": "x"}"#,
                r#"{"a": {"$where": "1"}}"#,
                r#"{"a": {"$near": [1, 2]}}"#,
                r#"{"a": {"$Gt": 1}}"#,
                r#"{"a": {"$gt": 1, "b": 2}}"#,
                r#"{"a": {"b": {"$gt": 1}}}"#,
                r#"{"a": {"$in": [{"$gt": 1}]}}"#,
                r#"{"a": {"$in": 1}}"#,
                r#"{"a": {"$not": 1}}"#,
                r#"{"a": {"$not": {}}}"#,
                r#"{"a": {"$exists": "yes"}}"#,
                r#"{"a": {"$type": "text"}}"#,
                r#"{"a": {"$type": []}}"#,
                r#"{"a": {"$size": -1}}"#,
                r#"{"a": {"$size": 1.5}}"#,
                r#"{"a": {"$mod": [0, 1]}}"#,
                r#"{"a": {"$mod": [2]}}"#,
                r#"{"a": {"$elemMatch": 1}}"#,
                r#"{"a": {"$all": [{"$elemMatch": {}}, 1]}}"#,
                r#"{"a": {"$options": "i"}}"#,
                r#"{"a": {"$regex": "("}}"#,
                r#"{"a": {"$regex": "(?=x)"}}"#,
                r#"{"a": {"$regex": "[a&&b]"}}"#,
                r#"{"a": {"$regex": "\\b{start}x"}}"#,
                r#"{"a": {"$regex": "x", "$options": "g"}}"#,
                r#"{"a": {"$regex": "(((x{1000}){1000}){1000})"}}"#,
                r#"{"$and": []}"#,
                r#"{"$or": {"a": 1}}"#,
                r#"{"$or": [1]}"#,
                r#"{"": 1}"#,
                r#"{"a..b": 1}"#,
                r#"{"a.$b": 1}"#,
                r#"{"a\u0000b": 1}"#,
                r#"{"__proto__": 1}"#,
                r#"{"a": {"__proto__": 1}}"#,
                r#"{"a": {"$code": "1"}}"#,
                r#"{"a": {"$ref": "users", "$id": 1}}"#,
                r#"{"a": {"$regularExpression": {"pattern": "x", "options": ""}}}"#,
                r#"{"a": {"$minKey": 1}}"#,
                r#"{"a": {"$date": "6 months ago"}}"#,
                r#"{"a": {"$date": "2026-01-31T00:00:00Z", "$gt": 1}}"#,
                r#"{"a": {"$oid": "xyz"}}"#,
                r#"{"a": {"$numberLong": 5}}"#,
                r#"{"a": {"$numberDecimal": "1,5"}}"#,
            ],
        ),
    );
}

#[test]
fn filters_beyond_the_bounds_are_refused() {
    let check = |filter: String, expected: Option<QueryErrorCode>| {
        let code = Filter::parse_text(&filter).err().map(|error| error.code());
        let short: String = filter.chars().take(60).collect();
        assert_eq!(code, expected, "{short}");
    };
    let nested = |depth: usize| {
        format!(
            "{}{}{}",
            r#"{"$and":["#.repeat(depth),
            r#"{"a":1}"#,
            "]}".repeat(depth)
        )
    };
    check(nested(9), None);
    check(nested(10), Some(QueryErrorCode::TooDeep));
    check(nested(60), Some(QueryErrorCode::TooDeep));
    check(nested(5000), Some(QueryErrorCode::TooDeep));
    let values = |count: usize| format!(r#"{{"a": {{"$in": [{}]}}}}"#, vec!["1"; count].join(","));
    check(values(1000), None);
    check(values(1001), Some(QueryErrorCode::TooMany));
    let fields = |count: usize| {
        let fields: Vec<String> = (0..count).map(|n| format!(r#""f{n}": 1"#)).collect();
        format!("{{{}}}", fields.join(","))
    };
    check(fields(100), None);
    check(fields(101), Some(QueryErrorCode::TooMany));
    let text = |length: usize| format!(r#"{{"a": "{}"}}"#, "x".repeat(length));
    check(text(60_000), None);
    check(text(70_000), Some(QueryErrorCode::TooLarge));
    let pattern = |length: usize| format!(r#"{{"a": {{"$regex": "{}"}}}}"#, "x".repeat(length));
    check(pattern(256), None);
    check(pattern(257), Some(QueryErrorCode::InvalidPattern));
    let path = |names: usize| format!(r#"{{"{}": 1}}"#, vec!["a"; names].join("."));
    check(path(64), None);
    check(path(65), Some(QueryErrorCode::InvalidField));
    let json = serde_json::json!({"a": "x".repeat(70_000)});
    assert_eq!(
        Filter::parse(&json).unwrap_err().code(),
        QueryErrorCode::TooLarge
    );
}

#[test]
fn refused_updates_say_what_is_allowed() {
    snapshot(
        "refused_updates",
        &refusals(
            Update::parse_text,
            &[
                r#"{}"#,
                r#"[]"#,
                r#"{"a": 1}"#,
                r#"{"$set": {}}"#,
                r#"{"$unknown": {}}"#,
                r#"{"$set": 1}"#,
                r#"{"$replaceWith": {}}"#,
                r#"{"$setOnInsert": {"a": 1}}"#,
                r#"{"$set": {"_id": 1}}"#,
                r#"{"$unset": {"_id.a": 1}}"#,
                r#"{"$rename": {"a": "_id"}}"#,
                r#"{"$rename": {"a": 1}}"#,
                r#"{"$rename": {"a": "a.b"}}"#,
                r#"{"$set": {"a": 1}, "$inc": {"a": 1}}"#,
                r#"{"$set": {"a.b": 1, "a": 1}}"#,
                r#"{"$set": {"a": {"$gt": 1}}}"#,
                r#"{"$set": {"a": {"": 1}}}"#,
                r#"{"$set": {"$a": 1}}"#,
                r#"{"$set": {"a.$": 1}}"#,
                r#"{"$set": {"a.$[]": 1}}"#,
                r#"{"$set": {"": 1}}"#,
                r#"{"$set": {"a\u0000": 1}}"#,
                r#"{"$set": {"__proto__": 1}}"#,
                r#"{"$inc": {"a": "1"}}"#,
                r#"{"$mul": {"a": {"$numberDecimal": "2"}}}"#,
                r#"{"$currentDate": {"a": {"$type": "timestamp"}}}"#,
                r#"{"$push": {"a": {"$each": 1}}}"#,
                r#"{"$push": {"a": {"$each": [1], "$slice": 5}}}"#,
                r#"{"$pop": {"a": 2}}"#,
                r#"{"$pull": {"a": {"$where": "1"}}}"#,
            ],
        ),
    );
}

#[test]
fn refused_shapes_and_pipelines_say_what_is_allowed() {
    let sorts = refusals(
        Sort::parse_text,
        &[
            r#"{"a": 2}"#,
            r#"{"a": "asc"}"#,
            r#"{"$a": 1}"#,
            r#"{"a": {"$meta": "textScore"}}"#,
        ],
    );
    let projections = refusals(
        Projection::parse_text,
        &[
            r#"{"a": 1, "b": 0}"#,
            r#"{"a": 1, "a.b": 1}"#,
            r#"{"a.b": 1, "a": 1}"#,
            r#"{"a": "$b"}"#,
            r#"{"a": {"$slice": 1}}"#,
        ],
    );
    let pipelines = refusals(
        Pipeline::parse_text,
        &[
            r#"{}"#,
            r#"[1]"#,
            r#"[{}]"#,
            r#"[{"$match": {}, "$limit": 1}]"#,
            r#"[{"$out": "users"}]"#,
            r#"[{"$merge": {"into": "users"}}]"#,
            r#"[{"$lookup": {"from": "secrets"}}]"#,
            r#"[{"$match": {"$where": "1"}}]"#,
            r#"[{"$limit": 0}]"#,
            r#"[{"$skip": -1}]"#,
            r#"[{"$sort": {}}]"#,
            r#"[{"$project": {}}]"#,
            r#"[{"$project": {"a": {"$concat": ["x"]}}}]"#,
            r#"[{"$count": "a.b"}]"#,
            r#"[{"$count": ""}]"#,
            r#"[{"$unwind": "a"}]"#,
            r#"[{"$unwind": {"path": "$a", "other": 1}}]"#,
            r#"[{"$unwind": {}}]"#,
            r#"[{"$group": {"n": {"$sum": 1}}}]"#,
            r#"[{"$group": {"_id": {"$year": "$a"}}}]"#,
            r#"[{"$group": {"_id": "$$ROOT"}}]"#,
            r#"[{"$group": {"_id": null, "a": {"$push": "$x"}}}]"#,
            r#"[{"$group": {"_id": null, "a": {"$sum": {"$add": [1, 2]}}}}]"#,
            r#"[{"$group": {"_id": null, "a": {"$count": 1}}}]"#,
            r#"[{"$group": {"_id": null, "a.b": {"$sum": 1}}}]"#,
        ],
    );
    snapshot(
        "refused_shapes",
        &format!("{sorts}\n{projections}\n{pipelines}"),
    );
}

#[test]
fn shapes_and_pipelines_beyond_the_bounds_are_refused() {
    let fields = |count: usize| {
        let fields: Vec<String> = (0..count).map(|n| format!(r#""f{n}": 1"#)).collect();
        format!("{{{}}}", fields.join(","))
    };
    assert!(Sort::parse_text(&fields(32)).is_ok());
    assert_eq!(
        Sort::parse_text(&fields(33)).unwrap_err().code(),
        QueryErrorCode::TooMany
    );
    assert!(Projection::parse_text(&fields(200)).is_ok());
    assert_eq!(
        Projection::parse_text(&fields(201)).unwrap_err().code(),
        QueryErrorCode::TooMany
    );
    let set = |count: usize| format!(r#"{{"$set": {}}}"#, fields(count));
    assert!(Update::parse_text(&set(200)).is_ok());
    assert_eq!(
        Update::parse_text(&set(201)).unwrap_err().code(),
        QueryErrorCode::TooMany
    );
    let stages = |count: usize| format!("[{}]", vec![r#"{"$skip": 1}"#; count].join(","));
    assert!(Pipeline::parse_text(&stages(20)).is_ok());
    assert_eq!(
        Pipeline::parse_text(&stages(21)).unwrap_err().code(),
        QueryErrorCode::TooMany
    );
}
