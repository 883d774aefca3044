//! The words of a text of SQL, each with its place.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::error::QueryError;

/// Operators in a statement at most.
const MOST_OPERATORS: usize = 500;
/// Those that are no words.
const OPERATORS: [Token; 7] =
    [Token::Plus, Token::Minus, Token::Mul, Token::Div, Token::Mod, Token::StringConcat, Token::DoubleColon];

/// The tokens of a text, without white space and comments.
pub(super) fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>, QueryError> {
    let found = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location();
    let mut tokens =
        found.map_err(|error| QueryError::grammar(error.message.clone(), place(error.location)))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    Ok(tokens)
}

/// Refuses a chain of operators that is so long that a plan of it would not fit onto a thread's stack: each nests the one before.
pub(super) fn check_length(tokens: &[TokenWithSpan]) -> Result<(), QueryError> {
    let is_operator = |token: &&TokenWithSpan| match &token.token {
        Token::Word(_) => {
            ["and", "or", "union", "except", "intersect", "join"].iter().any(|word| is_word(token, word))
        }
        token => OPERATORS.contains(token),
    };
    match tokens.iter().filter(is_operator).nth(MOST_OPERATORS) {
        None => Ok(()),
        Some(token) => {
            let what = format!(
                "there are more than {MOST_OPERATORS} operators; x IN (...) and a join with VALUES take long lists"
            );
            Err(QueryError::grammar(what, place(token.span.start)))
        }
    }
}

/// Line and column, from 1.
pub(super) fn place(location: Location) -> (usize, usize) {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
    (number(location.line), number(location.column))
}

/// Whether a token is this word, written without quotes.
pub(super) fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

/// Whether a token opens a parenthesis.
pub(super) fn opens(token: &TokenWithSpan) -> bool {
    token.token == Token::LParen
}

/// Whether a token closes a parenthesis.
pub(super) fn closes(token: &TokenWithSpan) -> bool {
    token.token == Token::RParen
}

/// `SELECT * FROM` these.
pub(super) fn select_from(table: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let front = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
    front.into_iter().map(TokenWithSpan::wrap).chain(table.iter().cloned()).collect()
}
