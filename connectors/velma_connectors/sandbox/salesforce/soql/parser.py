"""SOQL parser: the part of the language that a sync of records uses; the rest is refused, not guessed.

Emulated: SELECT of columns, parents (`What.Type`), TYPEOF, child queries and COUNT(); WHERE; ORDER BY;
LIMIT; OFFSET; one object in FROM, with or without an alias. Not emulated: grouping, aggregates other
than COUNT(), functions on columns, FIELDS(), WITH, FOR, USING SCOPE.
"""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.refusals import RequestRefusal
from velma_connectors.sandbox.salesforce.soql.tokens import Token, tokens
from velma_connectors.sandbox.salesforce.soql.tree import (
    Comparison,
    Condition,
    Junction,
    Negation,
    Order,
    Path,
    Query,
    TypeOf,
    Value,
    refuse_query,
)

LONGEST_QUERY = 100_000
HIGHEST_OFFSET = 2_000
_CLAUSES = ("WHERE", "ORDER", "LIMIT", "OFFSET", "FROM")
_NOT_EMULATED = ("GROUP", "HAVING", "WITH", "FOR", "USING", "ALL", "UPDATE")
_SYMBOLS = ("=", "!=", "<>", "<", "<=", ">", ">=")


def parse(text: str) -> Query:
    """Raises RequestRefusal, MALFORMED_QUERY as a rule."""
    if len(text) > LONGEST_QUERY:
        raise RequestRefusal("MALFORMED_QUERY", f"SOQL statements are at most {LONGEST_QUERY} characters")
    parser = _Parser(text)
    query = parser.query(inner=False)
    parser.expect_end()
    return query


