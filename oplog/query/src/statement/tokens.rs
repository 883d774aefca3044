//! The words of a text of SQL, each with its place.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::error::QueryError;

/// The tokens of a text, without white space and comments.
pub(super) fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>, QueryError> {
    let found = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location();
    let mut tokens =
        found.map_err(|error| QueryError::grammar(error.message.clone(), place(error.location)))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    Ok(tokens)
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
