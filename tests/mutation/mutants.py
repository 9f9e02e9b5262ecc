"""Every small mistake that could stand in a source file, one at a time: the file's tree with exactly one place changed.

Holds the kinds of mistakes; running tests against them is `run`'s affair. Tables, defaults and class bodies are changed
like any other code, because the rules here live in tables. Left alone: docstrings, annotations, decorators.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`place`: the node's number in the walk; `how`: what is done to it."""

    file: str
    line: int
    place: int
    how: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}:{self.place}:{self.how}"


def every(file: str, text: str) -> list[Mutant]:
    """Every mutant of a source text."""
    lines = text.splitlines()
    return [
        Mutant(file, node.lineno, place, how, lines[node.lineno - 1].strip())
        for place, node in enumerate(_code(ast.parse(text)))
        for how in _ways(node)
    ]


def build(mutant: Mutant, text: str) -> ast.Module:
    """The tree with this one mistake in it."""
    tree = ast.parse(text)
    target = next(node for place, node in enumerate(_code(tree)) if place == mutant.place)
    changed = _change(copy.deepcopy(target), mutant.how)
    _Swap(target, changed).visit(tree)
    return ast.fix_missing_locations(tree)


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, ast.copy_location(new, old)

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)


def _code(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """The nodes that do something, in a fixed order."""
    if isinstance(node, ast.expr | ast.stmt):
        yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_comment", "ctx"):
            continue
        children = value if isinstance(value, list) else [value]
        for n, child in enumerate(children):
            if isinstance(child, ast.AST) and not _is_docstring(node, name, n, child) and not _is_type(child):
                yield from _code(child)


def _is_docstring(parent: ast.AST, name: str, n: int, child: ast.AST) -> bool:
    holds = isinstance(parent, ast.Module | ast.ClassDef | ast.FunctionDef) and name == "body"
    return holds and n == 0 and isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)


def _is_type(child: ast.AST) -> bool:
    """An alias of a type is an annotation with a name: `Kind = Literal[…]`."""
    value = child.value if isinstance(child, ast.Assign) else None
    named = value.value.id if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) else ""
    return named in ("Literal", "Callable", "tuple", "dict")


def _ways(node: ast.expr | ast.stmt) -> Iterator[str]:
    match node:
        case ast.Compare():
            yield from (f"compare {n}" for n, op in enumerate(node.ops) if type(op) in COMPARISONS)
        case ast.BoolOp():
            yield "and-or"
            yield from (f"drop operand {n}" for n in range(len(node.values)))
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "drop sign"
        case ast.BinOp() | ast.AugAssign() if type(node.op) in ARITHMETIC:
            yield "arithmetic"
        case ast.Constant(value=bool()):
            yield "flip"
        case ast.Constant(value=int() | float()):
            yield "plus 1"
            yield "minus 1"
        case ast.Constant(value=str()):
            yield "text"
        case ast.Constant(value=None):
            yield "not none"
        case ast.IfExp():
            yield "negate"
    yield from _statement_ways(node)


def _statement_ways(node: ast.expr | ast.stmt) -> Iterator[str]:
    match node:
        case ast.If() | ast.While():
            yield "negate"
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "return none"
        case ast.Expr() | ast.Raise() | ast.Assign() | ast.Continue() | ast.Break():
            yield "delete"
    if isinstance(node, ast.AugAssign):
        yield "delete"


def _change(node: ast.expr | ast.stmt, how: str) -> ast.AST:
    kind, _, number = how.rpartition(" ")
    if how == "delete":
        return ast.Pass()
    if how == "return none":
        return ast.Return(ast.Constant(None))
    if how == "arithmetic" and isinstance(node, ast.BinOp | ast.AugAssign):
        node.op = ARITHMETIC[type(node.op)]()
    elif kind == "compare" and isinstance(node, ast.Compare):
        node.ops[int(number)] = COMPARISONS[type(node.ops[int(number)])]()
    elif how == "negate" and isinstance(node, ast.If | ast.While | ast.IfExp):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.BoolOp):
        return _bool(node, how, number)
    elif how == "drop sign" and isinstance(node, ast.UnaryOp):
        return node.operand
    elif isinstance(node, ast.Constant):
        return _constant(node, how)
    return node


def _bool(node: ast.BoolOp, how: str, number: str) -> ast.AST:
    if how == "and-or":
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return node
    del node.values[int(number)]
    return node if len(node.values) > 1 else node.values[0]


def _constant(node: ast.Constant, how: str) -> ast.AST:
    value = node.value
    if how == "flip":
        return ast.Constant(not value)
    if how == "text":
        return ast.Constant(f"XX{value}XX")
    if how == "not none":
        return ast.Constant("XX")
    assert isinstance(value, int | float)
    return ast.Constant(value + (1 if how == "plus 1" else -1))
