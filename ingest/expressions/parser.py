"""Parse the text of a SQL scalar expression into a tree; precedence as in PostgreSQL."""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.types import parse_type
from ingest.expressions import refusals, typenames
from ingest.expressions.cursor import Cursor
from ingest.expressions.intervals import parse_interval
from ingest.expressions.nodes import (
    Call,
    Case,
    CastNode,
    ColumnNode,
    Constant,
    Field,
    Literal,
    Node,
)
from ingest.expressions.tokens import Token, at

# how tightly an operator binds: OR, AND, NOT, IS, comparison, LIKE and IN, ||, +, *, AT, sign, ::
_OR, _AND, _NOT, _IS, _COMPARE, _MATCH, _JOIN, _ADD, _MULTIPLY, _AT, _SIGN, _CAST = range(1, 13)
_BINARY = {
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), _COMPARE),
    **dict.fromkeys(("~", "~*", "!~", "!~*"), _MATCH),
    "||": _JOIN,
    **dict.fromkeys(("+", "-"), _ADD),
    **dict.fromkeys(("*", "/", "//", "%"), _MULTIPLY),
    **dict.fromkeys(("::", "[", "."), _CAST),
}
_SPELLINGS = {"==": "=", "!=": "<>"}
_WORDS = {
    "or": _OR,
    "and": _AND,
    "is": _IS,
    "isnull": _IS,
    "notnull": _IS,
    **dict.fromkeys(("not", "in", "between", "like", "ilike"), _MATCH),
    "at": _AT,
}
_RESERVED = frozenset(
    "and as asc between by case cast desc distinct else end exists from group having ilike in "  # noqa: SIM905 - words
    "is like limit not offset or order over select then union when where".split()
)
_TYPED: dict[str, Callable[[str], Constant]] = {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


def parse_tree(text: str) -> Node:
    """Parse a whole expression.

    Raises:
        ConfigError: it is no SQL expression, or one that cannot be computed from a row alone.
    """
    if not text.strip():
        raise ConfigError("the expression is empty. Write a SQL expression over the columns.")
    parser = _Parser(text)
    try:
        node = parser.expression()
    except RecursionError:
        raise ConfigError(
            "the expression is nested too deeply. Split it into several columns with type: derive."
        ) from None
    if parser.now.kind != "end":
        refusals.refuse_after(parser.now)
        raise parser.unexpected("the end or an operator")
    return node


class _Parser(Cursor):
    """One pass over the tokens, by precedence climbing."""

    def expression(self, weakest: int = 0) -> Node:
        left = self.prefix()
        while (strength := self.strength()) > weakest:
            left = self.infix(left, strength)
        return left

    def strength(self) -> int:
        """Return how tightly the operator that comes next binds; 0 if none comes."""
        token = self.now
        if token.kind == "operator":
            return _BINARY.get(_SPELLINGS.get(token.value, token.value), 0)
        if token.is_word("not"):
            return _MATCH if self.following.is_word("in", "between", "like", "ilike") else 0
        return _WORDS.get(token.value.lower(), 0) if token.kind == "word" else 0

    def prefix(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return Literal(token.place, _number(token.value))
        if token.kind == "text":
            return Literal(token.place, token.value)
        if token.kind == "name":
            return ColumnNode(token.place, token.value, quoted=True)
        if token.kind == "word":
            return self.named(token)
        if token.kind == "operator":
            if token.value == "(":
                return self.group()
            if token.value in "+-":
                return _signed(token, self.expression(_SIGN))
        self.index -= 1
        raise self.unexpected("a column, a value or a function")

    def group(self) -> Node:
        refusals.refuse_subquery(self.now)
        node = self.expression()
        self.need(")")
        return node

    def named(self, token: Token) -> Node:
        word, place = token.value.lower(), token.place
        if word in {"true", "false", "null"}:
            return Literal(place, {"true": True, "false": False}.get(word))
        if word == "not":
            return Call(place, "not", (self.expression(_NOT),))
        if word == "case":
            return self.case(place)
        if self.now.kind == "text" and word in {*_TYPED, "interval"}:
            return Literal(place, self.typed(word))
        if self.symbol("("):
            return self.call(word, place)
        refusals.refuse_subquery(token)
        if word in _RESERVED:
            self.index -= 1
            raise self.unexpected("a column, a value or a function")
        return ColumnNode(place, token.value)

    def typed(self, word: str) -> Constant:
        """Return the value of DATE '...', TIMESTAMP '...', TIME '...' or INTERVAL '...'."""
        token = self.take()
        try:
            if word == "interval":
                unit = (
                    self.take().value if self.now.kind == "word" and token.value.isdigit() else ""
                )
                return parse_interval(f"{token.value} {unit}")
            return _TYPED[word](token.value)
        except ValueError as error:
            where = at(token.place, self.text)
            raise ConfigError(f'{where}: "{token.value}" is not a {word}: {error}.') from None

    def case(self, place: int) -> Node:
        subject = None if self.now.is_word("when") else self.expression()
        branches = []
        while self.word("when"):
            condition = self.expression()
            if subject:
                condition = Call(condition.place, "=", (subject, condition))
            self.need("THEN")
            branches.append((condition, self.expression()))
        if not branches:
            raise self.unexpected('"WHEN"')
        otherwise = self.expression() if self.word("else") else Literal(place, None)
        self.need("END")
        return Case(place, tuple(branches), otherwise)

    def call(self, name: str, place: int) -> Node:
        refusals.refuse_call(name)
        if name in {"cast", "try_cast"}:
            operand = self.expression()
            self.need("AS")
            node: Node = CastNode(place, operand, self.type(), lenient=name == "try_cast")
        elif name == "extract" and self.following.is_word("from"):
            unit = Literal(place, self.take().value.lower())
            self.need("FROM")
            node = Call(place, "date_part", (unit, self.expression()))
        else:
            node = Call(place, name, self.arguments(name))
        self.need(")")
        refusals.refuse_over(self.now)
        if isinstance(node, Call) and name == "if" and len(node.arguments) == 3:
            condition, result, otherwise = node.arguments
            return Case(place, ((condition, result),), otherwise)
        return node

    def arguments(self, name: str) -> tuple[Node, ...]:
        """Return the arguments, also of SUBSTRING(s FROM 2 FOR 3) and POSITION(x IN s)."""
        if self.now.value == ")" and self.now.kind == "operator":
            return ()
        refusals.refuse_subquery(self.now)
        if name == "position":
            part = self.expression(_MATCH)
            if self.word("in"):
                return self.expression(), part
            self.need(",")
            return part, self.expression()
        separators = {"substring": ("from", "for")}.get(name, ())
        found = [self.expression()]
        while self.symbol(",") or self.word(*separators):
            found.append(self.expression())
        return tuple(found)

    def type(self) -> pl.DataType:
        start, parts = self.now.place, [self.take().value]
        while self.now.kind == "word" and typenames.continues(parts, self.now.value):
            parts.append(self.take().value)
        name = " ".join(parts)
        if self.symbol("("):
            inner = ""
            while self.now.kind != "end" and self.now.value != ")":
                inner += self.take().value
            self.need(")")
            name = f"{name}({inner})"
        try:
            return parse_type(name)
        except ValueError as error:
            raise ConfigError(f"{at(start, self.text)}: {error}.") from None

    def infix(self, left: Node, strength: int) -> Node:
        token = self.take()
        if token.kind == "word":
            return self.worded(left, token)
        if token.value == "::":
            return CastNode(token.place, left, self.type(), lenient=False)
        if token.value == ".":
            name = self.take()
            if name.kind not in {"word", "name"}:
                self.index -= 1
                raise self.unexpected("the name of a field")
            return Field(token.place, left, name.value)
        if token.value == "[":
            index = self.expression()
            self.need("]")
            if isinstance(index, Literal) and isinstance(index.value, str):
                return Field(token.place, left, index.value)
            return Call(token.place, "list_extract", (left, index))
        name_ = _SPELLINGS.get(token.value, token.value)
        return Call(token.place, name_, (left, self.expression(strength)))

    def worded(self, left: Node, token: Token) -> Node:
        """Parse what follows AND, OR, IS, IN, BETWEEN, LIKE or AT."""
        word, place = token.value.lower(), token.place
        if word in {"and", "or"}:
            return Call(place, word, (left, self.expression(_WORDS[word])))
        if word in {"isnull", "notnull"}:
            return _negated(Call(place, "is null", (left,)), negate=word == "notnull")
        if word == "is":
            return self.is_(left, place)
        if word == "at":
            self.need("TIME")
            self.need("ZONE")
            return Call(place, "at time zone", (left, self.expression(_AT)))
        negate = word == "not"
        if negate:
            word = self.take().value.lower()
        return _negated(self.membership(left, word, place), negate=negate)

    def membership(self, left: Node, word: str, place: int) -> Node:
        if word == "between":
            low = self.expression(_MATCH)
            self.need("AND")
            high = self.expression(_MATCH)
            bounds = (Call(place, ">=", (left, low)), Call(place, "<=", (left, high)))
            return Call(place, "and", bounds)
        if word == "in":
            self.need("(")
            items = self.arguments("in")
            if not items:
                raise self.unexpected("a value")
            self.need(")")
            return Call(place, "in", (left, *items))
        pattern = self.expression(_MATCH)
        escape = (self.expression(_MATCH),) if self.word("escape") else ()
        return Call(place, word, (left, pattern, *escape))

    def is_(self, left: Node, place: int) -> Node:
        negate = self.word("not")
        if self.word("distinct"):
            self.need("FROM")
            other = self.expression(_IS)
            return _negated(Call(place, "is not distinct", (left, other)), negate=not negate)
        if not self.now.is_word("null", "true", "false", "unknown"):
            raise self.unexpected("NULL, TRUE, FALSE or DISTINCT FROM")
        word = {"unknown": "null"}.get(self.now.value.lower(), self.now.value.lower())
        self.take()
        return _negated(Call(place, f"is {word}", (left,)), negate=negate)


def _negated(node: Node, *, negate: bool) -> Node:
    return Call(node.place, "not", (node,)) if negate else node


def _number(text: str) -> int | float | Decimal:
    if text.isdigit():
        return int(text)
    return float(text) if "e" in text.lower() else Decimal(text)


def _signed(sign: Token, operand: Node) -> Node:
    if sign.value == "+":
        return operand
    value = operand.value if isinstance(operand, Literal) else None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Literal(sign.place, -value)
    return Call(sign.place, "negate", (operand,))
