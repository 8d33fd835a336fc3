//! The language of `rules: if`, as GitLab evaluates it (`lib/gitlab/ci/pipeline/expression`):
//! variables, strings, patterns, comparison and boolean operators, Ruby's idea of truth.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

/// Why an expression could not be evaluated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ExpressionError {
    /// A character sequence that starts no token.
    #[error("invalid expression syntax at `{0}`")]
    Lexeme(String),
    /// Tokens in an order that makes no sense.
    #[error("invalid expression syntax")]
    Structure,
    /// A pattern literal that RE2 refuses.
    #[error("invalid regular expression `{0}`")]
    Pattern(String),
}

/// What an expression evaluates to.
#[derive(Debug, Clone)]
pub enum Value {
    /// An undefined variable, or `null`.
    Null,
    /// `true` and `false`, and the result of every comparison.
    Bool(bool),
    /// A string, or the value of a variable.
    Text(String),
    /// A compiled pattern and the text it was written as.
    Pattern(Box<Regex>),
}

impl Value {
    /// Ruby's truth: everything but `nil` and `false`.
    fn truthy(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    /// Rails' `present?`, which decides whether a rule applies: blank strings are false.
    #[must_use]
    pub fn present(&self) -> bool {
        match self {
            Self::Text(text) => !text.trim().is_empty(),
            other => other.truthy(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Text(text) => text.clone(),
            // Ruby prints the object, which no pattern of a CI file will ever match.
            Self::Pattern(_) => "#<Gitlab::UntrustedRegexp>".to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Variable(String),
    Text(String),
    Pattern(String),
    Null,
    Bool(bool),
    Equals,
    NotEquals,
    Matches,
    NotMatches,
    And,
    Or,
    Not,
}

/// A parsed expression, ready to be evaluated any number of times.
#[derive(Debug, Clone)]
pub struct Expression(Node);

#[derive(Debug, Clone)]
enum Node {
    Leaf(Token),
    Not(Box<Node>),
    Binary(Token, Box<Node>, Box<Node>),
}

/// GitLab's limit on the number of tokens.
const MAX_TOKENS: usize = 100;

static PATTERN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^/([^/]|\\/)+[^\\]/[ismU]*").expect("a constant pattern compiles"));

fn tokens(source: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut rest = source.trim_start();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (token, length) = token(rest).ok_or_else(|| ExpressionError::Lexeme(rest.chars().take(20).collect()))?;
        found.push(token);
        if found.len() > MAX_TOKENS {
            return Err(ExpressionError::Structure);
        }
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn token(rest: &str) -> Option<(Token, usize)> {
    const FIXED: [(&str, Token); 9] = [
        ("(", Token::Open),
        (")", Token::Close),
        ("==", Token::Equals),
        ("!=", Token::NotEquals),
        ("=~", Token::Matches),
        ("!~", Token::NotMatches),
        ("&&", Token::And),
        ("||", Token::Or),
        ("!", Token::Not),
    ];
    for (text, token) in FIXED {
        if rest.starts_with(text) {
            return Some((token, text.len()));
        }
    }
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count();
    match rest.as_bytes()[0] {
        b'$' if rest.starts_with("$[[") => {
            // An input that was not filled in: valid to write, and nothing.
            rest.find("]]").map(|end| (Token::Null, end + 2))
        }
        b'$' => {
            let length = word(&rest[1..]);
            (length > 0).then(|| (Token::Variable(rest[1..=length].to_owned()), length + 1))
        }
        quote @ (b'"' | b'\'') => {
            let end = rest[1..].find(quote as char)?;
            Some((Token::Text(rest[1..=end].to_owned()), end + 2))
        }
        b'/' => PATTERN.find(rest).map(|m| (Token::Pattern(m.as_str().to_owned()), m.end())),
        _ => {
            let length = word(rest);
            match &rest[..length] {
                "null" => Some((Token::Null, length)),
                "true" => Some((Token::Bool(true), length)),
                "false" => Some((Token::Bool(false), length)),
                _ => None,
            }
        }
    }
}

struct Parser(std::iter::Peekable<std::vec::IntoIter<Token>>);

impl Parser {
    fn binary(&mut self, level: usize) -> Result<Node, ExpressionError> {
        const LEVELS: [&[Token]; 3] = [&[Token::Or], &[Token::And], &[Token::Equals, Token::NotEquals, Token::Matches, Token::NotMatches]];
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.0.next_if(|token| operators.contains(token)) {
            let right = self.binary(level + 1)?;
            left = Node::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, ExpressionError> {
        match self.0.next().ok_or(ExpressionError::Structure)? {
            Token::Not => Ok(Node::Not(Box::new(self.unary()?))),
            Token::Open => {
                let inside = self.binary(0)?;
                match self.0.next() {
                    Some(Token::Close) => Ok(inside),
                    _ => Err(ExpressionError::Structure),
                }
            }
            leaf @ (Token::Variable(_) | Token::Text(_) | Token::Pattern(_) | Token::Null | Token::Bool(_)) => Ok(Node::Leaf(leaf)),
            _ => Err(ExpressionError::Structure),
        }
    }
}

/// `/pattern/flags` to a regular expression, `None` when the text is not of that form.
fn compile(source: &str) -> Option<Result<Regex, ExpressionError>> {
    let inside = source.strip_prefix('/')?;
    let end = inside.rfind('/')?;
    let (pattern, flags) = (&inside[..end], &inside[end + 1..]);
    if pattern.is_empty() || !flags.chars().all(|flag| "ismU".contains(flag)) {
        return None;
    }
    let prefix = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
    Some(regex::RegexBuilder::new(&format!("{prefix}{pattern}")).size_limit(1 << 20).build().map_err(|_| ExpressionError::Pattern(source.to_owned())))
}

impl Expression {
    /// Parses `source`, or says where it makes no sense (what CI lint reports).
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let mut parser = Parser(tokens(source)?.into_iter().peekable());
        let root = parser.binary(0)?;
        if parser.0.next().is_some() {
            return Err(ExpressionError::Structure);
        }
        Ok(Self(root))
    }

    /// The value under `variables`; an error is what makes a rule false at run time.
    pub fn evaluate(&self, variables: &HashMap<String, String>) -> Result<Value, ExpressionError> {
        eval(&self.0, variables)
    }
}

/// Whether a `rules: if` applies: its value is present; any error counts as false.
#[must_use]
pub fn applies(source: &str, variables: &HashMap<String, String>) -> bool {
    Expression::parse(source).and_then(|expression| expression.evaluate(variables)).is_ok_and(|value| value.present())
}

fn eval(node: &Node, variables: &HashMap<String, String>) -> Result<Value, ExpressionError> {
    Ok(match node {
        Node::Leaf(Token::Variable(name)) => variables.get(name).map_or(Value::Null, |text| Value::Text(text.clone())),
        Node::Leaf(Token::Text(text)) => Value::Text(text.clone()),
        Node::Leaf(Token::Bool(value)) => Value::Bool(*value),
        Node::Leaf(Token::Pattern(source)) => match compile(source) {
            Some(pattern) => Value::Pattern(Box::new(pattern?)),
            None => return Err(ExpressionError::Pattern(source.clone())),
        },
        Node::Leaf(_) => Value::Null,
        Node::Not(inner) => Value::Bool(!eval(inner, variables)?.present()),
        Node::Binary(Token::And, left, right) => match eval(left, variables)? {
            left if left.truthy() => eval(right, variables)?,
            left => left,
        },
        Node::Binary(Token::Or, left, right) => match eval(left, variables)? {
            left if left.truthy() => left,
            _ => eval(right, variables)?,
        },
        Node::Binary(operator, left, right) => {
            let left_value = eval(left, variables)?;
            let right_value = eval(right, variables)?;
            Value::Bool(match operator {
                Token::Equals => equal(&left_value, &right_value),
                Token::NotEquals => !equal(&left_value, &right_value),
                Token::Matches => matches(&left_value, &right_value),
                _ => !matches(&left_value, &right_value),
            })
        }
    })
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        // A variable is always text, so a boolean is compared with its spelling.
        (Value::Bool(a), Value::Text(b)) | (Value::Text(b), Value::Bool(a)) => a.to_string() == *b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Pattern(a), Value::Pattern(b)) => a.as_str() == b.as_str(),
        _ => false,
    }
}

/// `left =~ right`. A string on the right that is no pattern is searched for the left
/// one (Ruby's `String#scan` with the roles swapped), a quirk labs may rely on.
fn matches(left: &Value, right: &Value) -> bool {
    let text = left.text();
    match right {
        Value::Pattern(pattern) => pattern.is_match(&text),
        Value::Text(source) => match compile(source) {
            Some(Ok(pattern)) => pattern.is_match(&text),
            Some(Err(_)) => false,
            None => source.contains(&text),
        },
        Value::Null | Value::Bool(_) => false,
    }
}
