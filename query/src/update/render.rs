//! From an [`Update`] to MongoDB's update operators.

use bson::doc;

use crate::{Document, Value, filter::render_conditions};

use super::{Action, End, Operation, PullTest, Update};

pub(super) fn update(update: &Update) -> Document {
    let mut document = Document::new();
    for action in &update.actions {
        let (operator, name, value) = render(action);
        let fields = document
            .entry(operator)
            .or_insert_with(|| Value::Document(Document::new()));
        if let Value::Document(fields) = fields {
            fields.insert(name, value);
        }
    }
    document
}

fn render(action: &Action) -> (&'static str, String, Value) {
    let name = action.path.to_string();
    match &action.operation {
        Operation::Set(value) => ("$set", name, value.clone()),
        Operation::Unset => ("$unset", name, Value::Boolean(true)),
        Operation::Increment(by) => ("$inc", name, by.clone()),
        Operation::Multiply(by) => ("$mul", name, by.clone()),
        Operation::Min(value) => ("$min", name, value.clone()),
        Operation::Max(value) => ("$max", name, value.clone()),
        Operation::RenameFrom(from) => ("$rename", from.to_string(), Value::String(name)),
        Operation::CurrentDate => ("$currentDate", name, Value::Boolean(true)),
        Operation::Push(values) => ("$push", name, each(values)),
        Operation::AddToSet(values) => ("$addToSet", name, each(values)),
        Operation::Pull(PullTest::Equal(literal)) => ("$pull", name, literal.value().clone()),
        Operation::Pull(PullTest::Value(conditions)) => (
            "$pull",
            name,
            Value::Document(render_conditions(conditions)),
        ),
        Operation::Pull(PullTest::Document(filter)) => {
            ("$pull", name, Value::Document(filter.to_bson()))
        }
        Operation::Pop(End::First) => ("$pop", name, Value::Int32(-1)),
        Operation::Pop(End::Last) => ("$pop", name, Value::Int32(1)),
    }
}

fn each(values: &[Value]) -> Value {
    Value::Document(doc! {"$each": values.to_vec()})
}
