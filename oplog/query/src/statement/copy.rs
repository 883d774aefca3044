//! `COPY ... TO 'FILE' (OPTION, ...)`, as DuckDB has it.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::QueryError;
use crate::output::{Format, Options};
use crate::statement::tokens::{closes, is_word, opens, place, select_from};

/// Where rows are written to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: String,
    pub(crate) format: Format,
    pub(crate) options: Options,
}

type Place = (usize, usize);

/// Reads what stands behind `COPY`: the target, and the query whose rows go there. `end` is where the text ends.
pub(super) fn parse(rest: &[TokenWithSpan], end: Place) -> Result<(Target, Vec<TokenWithSpan>), QueryError> {
    let mut depth = 0_usize;
    let to = rest.iter().position(|token| {
        depth = if opens(token) { depth + 1 } else { depth.saturating_sub(usize::from(closes(token))) };
        depth == 0 && ["to", "from", "into"].iter().any(|word| is_word(token, word))
    });
    let Some(to) = to else {
        return Err(QueryError::grammar(
            "COPY needs a query in parentheses, or a table, and then TO and the name of a file",
            end,
        ));
    };
    if !is_word(&rest[to], "to") {
        return Err(QueryError::Writes("COPY FROM".to_owned()));
    }
    let source = &rest[..to];
    let query = match source {
        [] => {
            return Err(QueryError::grammar(
                "COPY needs a query or a table before TO",
                place(rest[to].span.start),
            ));
        }
        [first, inner @ .., last] if opens(first) && closes(last) => inner.to_vec(),
        table => select_from(table),
    };
    let (path, rest) = match &rest[to + 1..] {
        [TokenWithSpan { token: Token::SingleQuotedString(path), .. }, rest @ ..] => (path, rest),
        rest => {
            let at = rest.first().map_or(end, |token| place(token.span.start));
            return Err(QueryError::grammar("COPY ... TO needs the name of a file, in single quotes", at));
        }
    };
    let (format, options) = options(path, rest, end)?;
    Ok((Target { path: path.clone(), format, options }, query))
}

/// Reads `(NAME VALUE, ...)` and the end of the statement.
fn options(path: &str, rest: &[TokenWithSpan], end: Place) -> Result<(Format, Options), QueryError> {
    let at = |token: Option<&TokenWithSpan>| token.map_or(end, |token| place(token.span.start));
    let mut tokens = rest.iter().peekable();
    let mut given: Vec<(String, Option<String>, Place)> = Vec::new();
    tokens.next_if(|token| is_word(token, "with"));
    if tokens.next_if(|token| opens(token)).is_some() {
        while tokens.next_if(|token| closes(token)).is_none() {
            let place = at(tokens.peek().copied());
            let name = tokens.next().and_then(plain_text);
            let Some(name) = name else {
                return Err(QueryError::grammar("here belongs the name of an option", place));
            };
            let value = tokens.next_if(|token| plain_text(token).is_some()).and_then(plain_text);
            given.push((name.to_lowercase(), value, place));
            let is_last = tokens.peek().is_some_and(|token| closes(token));
            if !is_last && tokens.next_if(|token| token.token == Token::Comma).is_none() {
                let place = at(tokens.peek().copied());
                return Err(QueryError::grammar("here belongs a comma, or the end of the options", place));
            }
        }
    }
    while tokens.next_if(|token| token.token == Token::SemiColon).is_some() {}
    if let Some(token) = tokens.next() {
        let what = "options of COPY stand in parentheses, as in (FORMAT csv, HEADER false)";
        return Err(QueryError::grammar(what, place(token.span.start)));
    }
    let format = match given.iter().position(|(name, ..)| name == "format") {
        Some(at) => {
            let (_, word, place) = given.remove(at);
            let word = word.unwrap_or_default();
            Format::of_word(&word).ok_or_else(|| {
                QueryError::grammar(format!("'{word}' is no format; {}", Format::known()), place)
            })?
        }
        None => Format::of_path(path).ok_or_else(|| QueryError::OutputFormat(path.to_owned()))?,
    };
    let mut options = Options::default();
    for (name, value, place) in given {
        options.set(format, &name, value.as_deref()).map_err(|why| QueryError::grammar(why, place))?;
    }
    Ok((format, options))
}

/// A word, a text or a number.
fn plain_text(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word) => Some(word.value.clone()),
        Token::SingleQuotedString(text) | Token::Number(text, _) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{Purpose, Request};

    fn target(text: &str) -> Result<(Target, String), QueryError> {
        let request = Request::parse(text)?;
        let statement = request.statement(50)?.to_string();
        match request.purpose {
            Purpose::Copy(target) => Ok((target, statement)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_query_or_a_table_is_copied() {
        let (found, query) = target("copy (FROM 'a.csv' LIMIT 1) to 'x.parquet';").expect("a target");
        assert_eq!((found.path.as_str(), found.format), ("x.parquet", Format::Parquet));
        assert_eq!(query, "FROM 'a.csv' LIMIT 1");
        let (found, query) =
            target("COPY versions('a.csv') TO 'x' WITH (FORMAT csv, HEADER false, DELIMITER '|')")
                .expect("a target");
        assert_eq!(query, "SELECT * FROM versions('a.csv')");
        assert_eq!(
            (found.format, found.options.header, found.options.delimiter),
            (Format::Csv, false, Some(b'|'))
        );
    }

    #[test]
    fn what_is_wrong_with_a_copy_has_its_place() {
        for (text, at, part) in [
            ("COPY t TO x", (1, 11), "single quotes"),
            ("COPY t", (1, 7), "TO and the name"),
            ("COPY t TO 'x.csv' (HEADR)", (1, 20), "known are FORMAT, HEADER"),
            ("COPY t TO 'x.parquet' (HEADER)", (1, 24), "known are FORMAT, COMPRESSION"),
            ("COPY t TO 'x.csv'\nSTORED AS CSV", (2, 1), "parentheses"),
            ("COPY t TO 'x' (FORMAT xls)", (1, 16), "'xls' is no format"),
            ("COPY t TO 'x.csv' (HEADER maybe)", (1, 20), "true or false"),
        ] {
            let error = target(text).expect_err(text);
            assert_eq!(error.place(), Some(at), "{text}: {error}");
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        assert!(matches!(target("COPY t FROM 'x.csv'"), Err(QueryError::Writes(_))));
        assert!(matches!(target("COPY t TO 'x'"), Err(QueryError::OutputFormat(_))));
    }
}
