//! Pages of a list under conditions that are put together at run time. Values are bound, never
//! written into the SQL.

use rusqlite::{Connection, Row, ToSql, params_from_iter, types::Value};

use crate::{
    page::{Page, PageRequest},
    store::StoreError,
};

/// Rows of a table that meet conditions.
pub(super) struct Selection {
    table: &'static str,
    conditions: String,
    values: Vec<Value>,
}

impl Selection {
    /// The rows of an organisation.
    pub(super) fn of(table: &'static str, organisation: &str) -> Self {
        Self {
            table,
            conditions: "org = ?".to_owned(),
            values: vec![Value::from(organisation.to_owned())],
        }
    }

    /// Only those that meet `condition` too, whose `?` stand for `values`.
    pub(super) fn narrow<V: Into<Value>>(
        &mut self,
        condition: &str,
        values: impl IntoIterator<Item = V>,
    ) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
        self.values.extend(values.into_iter().map(Into::into));
    }

    /// A page of them with how many there are in all.
    pub(super) fn page<T>(
        &self,
        connection: &Connection,
        columns: &str,
        order: &str,
        request: PageRequest,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let total = self.count(connection)?;
        let (skip, take) = (request.offset(), u64::from(request.limit()));
        let items = self.part(connection, columns, order, skip, take, read)?;
        Ok(Page::new(request, items, total))
    }

    /// How many there are.
    pub(super) fn count(&self, connection: &Connection) -> Result<u64, StoreError> {
        let Self {
            table, conditions, ..
        } = self;
        let count: i64 = connection
            .prepare_cached(&format!("SELECT count(*) FROM {table} WHERE {conditions}"))?
            .query_row(params_from_iter(&self.values), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The first `take` of them behind the first `skip`.
    pub(super) fn part<T>(
        &self,
        connection: &Connection,
        columns: &str,
        order: &str,
        skip: u64,
        take: u64,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let Self {
            table, conditions, ..
        } = self;
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?"
        );
        let [take, skip] = [take, skip].map(|it| i64::try_from(it).unwrap_or(i64::MAX));
        let values = self.values.iter().map(|value| value as &dyn ToSql);
        let values = values.chain([&take as &dyn ToSql, &skip as &dyn ToSql]);
        connection
            .prepare_cached(&sql)?
            .query_and_then(params_from_iter(values), read)?
            .collect()
    }
}