class _Parser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._place = 0

    # Tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    @property
    def _after_next(self) -> Token:
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._next
        self._place += token.kind != "end"
        return token

    def _unexpected(self, token: Token) -> RequestRefusal:
        if token.is_word(*_NOT_EMULATED):
            return refuse_query(
                self._text, token.at, f"the sandbox does not emulate {token.text.upper()} in SOQL"
            )
        return refuse_query(self._text, token.at, f"unexpected token: '{token.text}'")

    def _takes_word(self, word: str) -> bool:
        if self._next.is_word(word):
            self._place += 1
            return True
        return False

    def _takes_symbol(self, symbol: str) -> bool:
        if self._next.kind == "symbol" and self._next.text == symbol:
            self._place += 1
            return True
        return False

    def _word(self, word: str) -> None:
        if not self._takes_word(word):
            raise self._unexpected(self._next)

    def _symbol(self, symbol: str) -> None:
        if not self._takes_symbol(symbol):
            raise self._unexpected(self._next)

    def expect_end(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected(self._next)

    # Clauses

    def query(self, *, inner: bool) -> Query:
        self._word("SELECT")
        counts, select = self._select()
        self._word("FROM")
        source = self._name()
        if len(source.parts) > 1:
            raise refuse_query(self._text, source.at, f"unexpected token: '{source}'")
        alias = self._alias()
        where = self._condition() if self._takes_word("WHERE") else None
        order = self._order()
        limit = self._whole_number() if self._takes_word("LIMIT") else None
        at = self._next.at
        offset = self._whole_number() if self._takes_word("OFFSET") else 0
        if offset > HIGHEST_OFFSET:
            message = f"Maximum SOQL offset allowed is {HIGHEST_OFFSET}"
            raise refuse_query(self._text, at, message, "NUMBER_OUTSIDE_VALID_RANGE")
        if counts and order:
            raise refuse_query(self._text, at, "ORDER BY is of no use with COUNT()")
        return Query(
            self._text, select, counts, source.parts[0], source.at, alias, where, order, limit, offset
        )

    def _name(self) -> Path:
        token = self._take()
        if token.kind != "name" or token.is_word(*_CLAUSES):
            raise self._unexpected(token)
        return Path(tuple(token.text.split(".")), token.at)

    def _alias(self) -> str | None:
        self._takes_word("AS")
        if self._next.kind != "name" or self._next.is_word(*_CLAUSES, *_NOT_EMULATED):
            return None
        return self._take().text

    def _select(self) -> tuple[bool, tuple[Path | TypeOf | Query, ...]]:
        if self._next.is_word("COUNT") and self._after_next.text == "(":
            self._take()
            self._symbol("(")
            self._symbol(")")
            return True, ()
        columns = [self._selected()]
        while self._takes_symbol(","):
            columns.append(self._selected())
        return False, tuple(columns)

    def _selected(self) -> Path | TypeOf | Query:
        if self._takes_symbol("("):
            child = self.query(inner=True)
            self._symbol(")")
            return child
        if self._takes_word("TYPEOF"):
            return self._type_of()
        path = self._name()
        if self._next.text == "(" and self._next.kind == "symbol":
            raise refuse_query(self._text, path.at, f"the sandbox does not emulate {path}() in SOQL")
        return path

    def _type_of(self) -> TypeOf:
        path = self._name()
        branches = []
        while self._takes_word("WHEN"):
            name = self._name()
            self._word("THEN")
            branches.append((str(name), self._paths()))
        otherwise = self._paths() if self._takes_word("ELSE") else ()
        if not branches:
            raise self._unexpected(self._next)
        self._word("END")
        return TypeOf(path, tuple(branches), otherwise)

    def _paths(self) -> tuple[Path, ...]:
        paths = [self._name()]
        while self._takes_symbol(","):
            paths.append(self._name())
        return tuple(paths)

    def _order(self) -> tuple[Order, ...]:
        if not self._takes_word("ORDER"):
            return ()
        self._word("BY")
        keys = [self._order_key()]
        while self._takes_symbol(","):
            keys.append(self._order_key())
        return tuple(keys)

    def _order_key(self) -> Order:
        path = self._name()
        descending = self._takes_word("DESC")
        if not descending:
            self._takes_word("ASC")
        nulls_last = False
        if self._takes_word("NULLS"):
            nulls_last = self._takes_word("LAST")
            if not nulls_last:
                self._word("FIRST")
        return Order(path, descending, nulls_last)

    def _whole_number(self) -> int:
        token = self._take()
        if token.kind != "number" or not token.text.isdecimal():
            raise self._unexpected(token)
        return int(token.text)

    # Conditions

    def _condition(self) -> Condition:
        """Conditions joined by AND or by OR; mixing them, and NOT beside others, needs parentheses."""
        if self._takes_word("NOT"):
            return Negation(self._term())
        parts = [self._term()]
        joined_by = next((word for word in ("AND", "OR") if self._next.is_word(word)), None)
        while joined_by and self._takes_word(joined_by):
            parts.append(self._term())
        if self._next.is_word("AND", "OR"):
            raise self._unexpected(self._next)
        return Junction(joined_by, tuple(parts)) if joined_by else parts[0]

    def _term(self) -> Condition:
        if self._takes_symbol("("):
            condition = self._condition()
            self._symbol(")")
            return condition
        if self._next.is_word("NOT"):
            raise self._unexpected(self._next)
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = self._name()
        token = self._take()
        if token.kind == "symbol" and token.text in _SYMBOLS:
            return Comparison(path, "!=" if token.text == "<>" else token.text, self._literal())
        if token.is_word("LIKE"):
            return Comparison(path, "LIKE", self._literal())
        if token.is_word("INCLUDES", "EXCLUDES"):
            return Comparison(path, token.text.upper(), self._list())
        if token.is_word("NOT"):
            self._word("IN")
            return Comparison(path, "NOT IN", self._list_or_query())
        if token.is_word("IN"):
            return Comparison(path, "IN", self._list_or_query())
        raise self._unexpected(token)

    def _list_or_query(self) -> tuple[Value, ...] | Query:
        if self._after_next.is_word("SELECT"):
            self._symbol("(")
            inner = self.query(inner=True)
            self._symbol(")")
            return inner
        return self._list()

    def _list(self) -> tuple[Value, ...]:
        self._symbol("(")
        values = [self._literal()]
        while self._takes_symbol(","):
            values.append(self._literal())
        self._symbol(")")
        return tuple(values)

    def _literal(self) -> Value:
        token = self._take()
        if token.kind in ("string", "date", "datetime"):
            return Value(token.kind, token.text, token.at)  # type: ignore[arg-type]  # checked the line above
        if token.kind == "number":
            return Value("number", float(token.text), token.at)
        if token.is_word("TRUE", "FALSE"):
            return Value("boolean", token.text.upper() == "TRUE", token.at)
        if token.is_word("NULL"):
            return Value("null", None, token.at)
        if token.kind in ("range", "name") and "." not in token.text:
            return Value("range", token.text.upper(), token.at)
        raise self._unexpected(token)
