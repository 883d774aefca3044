//! A thousand queries that nobody thought of end in an answer or an error.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::StreamExt as _;
use pond_query::{QueryContext, QueryError, Reply};

use crate::support::{TestPond, run};

const QUERIES: u64 = 1000;
/// Rows of an answer that are looked at before it is dropped.
const ROWS: usize = 200;

/// Numbers that look random: xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn is_one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

/// What queries are made of.
struct Grammar {
    random: Random,
    /// Tables, and calls whose value is one, with their columns.
    tables: Vec<(String, Vec<String>)>,
    functions: Vec<String>,
}

impl Grammar {
    fn new(context: &QueryContext) -> Self {
        let mut tables = Vec::new();
        run(async {
            for table in context.tables().await.expect("tables") {
                tables.push((table.name, table.columns));
            }
            for call in [
                "HEAD:x.csv",
                "HEAD~1:x.csv",
                "HEAD:l.jsonl",
                "versions('x.csv')",
                "files_at('HEAD~1')",
                "pages('tree')",
                "generate_series(1, 30)",
            ] {
                let name = if call.ends_with(')') { call.to_owned() } else { format!("'{call}'") };
                tables.push((name, context.columns(call).await.expect("columns")));
            }
        });
        let names =
            |columns: Vec<pond_query::Column>| columns.into_iter().map(|column| column.name).collect();
        let tables = tables.into_iter().map(|(name, columns)| (name, names(columns))).collect();
        Self { random: Random(0x5851_f42d_4c95_7f2d), tables, functions: context.functions() }
    }

    fn literal(&mut self) -> String {
        let literals = [
            "0",
            "1",
            "-1",
            "7",
            "100",
            "2.5",
            "-0.0",
            "1e30",
            "NULL",
            "true",
            "false",
            "''",
            "'a'",
            "'x.csv'",
            "'2026-05-01'",
            "TIMESTAMP '2026-05-01T12:01:00Z'",
            "DATE '2026-05-01'",
            "INTERVAL '1 day'",
            "X'00ff'",
            "[1, 2, 3]",
            "'[1, 2'",
            "'%'",
            "9223372036854775807",
            "$p",
        ];
        self.random.one_of(&literals).to_owned()
    }

    fn column(&mut self, columns: &[String]) -> String {
        if columns.is_empty() || self.random.is_one_in(30) {
            return self.random.one_of(&["nothing", "a.id", "\"Path\"", "t.*", "*"]).to_owned();
        }
        format!("\"{}\"", columns[self.random.below(columns.len())])
    }

    fn expression(&mut self, columns: &[String], depth: usize) -> String {
        let kind = if depth == 0 { self.random.below(2) } else { self.random.below(12) };
        let below = depth.saturating_sub(1);
        match kind {
            0 => self.literal(),
            1..=3 => self.column(columns),
            4 => {
                let (left, right) = (self.expression(columns, below), self.expression(columns, below));
                let operators = [
                    "+",
                    "-",
                    "*",
                    "/",
                    "%",
                    "||",
                    "=",
                    "<>",
                    "<",
                    ">=",
                    "AND",
                    "OR",
                    "LIKE",
                    "~",
                    "IS DISTINCT FROM",
                    "&",
                    "<<",
                ];
                format!("({left} {} {right})", self.random.one_of(&operators))
            }
            5 | 6 => {
                let function = self.functions[self.random.below(self.functions.len())].clone();
                let arguments: Vec<String> =
                    (0..self.random.below(4)).map(|_| self.argument(columns, below)).collect();
                format!("{function}({})", arguments.join(", "))
            }
            7 => {
                let types = [
                    "INT",
                    "BIGINT",
                    "DOUBLE",
                    "TEXT",
                    "TIMESTAMP",
                    "DATE",
                    "BOOLEAN",
                    "BYTEA",
                    "DECIMAL(10, 2)",
                    "INTERVAL",
                    "SMALLINT",
                ];
                let cast = self.random.one_of(&["CAST", "TRY_CAST"]);
                format!("{cast}({} AS {})", self.expression(columns, below), self.random.one_of(&types))
            }
            8 => {
                let (when, then, other) =
                    (self.expression(columns, below), self.expression(columns, below), self.literal());
                format!("CASE WHEN {when} THEN {then} ELSE {other} END")
            }
            9 => {
                let aggregate = self.random.one_of(&[
                    "count",
                    "sum",
                    "avg",
                    "min",
                    "max",
                    "array_agg",
                    "stddev",
                    "median",
                ]);
                format!("{aggregate}({})", self.expression(columns, below))
            }
            10 => {
                let window = self.random.one_of(&["row_number()", "rank()", "lag(1)", "sum(1)", "ntile(2)"]);
                let (part, order) = (self.column(columns), self.column(columns));
                format!("{window} OVER (PARTITION BY {part} ORDER BY {order})")
            }
            _ => match self.random.below(3) {
                0 => format!("({} IN ({}, {}))", self.column(columns), self.literal(), self.literal()),
                1 => format!("({} IS NULL)", self.expression(columns, below)),
                _ => format!("({})", self.query(below)),
            },
        }
    }

    /// No number that is large: `repeat` and its like would take it for a length.
    fn argument(&mut self, columns: &[String], depth: usize) -> String {
        let text = self.expression(columns, depth);
        text.replace("9223372036854775807", "64").replace("1e30", "3")
    }

