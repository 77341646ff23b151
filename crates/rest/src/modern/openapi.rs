//! The description of the interface, made from its table.

use serde_json::{Map, Value, json};

use super::{PATHS, PREFIX, Place};

/// The `OpenAPI` 3.1 document.
pub fn openapi() -> Value {
    let paths: Map<String, Value> = PATHS
        .iter()
        .map(|path| (format!("{PREFIX}{}", path.path), json!({ "get": operation(path) })))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Posthaste",
            "version": "1",
            "description": "What there is on a server of mailing lists. Nothing is changed here.",
        },
        "security": [{ "token": [] }, { "password": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "Made by `posthaste token create`." },
                "password": { "type": "http", "scheme": "basic" },
            },
            "schemas": schemas(),
        },
    })
}

fn operation(path: &Place) -> Value {
    let in_path = path.path.split('/').filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    for word in path.query {
        parameters.push(json!({
            "name": word.name, "in": "query", "required": word.required, "description": word.about,
            "schema": { "type": "string" },
        }));
    }
    if path.paged {
        parameters.push(json!({
            "name": "after", "in": "query", "required": false, "schema": { "type": "string" },
            "description": "What `next` of the page before says.",
        }));
        parameters.push(json!({
            "name": "limit", "in": "query", "required": false,
            "schema": { "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 },
        }));
    }
    let one = json!({ "$ref": format!("#/components/schemas/{}", path.gives) });
    let schema = if path.paged {
        json!({
            "type": "object",
            "required": ["items"],
            "properties": { "items": { "type": "array", "items": one }, "next": { "type": "string" } },
        })
    } else {
        one
    };
    let problem = |about: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        json!({ "description": about, "content": { "application/problem+json": { "schema": schema } } })
    };
    json!({
        "summary": path.about,
        "description": format!("A token needs the right `{}`.", path.right.look.name()),
        "parameters": parameters,
        "responses": {
            "200": { "description": "It is told.", "content": { "application/json": { "schema": schema } } },
            "400": problem("A parameter is wrong."),
            "401": problem("Who asks is not known."),
            "403": problem("Who asks may not know it."),
            "404": problem("There is no such thing."),
            "429": problem("Too many requests; Retry-After says how long to wait."),
            "503": problem("Not now; Retry-After says how long to wait."),
        },
    })
}

/// An object all of whose fields are always there.
fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect();
    json!({ "type": "object", "required": names, "properties": properties })
}

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "integer" });
    let yes = || json!({ "type": "boolean" });
    let moment = || json!({ "type": "string", "format": "date-time" });
    let perhaps = |kind: &str| json!({ "type": [kind, "null"] });
    let list = || {
        vec![
            ("list_id", text()),
            ("address", text()),
            ("display_name", text()),
            ("description", text()),
            ("advertised", yes()),
            ("members", number()),
        ]
    };
    let mut whole = list();
    whole.extend([
        ("created_at", moment()),
        ("last_post_at", perhaps("string")),
        ("next_post", number()),
        ("digest_volume", number()),
        ("next_digest", number()),
        ("settings", json!({ "type": "object", "description": "By the names of the guide to settings." })),
    ]);
    let stage = object(&[
        ("stage", text()),
        ("waiting", number()),
        ("due", number()),
        ("in_work", number()),
        ("oldest_due", perhaps("string")),
        ("paused", yes()),
    ]);
    json!({
        "Problem": object(&[("status", number()), ("title", text()), ("detail", text())]),
        "List": object(&list()),
        "WholeList": object(&whole),
        "Member": object(&[
            ("id", text()), ("list_id", text()), ("role", text()), ("address", text()), ("display_name", text()),
            ("delivery_mode", text()), ("delivery_status", text()),
        ]),
        "Held": object(&[
            ("number", number()), ("entry", text()), ("list_id", text()), ("sender", text()), ("subject", text()),
            ("message_id", text()), ("reasons", json!({ "type": "array", "items": text() })), ("held_at", moment()),
            ("size", number()),
        ]),
        "Queues": object(&[
            ("stages", json!({ "type": "array", "items": stage })),
            ("resting_lists", json!({ "type": "array", "items": text() })),
            ("trouble", perhaps("string")),
        ]),
        "Traces": object(&[("traces", json!({ "type": "array", "items": { "type": "object" } }))]),
        "Document": { "type": "object" },
    })
}
