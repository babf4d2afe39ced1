"""Random schemas and queries. Everything follows from the seed.

Queries are made so that their answer is determined up to the order of rows: LIMIT stands behind an
order by every column, and window functions that need one get an order without ties.
"""

import random

import vocabulary as v
from tree import Node, clause, expr, listing, text


class Scope:
    """What expressions may refer to: columns of the FROM items here and of the queries around."""

    def __init__(self, columns=(), unique=None, outer=None):
        self.columns = list(columns)  # of (reference, type)
        self.unique = unique          # references that together tell rows apart, or None
        self.outer = outer

    def of_type(self, type_name):
        return [c for c, t in self.columns if t == type_name]


class Table:
    def __init__(self, name, columns, key):
        self.name, self.columns, self.key = name, columns, key


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tables, self.aliases = [], 0
        self.ctes = []  # of (name, types), of the query that is being made

    def chance(self, p):
        return self.random.random() < p

    def pick(self, things):
        return self.random.choice(things)

    # --- schema -----------------------------------------------------------------------------
    def schema(self):
        """Statements that make and fill the tables, apart from what makes them columnar."""
        statements, changes = [], []
        for number in range(4):
            types = [self.pick(v.TYPES) for _ in range(self.random.randint(4, 8))]
            columns = [("id", "int"), ("k", "int"), ("s", "text")]
            columns += [(f"c{i}", t) for i, t in enumerate(types)]
            table = Table(f"t{number}", columns, "id" if self.chance(0.7) else None)
            self.tables.append(table)
            key = " primary key" if table.key else " not null"
            statements.append(f"create table {table.name} (" + ", ".join(
                f"{n} {t}{key if n == 'id' else ''}" for n, t in columns) + ")")
            count = self.pick([0, 3, 12, 25, 40]) if number else 30
            if count:
                statements.append(f"insert into {table.name} values " + ", ".join(
                    "(" + ", ".join([str(i)] + [self.value(t) for _, t in columns[1:]]) + ")"
                    for i in range(1, count + 1)))
            for name, type_name in columns[1:]:
                if self.chance(0.25) and type_name not in ("jsonb", "int[]"):
                    statements.append(f"create index on {table.name} ({name})")
            changes.append(f"update {table.name} set k = k + 1, s = 'new' where id % 7 = 3")
            changes.append(f"delete from {table.name} where id % 11 = 5")
        return statements, changes

    def value(self, type_name):
        return "null" if self.chance(0.2) else self.pick(v.VALUES[type_name])

    # --- expressions ------------------------------------------------------------------------
    def literal(self, type_name):
        if self.chance(0.08):
            return expr(type_name, f"null::{type_name}")
        return expr(type_name, f"({self.pick(v.VALUES[type_name])})::{type_name}")

    def leaf(self, type_name, scope):
        own = scope.of_type(type_name)
        around = scope.outer.of_type(type_name) if scope.outer else []
        if around and (not own or self.chance(0.3)):
            return expr(type_name, self.pick(around))
        if own and self.chance(0.85):
            return expr(type_name, self.pick(own))
        return self.literal(type_name)

    def argument(self, type_name, scope, depth):
        if type_name == "any":
            type_name = self.pick(v.TYPES)
        elif type_name == "ordered":
            type_name = self.pick(v.MINMAX)
        elif type_name == "pattern":
            return text(self.pick(["'%a%'", "'a%'", "'_b_'", "'%'", "''", "'%\\_%'", "'A%c'"]))
        elif type_name == "bool_as_int":
            return text("(", self.expression("bool", scope, depth), ")::int")
        elif type_name == "jsonb_object":
            return text(self.pick(["jsonb '{\"a\": 1, \"b\": 2}'", "jsonb '{\"b\": [1]}'"]))
        return self.expression(type_name, scope, depth)

    def call(self, result, template, arguments):
        """Fills a template whose {} are arguments in order, or {0} the first one again."""
        parts, rest = [], template.replace("{0}", "\0")
        position = 0
        while rest:
            place = min((rest.find(mark) for mark in ("{}", "\0") if mark in rest), default=-1)
            if place < 0:
                parts.append(rest)
                break
            parts.append(rest[:place])
            if rest[place] == "\0":
                parts.append(arguments[0])
                rest = rest[place + 1:]
            else:
                parts.append(arguments[position])
                position += 1
                rest = rest[place + 2:]
        return expr(result, *parts)

    def expression(self, type_name, scope, depth):
        if depth <= 0 or self.chance(0.2):
            return self.leaf(type_name, scope)
        draw = self.random.random()
        if type_name == "bool" and draw < 0.4:
            return self.comparison(scope, depth - 1)
        if draw < 0.5 and depth > 1:
            return self.subquery_expression(type_name, scope, depth - 1)
        if draw < 0.7:
            return self.generic(type_name, scope, depth - 1)
        fitting = [f for f in v.FUNCTIONS if f[0] == type_name]
        result, template, types = self.pick(fitting)
        return self.call(result, template, [self.argument(t, scope, depth - 1) for t in types])

    def generic(self, type_name, scope, depth):
        template = self.pick(v.GENERIC)
        parts = []
        for piece in template.replace("{bool}", "\0b\0").replace("{}", "\0t\0").split("\0"):
            if piece == "b":
                parts.append(self.expression("bool", scope, depth))
            elif piece == "t":
                parts.append(self.expression(type_name, scope, depth))
            else:
                parts.append(piece)
        return expr(type_name, *parts) if "case" not in template else \
            expr(type_name, "(", *parts, ")")

    def comparison(self, scope, depth):
        type_name = self.pick(v.TYPES)
        present = [t for _, t in scope.columns]
        if present and self.chance(0.7):
            type_name = self.pick(present)
        template = self.pick(v.COMPARISONS)
        count = template.count("{}")
        return self.call("bool", template,
                         [self.expression(type_name, scope, depth) for _ in range(count)])

    def subquery_expression(self, type_name, scope, depth):
        outer = Scope(scope.columns + (scope.outer.columns if scope.outer else []))
        # Conditions of joins may refer to the query around, too.
        inner_from, inner = self.from_item(1, outer if self.chance(0.5) else None)
        inner.outer = outer
        where = self.where(inner, depth)
        if type_name != "bool":
            aggregates = [a for a in v.AGGREGATES if a[0] == type_name]
            if not aggregates:
                return self.leaf(type_name, scope)
            # An aggregate of nothing but outer columns would belong to the query around.
            value = self.aggregate(self.pick(aggregates), Scope(inner.columns), min(depth, 1))
            return expr(type_name, "(", Node("query", ["select ", value, " from ", inner_from,
                                                       where]), ")")
        form = self.random.randrange(4)
        if form == 0:
            return expr("bool", self.pick(["exists (", "not exists ("]),
                        Node("query", ["select 1 from ", inner_from, where]), ")")
        compared = self.pick([t for t in v.TYPES if t not in ("jsonb",)])
        operator = ["", " in (", " not in (", self.pick([" = any (", " < any (", " > all ("])][form]
        return expr("bool", "(", self.expression(compared, scope, depth - 1), operator,
                    Node("query", ["select ", self.expression(compared, inner, min(depth, 1)),
                                   " from ", inner_from, where]), "))")

    # --- FROM -------------------------------------------------------------------------------
    def alias(self):
        self.aliases += 1
        return f"x{self.aliases}"

    def from_item(self, depth, outer):
        if depth > 0 and self.chance(0.55):
            return self.join(depth, outer)
        draw = self.random.random()
        name = self.alias()
        if depth > 0 and draw < 0.2:
            query, types = self.query(depth - 1, None)
            return self.derived(text("(", query, ")"), name, types)
        if self.ctes and self.chance(0.4):
            cte, types = self.pick(self.ctes)
            return self.derived(text(cte), name, types)
        if draw > 0.94:
            node = Node("from", [f"generate_series(1, {self.random.randint(0, 5)}) as {name}(n)"])
            return node, Scope([(f"{name}.n", "int")], [f"{name}.n"], outer)
        if draw > 0.88:
            rows = ", ".join(f"({i}, {self.value('text')}::text, {self.value('date')}::date)"
                             for i in range(1, self.random.randint(2, 5)))
            node = Node("from", [f"(values {rows}) as {name}(a, b, c)"])
            return node, Scope([(f"{name}.a", "int"), (f"{name}.b", "text"), (f"{name}.c", "date")],
                               [f"{name}.a"], outer)
        table = self.pick(self.tables)
        return (Node("from", [f"{table.name} as {name}"]),
                Scope([(f"{name}.{c}", t) for c, t in table.columns], [f"{name}.id"], outer))

    def derived(self, source, name, types):
        names = [f"d{i}" for i in range(len(types))]
        return (Node("from", [source, f" as {name}({', '.join(names)})"]),
                Scope([(f"{name}.{n}", t) for n, t in zip(names, types)]))

    def join(self, depth, outer):
        left, a = self.from_item(depth - 1, outer)
        right, b = self.from_item(depth - 1 if self.chance(0.4) else 0, outer)
        both = Scope(a.columns + b.columns,
                     a.unique + b.unique if a.unique and b.unique else None, outer)
        kind = self.pick(["join", "join", "left join", "right join", "full join", "cross join",
                          "using", "lateral"])
        if kind == "cross join":
            return Node("from", [left, " cross join ", right]), both
        if kind == "using":
            word = self.pick(["join", "left join", "full join"])
            shared = {c.split(".")[1] for c, _ in a.columns} & {c.split(".")[1]
                                                               for c, _ in b.columns} & {"id", "k"}
            if shared and not any(c.split(".")[1] in shared and a.columns.index((c, t)) !=
                                  [x.split(".")[1] for x, _ in a.columns].index(c.split(".")[1])
                                  for c, t in a.columns):
                return Node("from", ["(", left, f" {word} ", right,
                                     f" using ({self.pick(sorted(shared))}))"]), both
            kind = "join"
        if kind == "lateral":
            return self.lateral(left, a)
        on = self.equality(a, b)
        if on is None and kind == "full join":
            kind = "left join"
        if on is None or (kind != "full join" and self.chance(0.3)):
            condition = self.expression("bool", both, 2)
            on = condition if on is None else text(on, " and ", condition)
        return Node("from", ["(", left, f" {kind} ", right, " on ", on, ")"]), both

    def lateral(self, left, a):
        types = [self.pick([t for t in v.TYPES if t != "jsonb"]) for _ in range(2)]
        query = self.dependent(types, Scope(a.columns))
        name = self.alias()
        right, b = self.derived(text("lateral (", query, ")"), name, types)
        word = self.pick(["left join", "join"])
        return (Node("from", ["(", left, f" {word} ", right, " on true)"]),
                Scope(a.columns + b.columns))

    def dependent(self, types, outer):
        """A query that refers to columns of `outer`, in places that unnesting has to cross."""
        inner_from, inner = self.from_item(self.pick([0, 0, 1]), outer)
        inner.outer = outer
        items = [self.expression(t, inner, 1) for t in types]
        where = self.where(inner, 2)
        form = self.random.randrange(8)
        made = ["select ", listing(items, least=2), " from ", inner_from, where]
        if form == 0:
            made[0] = "select distinct "
        elif form == 1:
            made.append(text(" order by 1, 2 limit ", str(self.random.randint(1, 4)),
                             self.pick(["", " offset 1"])))
        elif form == 2:
            made.append(text(" group by ", listing(list(items), least=2)))
        elif form == 3:
            other_from, other = self.from_item(0, outer)
            other.outer = outer
            made += [self.pick([" union ", " union all ", " except ", " intersect all "]),
                     "select ", listing([self.expression(t, other, 1) for t in types], least=2),
                     " from ", other_from, self.where(other, 2)]
        return Node("query", made)

    def equality(self, a, b):
        pairs = [(x, y) for x, t in a.columns for y, u in b.columns
                 if t == u and t not in ("jsonb", "bool")]
        if not pairs:
            return None
        chosen = self.pick([p for p in pairs if p[0].endswith((".id", ".k"))] or pairs) \
            if self.chance(0.6) else self.pick(pairs)
        return text(f"{chosen[0]} = {chosen[1]}")

    # --- queries ----------------------------------------------------------------------------
    def where(self, scope, depth):
        if self.chance(0.35):
            return clause()
        conditions = [self.expression("bool", scope, depth)
                      for _ in range(self.random.randint(1, 2))]
        return clause(" where ", listing(conditions, self.pick([" and ", " and ", " or "])))

    def aggregate(self, row, scope, depth):
        result, template, types = row
        arguments = [self.argument(t, scope, depth) for t in types]
        made = self.call(result, template, arguments)
        if row in v.FILTERED and self.chance(0.2):
            made.parts.append(clause(" filter (where ", self.expression("bool", scope, 1), ")"))
        return made

    def grouped_select(self, scope, from_node, where):
        groups = [self.expression(self.pick([t for _, t in scope.columns] or ["int"]), scope,
                                  self.pick([0, 0, 1, 2])) for _ in range(self.random.randint(1, 3))]
        aggregates = [self.aggregate(self.pick(v.AGGREGATES), scope, self.pick([0, 1, 2]))
                      for _ in range(self.random.randint(1, 3))]
        items, types = groups + aggregates, [e.type for e in groups + aggregates]
        form = self.random.randrange(8)
        own = [column + suffix for column, _ in scope.columns for suffix in " ,)"]
        if not all(any(column in g.sql() + " " for column in own) and "case" not in g.sql()
                   for g in groups):
            # PostgreSQL 15 sorts wrongly by constants of grouping sets; CASE may become one.
            form = 0
        if form < 4:
            by = listing(list(groups))
        elif form == 4:
            by = text("rollup (", listing(list(groups)), ")")
        elif form == 5:
            by = text("cube (", listing(list(groups[:2])), ")", *[p for g in groups[2:]
                                                                 for p in (", ", g)])
        elif form == 6:
            by = text("grouping sets (", listing(
                [text("(", g, ")") for g in groups] + ["()"]), ")")
        else:
            by = text(", ".join(str(i + 1) for i in range(len(groups))))
        having = clause()
        if self.chance(0.3):
            having = clause(" having ", self.comparison_of(self.aggregate(
                self.pick([a for a in v.AGGREGATES if a[0] in ("bigint", "numeric")]), scope, 1)))
        if form in (4, 5, 6) and self.chance(0.5) and len(groups) <= 2:
            items.append(expr("int", "grouping(", listing(list(groups), least=len(groups)), ")"))
            types.append("int")
        return Node("query", ["select ", listing(items), " from ", from_node, where,
                              clause(" group by ", by), having]), types

    def comparison_of(self, value):
        return expr("bool", "(", value, self.pick([" > ", " <= ", " <> "]),
                    self.pick(["0", "1", "2"]), ")")

    def window(self, scope):
        total = scope.unique is not None and self.chance(0.6)
        row = self.pick((v.TOTAL + v.WINDOWED) if total else (v.PEERS + v.WINDOWED))
        call = self.call(row[0], row[1], [self.argument(t, scope, 1) for t in row[2]])
        partition = clause()
        if self.chance(0.6):
            partition = clause("partition by ", self.expression(
                self.pick([t for _, t in scope.columns]), scope, self.pick([0, 0, 1])), " ")
        keys = [text(self.expression(self.pick([t for _, t in scope.columns]), scope,
                                     self.pick([0, 0, 1])),
                     self.pick(["", " desc", " nulls first"])) for _ in range(1)]
        order = text("order by ", listing(keys), "".join(f", {u}" for u in scope.unique)
                     if total else "")
        frame = self.pick(v.FRAMES if total else v.PEER_FRAMES)
        return expr(row[0], call, " over (", partition, order, " ", clause(frame), ")")

    def plain_select(self, scope, from_node, where):
        count = self.random.randint(1, 4)
        items = [self.window(scope) if scope.columns and self.chance(0.15) else
                 self.expression(self.pick(v.TYPES), scope, self.pick([0, 1, 2, 3]))
                 for _ in range(count)]
        distinct = clause("distinct ") if self.chance(0.15) else clause()
        return Node("query", ["select ", distinct, listing(items), " from ", from_node, where]), \
            [i.type for i in items]

    def select(self, depth):
        from_node, scope = self.from_item(depth, None)
        where = self.where(scope, 3)
        if self.chance(0.35):
            return self.grouped_select(scope, from_node, where)
        return self.plain_select(scope, from_node, where)

    def set_operation(self, depth):
        types = [self.pick([t for t in v.TYPES if t != "jsonb"])
                 for _ in range(self.random.randint(1, 3))]
        sides = []
        for _ in range(2):
            from_node, scope = self.from_item(depth, None)
            items = [self.expression(t, scope, self.pick([0, 0, 1])) for t in types]
            sides.append(Node("query", ["select ", listing(items, least=len(items)), " from ",
                                        from_node, self.where(scope, 2)]))
        word = self.pick(["union", "union all", "intersect", "except", "except all",
                          "intersect all"])
        return Node("query", [sides[0], f" {word} ", sides[1]]), types

    def query(self, depth, _outer):
        made, types = self.set_operation(depth) if self.chance(0.15) else self.select(depth)
        if self.chance(0.25):
            order = ", ".join(f"{i + 1}{self.pick(['', ' desc', ' nulls first'])}"
                              for i in range(len(types)))
            made = Node("query", [made, clause(
                f" order by {order} limit {self.random.randint(0, 12)}",
                clause(f" offset {self.random.randint(0, 5)}") if self.chance(0.3) else clause())])
        return made, types

    def statement(self):
        """A whole query. CTEs are made first, so that its FROM items may use them."""
        self.ctes, self.aliases, heads = [], 0, []
        if self.chance(0.2):
            for number in range(self.random.randint(1, 2)):
                made, types = self.query(1, None)
                names = ", ".join(f"d{i}" for i in range(len(types)))
                how = self.pick(["", "", "materialized ", "not materialized "])
                heads.append(text(f"w{number}({names}) as {how}(", made, ")"))
                self.ctes.append((f"w{number}", types))
        made, _ = self.query(self.pick([0, 1, 1, 2, 2, 3]), None)
        if heads:
            return Node("query", [clause("with ", listing(heads), " "), made])
        return made