    fn query(&mut self, depth: usize) -> String {
        let (table, mut columns) = self.tables[self.random.below(self.tables.len())].clone();
        let mut from = format!("{table} AS a");
        if self.random.is_one_in(4) {
            let (other, others) = self.tables[self.random.below(self.tables.len())].clone();
            let join = self.random.one_of(&["JOIN", "LEFT JOIN", "FULL JOIN"]);
            let on = (self.column(&columns), self.column(&others));
            from = format!("{from} {join} {other} AS b ON a.{} = b.{}", on.0, on.1);
            columns.extend(others);
        }
        let items: Vec<String> =
            (0..=self.random.below(3)).map(|_| self.expression(&columns, depth)).collect();
        let distinct = if self.random.is_one_in(8) { "DISTINCT " } else { "" };
        let mut text = format!("SELECT {distinct}{} FROM {from}", items.join(", "));
        if self.random.is_one_in(3) {
            text += &format!(" WHERE {}", self.expression(&columns, depth));
        }
        if self.random.is_one_in(4) {
            text += &format!(" GROUP BY {}", self.random.one_of(&["1", "1, 2", "ALL"]));
            if self.random.is_one_in(3) {
                text += &format!(" HAVING {}", self.expression(&columns, depth.min(1)));
            }
        }
        if self.random.is_one_in(8) {
            let set = self.random.one_of(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]);
            text += &format!(" {set} SELECT {}", self.literal());
        }
        if self.random.is_one_in(4) {
            text += &format!(" ORDER BY {}", self.random.one_of(&["1", "2 DESC", "1 NULLS FIRST"]));
        }
        if self.random.is_one_in(4) {
            text += &format!(" LIMIT {}", self.random.below(20));
        }
        text
    }

    /// A query, now and then one with a word too many or too few.
    fn statement(&mut self) -> String {
        let depth = self.random.below(4);
        let query = self.query(depth);
        let query = match self.random.below(12) {
            0 => format!("SUMMARIZE {query}"),
            1 => format!("EXPLAIN {query}"),
            2 => format!("COPY ({query}) TO 'x.csv'"),
            3 => format!("WITH w AS ({query}) SELECT * FROM w"),
            _ => query,
        };
        if !self.random.is_one_in(10) {
            return query;
        }
        let mut words: Vec<&str> = query.split(' ').collect();
        let at = self.random.below(words.len());
        match self.random.below(3) {
            0 => {
                words.remove(at);
            }
            1 => words.insert(at, "SELECT"),
            _ => words.truncate(at),
        }
        words.join(" ")
    }
}

/// Whether there is an answer.
async fn ends(context: &QueryContext, text: &str) -> Result<(), QueryError> {
    let parameters = [("p".to_owned(), "3".to_owned())];
    let given = if text.contains("$p") { &parameters[..] } else { &[] };
    let mut answer = match context.sql(text, given).await? {
        Reply::Rows(answer) => answer,
        Reply::Copy(copy) => copy.answer,
    };
    let mut rows = 0;
    while let Some(batch) = answer.next().await {
        rows += batch?.num_rows();
        if rows > ROWS {
            break;
        }
    }
    Ok(())
}

#[test]
fn random_queries_end_in_an_answer_or_an_error() {
    let mut pond = TestPond::new();
    pond.commit("first", &[("x.csv", Some(b"time,n,t\n2026-01-01T00:00:00,1,a\n2026-01-02T00:00:00,,b\n"))]);
    let lines: &[u8] = b"{\"n\":1,\"l\":[1,2],\"o\":{\"k\":true}}\n{\"n\":2.5}\n";
    pond.commit("second", &[("x.csv", Some(b"time,n,t\n")), ("l.jsonl", Some(lines))]);
    let context = pond.context();
    let mut grammar = Grammar::new(&context);
    let (mut answers, mut faults) = (0, Vec::new());
    let texts: Vec<String> = (0..QUERIES).map(|_| grammar.statement()).collect();
    for chunk in texts.chunks(100) {
        run(async {
            for text in chunk {
                match ends(&context, text).await {
                    Ok(()) => answers += 1,
                    Err(QueryError::Fault(what)) => faults.push(format!("{text}: {what}")),
                    Err(error) => {
                        let shown = catch_unwind(AssertUnwindSafe(|| error.to_string()));
                        assert!(shown.is_ok_and(|text| !text.is_empty()), "{text}: {error:?}");
                    }
                }
            }
        });
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(answers > QUERIES / 8, "only {answers} answers");
}

#[test]
fn deep_and_long_statements_are_refused_or_answered() {
    // Without optimization a plan takes more stack than a thread of a test has.
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(deep_and_long_statements);
    thread.expect("a thread").join().expect("no panic");
}

fn deep_and_long_statements() {
    let pond = TestPond::new();
    let sum = |terms: usize| format!("SELECT {}1", "1 + ".repeat(terms));
    let either = format!("SELECT count(*) FROM refs WHERE {}false", "name = 'x' OR ".repeat(490));
    let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    let context = pond.context();
    for text in [sum(490), either] {
        run(ends(&context, &text)).unwrap_or_else(|error| panic!("{error}"));
    }
    for text in [sum(100_000), deep] {
        let error = run(ends(&context, &text)).expect_err("too much");
        assert!(!matches!(error, QueryError::Fault(_)), "{error:?}");
    }
}
