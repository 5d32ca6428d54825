"""No query of tenants' rows forgets whose it wants: what the guard finds at run time, found by reading."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import pytest

from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet, models_of_tenants
from tests.architecture import tree

_MODELS: Final = {model.__name__ for model in models_of_tenants()}
_TABLES: Final = sorted(model._meta.db_table for model in models_of_tenants())
#: Words that say whose rows are meant, or that make rows, which carry their tenant. SQL is read by itself.
_SAYS_WHOSE: Final = frozenset({"for_tenant", "of_tenants", "across_tenants", "create", "bulk_create", "raw"})
_CONDITIONS: Final = frozenset({"tenant", "tenant_id", "tenant__in", "tenant_id__in"})
#: Managers that are not guarded: Django's own way to rows that are known.
_UNGUARDED: Final = frozenset({"_base_manager", "_default_manager"})
#: A statement about a table of tenants, or about a table that only run time knows.
_STATEMENT: Final = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:{'|'.join(_TABLES)}|\{{)(?:\W|$)")
#: Functions that write SQL without a tenant, and why they may.
_WITHOUT_TENANT: Final = {
    "regards_processing/kernel/db/key_pairs.py": "by keys that its callers know the tenants of",
    "regards_processing/kernel/db/rows.py": "by primary keys, which its callers have read before",
}


@cache
def _words_of_querysets() -> frozenset[str]:
    """Name the methods of querysets of ours whose own body says whose rows are meant."""
    return frozenset(
        function.name
        for path in tree.modules(*tree.PRODUCT)
        for owner in ast.walk(tree.syntax(path))
        if isinstance(owner, ast.ClassDef) and "TenantScopedQuerySet" in ast.unparse(owner)
        for function in owner.body
        if isinstance(function, ast.FunctionDef)
        and any(
            word in ast.unparse(function) for word in (".for_tenant(", ".of_tenants(", ".across_tenants(")
        )
    )


def _unscoped_uses(syntax: ast.Module) -> Iterator[ast.expr]:
    """Yield the managers from which a query of tenants' rows starts that does not say whose."""
    parents = {child: node for node in ast.walk(syntax) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(syntax):
        if isinstance(node, ast.Attribute) and _is_manager(node):
            words, conditions = _chain(node, parents)
            if not (words & (_SAYS_WHOSE | _words_of_querysets()) or conditions & _CONDITIONS):
                yield node


def _is_manager(node: ast.Attribute) -> bool:
    return node.attr == "objects" and isinstance(node.value, ast.Name) and node.value.id in _MODELS


def _chain(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> tuple[set[str], set[str]]:
    """Return what is called on a manager, one after the other, and the names of its conditions."""
    words, conditions = set[str](), set[str]()
    while isinstance(outer := parents.get(node), ast.Attribute | ast.Call) and node not in _arguments(outer):
        if isinstance(outer, ast.Attribute):
            words.add(outer.attr)
        else:
            conditions.update(keyword.arg or "" for keyword in outer.keywords)
        node = outer
    return words, conditions


def _arguments(node: ast.Attribute | ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []


def _statements_without_tenant(syntax: ast.Module) -> Iterator[ast.expr]:
    """Yield the SQL about rows of tenants that does not name the column."""
    pieces = {part for node in ast.walk(syntax) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(syntax):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in pieces:
            text = _text(node)
            if _STATEMENT.search(text) and "tenant_id" not in text:
                yield node


def _text(node: ast.expr) -> str:
    """Return a text literal, with {} for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _found(search: Callable[[ast.Module], Iterator[ast.expr]]) -> list[str]:
    """Return every place of the product that a search finds, but those that may be there."""
    return [
        f"{tree.place(path, node)} {ast.unparse(node):.80}"
        for path in tree.modules(*tree.PRODUCT)
        if str(path.relative_to(tree.ROOT)) not in _WITHOUT_TENANT
        for node in search(tree.syntax(path))
    ]


def test_it_knows_the_models_of_tenants() -> None:
    assert {"Request", "FinishedRequest", "WorkerType", "Workflow", "TenantSetting", "Job"} <= _MODELS


@pytest.mark.parametrize("model", models_of_tenants(), ids=lambda model: model.__name__)
def test_it_guards_the_manager_of_every_model_with_a_tenant(model: type) -> None:
    managers = {manager.name: manager.get_queryset() for manager in model._meta.managers}  # type: ignore[attr-defined] # a model
    assert "objects" in managers
    assert [name for name, found in managers.items() if not isinstance(found, TenantScopedQuerySet)] == []


def test_it_says_whose_rows_are_meant_in_every_query() -> None:
    assert _found(_unscoped_uses) == []


def test_it_uses_no_manager_that_is_not_guarded() -> None:
    found = [
        tree.place(path, node)
        for path in tree.modules(*tree.PRODUCT)
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.Attribute) and node.attr in _UNGUARDED
    ]
    assert found == []


def test_it_names_the_tenant_in_every_statement() -> None:
    assert _found(_statements_without_tenant) == []


@pytest.mark.parametrize(
    ("code", "complaints"),
    [
        ("Request.objects.filter(status=1)", 1),
        ("Request.objects.count()", 1),
        ("print(Request.objects, tenant=1)", 1),
        ("Request.objects.filter(status=1).for_tenant(t)", 0),
        ("Request.objects.get(tenant=t, pk=1)", 0),
        ("Request.objects.across_tenants(because='all').count()", 0),
        ("Request.objects.bulk_create(rows)", 0),
        ("Tenant.objects.count()", 0),
    ],
)
def test_it_would_find_a_query_that_forgets(code: str, complaints: int) -> None:
    assert len(list(_unscoped_uses(ast.parse(code)))) == complaints


@pytest.mark.parametrize(
    ("code", "complaints"),
    [
        ("sql = 'SELECT 1 FROM workermanager_request'", 1),
        ("sql = f'SELECT {columns} FROM workermanager_request WHERE id = %s'", 1),
        ("sql = f'DELETE FROM {table}'", 1),
        ("sql = f'SELECT 1 FROM workermanager_request WHERE tenant_id {tenants}'", 0),
        ("sql = 'SELECT 1 FROM workermanager_worker_instance'", 0),
    ],
)
def test_it_would_find_a_statement_that_forgets(code: str, complaints: int) -> None:
    assert len(list(_statements_without_tenant(ast.parse(code)))) == complaints
