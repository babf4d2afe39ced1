"""Syntax trees of generated queries, only as deep as printing and shrinking need.

A node is a list of strings and nodes. Its kind says what may stand in its place when a failing
query is made smaller:
  expr    an expression of some type: a smaller expression of that type, or NULL
  from    a FROM item: one of the FROM items within
  query   a query: one of the queries it is made of
  clause  something optional: nothing
  list    elements with a separator: the same without one of them (at least `least` stay)
  text    nothing
"""


class Node:
    def __init__(self, kind, parts, type_name=None, separator="", least=1):
        self.kind, self.parts, self.type = kind, parts, type_name
        self.separator, self.least = separator, least

    def sql(self):
        return self.separator.join(p if isinstance(p, str) else p.sql() for p in self.parts)

    def children(self):
        return [p for p in self.parts if isinstance(p, Node)]

    def with_part(self, index, part):
        """What stands in several places (f(x order by x)) is replaced in all of them."""
        parts = [part if p is self.parts[index] else p for p in self.parts]
        return Node(self.kind, parts, self.type, self.separator, self.least)


def expr(type_name, *parts):
    return Node("expr", list(parts), type_name)


def text(*parts):
    return Node("text", list(parts))


def clause(*parts):
    return Node("clause", list(parts))


def listing(elements, separator=", ", least=1):
    return Node("list", list(elements), separator=separator, least=least)


def within(node, kind, type_name=None):
    """Nodes of a kind below `node`, not those below another node of that kind."""
    found = []
    for child in node.children():
        if child.kind == kind and child.type == type_name:
            found.append(child)
        else:
            found += within(child, kind, type_name)
    return found


def replacements(node):
    """Smaller nodes that may stand in the place of `node`, the smallest first."""
    if node.kind == "clause" and node.parts:
        yield clause()
    if node.kind == "expr":
        null = f"null::{node.type}"
        if node.sql() != null:
            yield expr(node.type, null)
        yield from within(node, "expr", node.type)
    if node.kind in ("from", "query"):
        yield from within(node, node.kind)
    if node.kind == "list" and len(node.parts) > node.least:
        for index in range(len(node.parts)):
            yield Node("list", node.parts[:index] + node.parts[index + 1:], node.type,
                       node.separator, node.least)


def smaller(node):
    """Every tree that differs from `node` by one replacement; those near the root first."""
    yield from replacements(node)
    for index, part in enumerate(node.parts):
        if isinstance(part, Node):
            for replaced in smaller(part):
                yield node.with_part(index, replaced)


def shrink(node, fails, attempts=400):
    """The smallest tree found for which `fails` holds, with a bounded number of questions."""
    changed = True
    while changed and attempts > 0:
        changed = False
        for candidate in smaller(node):
            attempts -= 1
            if attempts <= 0:
                break
            if fails(candidate):
                node, changed = candidate, True
                break
    return node
