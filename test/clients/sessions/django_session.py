"""Django: migrations, introspection, the ORM with transactions, constraints and PostgreSQL's fields."""

import datetime
import decimal
import io
import os
import sys
import uuid

try:
    import django
except ImportError:
    print("python3-django is not installed")
    sys.exit(77)
from django.apps import AppConfig  # noqa: E402
from django.conf import settings  # noqa: E402


class ShopConfig(AppConfig):
    name = "__main__"
    label = "shop"
    path = os.path.dirname(os.path.abspath(__file__))


settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"], "USER": os.environ["PGUSER"],
        "NAME": os.environ["PGDATABASE"]}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
                    "django.contrib.admin", "django.contrib.messages", "django.contrib.postgres",
                    "__main__.ShopConfig"],
    USE_TZ=True, TIME_ZONE="UTC", SECRET_KEY="test", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()

from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.contrib.postgres.aggregates import ArrayAgg, StringAgg  # noqa: E402
from django.contrib.postgres.fields import ArrayField  # noqa: E402
from django.contrib.postgres.indexes import HashIndex  # noqa: E402
from django.contrib.postgres.search import SearchRank, SearchQuery, SearchVector  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import IntegrityError, connection, models, transaction  # noqa: E402
from django.db.models import Avg, Count, Exists, F, Max, OuterRef, Q, Subquery, Sum, Window  # noqa: E402
from django.db.models.functions import (Coalesce, Concat, ExtractYear, Lower, Rank, RowNumber,  # noqa: E402
                                        TruncMonth)


class Shop(models.Model):
    name = models.CharField(max_length=40, unique=True)
    opened = models.DateField(null=True)

    class Meta:
        app_label = "shop"


class Item(models.Model):
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="items")
    title = models.TextField(db_index=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    stock = models.PositiveIntegerField(default=0)
    weight = models.FloatField(null=True)
    active = models.BooleanField(default=True)
    made = models.DateTimeField(auto_now_add=True)
    keeps = models.DurationField(null=True)
    photo = models.BinaryField(null=True)
    address = models.GenericIPAddressField(null=True)
    data = models.JSONField(default=dict)
    tags = ArrayField(models.CharField(max_length=20), default=list)
    related = models.ManyToManyField("self", symmetrical=False)

    class Meta:
        app_label = "shop"
        ordering = ["id"]
        indexes = [models.Index(fields=["shop", "-price"], name="item_by_price"),
                   models.Index(Lower("title"), name="item_lower"),
                   models.Index(fields=["stock"], name="item_in_stock", condition=Q(stock__gt=0)),
                   HashIndex(fields=["title"], name="item_hash")]
        constraints = [models.CheckConstraint(check=Q(price__gte=0), name="price_not_negative"),
                       models.UniqueConstraint(fields=["shop", "title"], name="one_title_a_shop")]


def migrations():
    """Those of Django's own applications, forward, back, and forward again."""
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("migrate", "auth", "0005", verbosity=0, interactive=False)
    call_command("migrate", verbosity=0)
    assert Permission.objects.count() > 0
    user = User.objects.create_user("ann", "ann@example.org", "secret")
    group = Group.objects.create(name="readers")
    user.groups.add(group)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    assert User.objects.get(username="ann").check_password("secret")
    assert user.has_perm("auth.view_user")
    call_command("check", databases=["default"], tags=["database", "models"], stdout=io.StringIO())


def schema():
    """What migrations do to a table, one operation after another."""
    with connection.schema_editor() as editor:
        editor.create_model(Shop)
        editor.create_model(Item)
    with connection.schema_editor() as editor:
        added = models.CharField(max_length=10, default="none")
        added.set_attributes_from_name("color")
        editor.add_field(Item, added)
        added.model = Item
        wider = models.CharField(max_length=100, null=True, db_index=True)
        wider.set_attributes_from_name("color")
        wider.model = Item
        editor.alter_field(Item, added, wider)
        number = models.IntegerField(null=True)
        number.set_attributes_from_name("colour_number")
        number.model = Item
        editor.alter_field(Item, wider, number)
        editor.remove_field(Item, number)
        index = models.Index(fields=["weight"], name="item_weight")
        editor.add_index(Item, index)
        editor.remove_index(Item, index)
        constraint = models.CheckConstraint(check=Q(stock__lt=100000), name="few")
        editor.add_constraint(Item, constraint)
        editor.remove_constraint(Item, constraint)
        editor.alter_db_table(Shop, "shop_shop", "shop_store")
        editor.alter_db_table(Shop, "shop_store", "shop_shop")


def introspection():
    out = io.StringIO()
    call_command("inspectdb", stdout=out)
    text = out.getvalue()
    for expected in ("class ShopItem(models.Model):", "price = models.DecimalField(max_digits=8, decimal_places=2)",
                     "key = models.UUIDField(unique=True)", "shop = models.ForeignKey('ShopShop', models.DO_NOTHING)",
                     "data = models.JSONField()", "keeps = models.DurationField(blank=True, null=True)",
                     "address = models.GenericIPAddressField(blank=True, null=True)",
                     "unique_together = (('shop', 'title'),)",
                     "photo = models.BinaryField(blank=True, null=True)"):
        assert expected in text, (expected, text)
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "shop_item")
        assert constraints["price_not_negative"]["check"]
        assert constraints["item_by_price"]["orders"] == ["ASC", "DESC"]
        assert constraints["item_hash"]["type"] == "hash"
        assert constraints["one_title_a_shop"]["columns"] == ["shop_id", "title"]
        assert connection.introspection.get_primary_key_column(cursor, "shop_item") == "id"
        assert [s["column"] for s in connection.introspection.get_sequences(cursor, "shop_item")] == ["id"]
        assert connection.introspection.get_relations(cursor, "shop_item") == {
            "shop_id": ("id", "shop_shop")}


def values():
    shop = Shop.objects.create(name="North", opened=datetime.date(2020, 2, 29))
    item = Item.objects.create(
        shop=shop, title="Chair", price=decimal.Decimal("12.50"), stock=3, weight=1.5,
        keeps=datetime.timedelta(days=3, seconds=7), photo=b"\x00\xff", address="10.0.0.1",
        data={"a": [1, {"b": None}], "size": "big", "n": 5}, tags=["wood", "it's"])
    read = Item.objects.get(pk=item.pk)
    for field in ("key", "title", "price", "stock", "weight", "keeps", "address", "data", "tags", "made"):
        assert getattr(read, field) == getattr(item, field), field
    assert bytes(read.photo) == b"\x00\xff"
    more = Item.objects.bulk_create([
        Item(shop=shop, title=f"T{n}", price=n, stock=n % 3, data={"n": n, "deep": {"x": n}},
             tags=[f"t{n}", "all"]) for n in range(1, 21)])
    assert all(m.pk for m in more)
    item.related.add(*more[:3])
    assert item.related.count() == 3
    return shop, item


def queries(shop, item):
    items = Item.objects
    assert items.filter(data__size="big").get() == item
    assert items.filter(data__deep__x__gt=18).count() == 2
    assert items.filter(data__contains={"n": 5}).count() == 2
    assert items.filter(data__has_key="deep").count() == 20
    assert items.filter(data__a__1__b=None).count() == 1
    assert items.filter(tags__contains=["wood"]).count() == 1
    assert items.filter(tags__overlap=["t1", "t2"]).count() == 2
    assert items.filter(tags__len=2).count() == 21
    assert items.filter(tags__0="t7").count() == 1
    assert items.filter(title__icontains="CHA").count() == 1
    assert items.filter(title__iregex=r"^t1\d$").count() == 10
    assert items.filter(address="10.0.0.1").count() == 1
    assert items.filter(keeps__gt=datetime.timedelta(days=2)).count() == 1
    assert items.filter(shop__opened__year=2020, shop__opened__month=2).count() == 21
    assert items.exclude(Q(stock=0) | Q(price__lt=10)).count() == 9
    total = items.aggregate(Sum("price"), Max("stock"), Avg("weight"), n=Count("id", filter=Q(stock=1)))
    assert total == {"price__sum": decimal.Decimal("222.50"), "stock__max": 3, "weight__avg": 1.5,
                     "n": 7}, total
    groups = list(items.values("stock").annotate(n=Count("id"), top=Max("price")).filter(n__gt=1)
                  .order_by("-stock").values_list("stock", "n"))
    assert groups == [(2, 7), (1, 7), (0, 6)], groups
    ranked = items.annotate(place=Window(Rank(), partition_by=F("stock"), order_by=F("price").desc()),
                            row=Window(RowNumber(), order_by=F("id").asc()))
    assert [r.place for r in ranked if r.title == "T20"] == [1]
    dearest = items.filter(shop=OuterRef("pk")).order_by("-price").values("title")[:1]
    assert Shop.objects.annotate(t=Subquery(dearest)).get().t == "T20"
    assert Shop.objects.filter(Exists(items.filter(shop=OuterRef("pk"), stock=2))).count() == 1
    assert items.filter(pk__in=items.filter(stock=2)).count() == 7
    assert items.annotate(year=ExtractYear("made"), month=TruncMonth("made")).first().year > 2000
    assert items.annotate(t=Concat(Lower("title"), Coalesce("shop__name", models.Value("-")),
                                   output_field=models.TextField())).first().t == "chairNorth"
    found = items.aggregate(names=ArrayAgg("title", ordering="-id", filter=Q(stock=2)),
                            text=StringAgg("title", delimiter=",", filter=Q(pk=item.pk),
                                           output_field=models.TextField()))
    assert found["names"][0] == "T20" and found["text"] == "Chair", found
    vector = SearchVector("title", config="english")
    query = SearchQuery("chairs", config="english")
    assert items.annotate(rank=SearchRank(vector, query)).filter(rank__gt=0).get() == item
    assert items.filter(stock=1).union(items.filter(stock=2)).count() == 14
    assert len(items.select_related("shop").prefetch_related("related")) == 21
    assert len(list(items.iterator(chunk_size=4))) == 21
    assert len(items.dates("made", "year")) == 1
    assert items.distinct("stock").order_by("stock", "-price").count() == 4
    assert items.in_bulk([item.pk])[item.pk] == item
    assert "Scan" in items.filter(pk=1).explain()
    assert connection.ops.explain_query_prefix(format="JSON")


def changes(shop, item):
    items = Item.objects
    assert items.filter(stock=0).update(stock=F("stock") + 5, data={"n": 1}) == 6
    some = list(items.filter(title__startswith="T1"))
    for number, one in enumerate(some):
        one.price = number
    items.bulk_update(some, ["price"])
    _, created = items.update_or_create(shop=shop, title="Chair", defaults={"stock": 9})
    assert not created
    Shop.objects.bulk_create([Shop(name="North"), Shop(name="South")], ignore_conflicts=True)
    with transaction.atomic():
        for change in (lambda: Shop.objects.create(name="North"),
                       lambda: items.filter(pk=item.pk).update(price=-1),
                       lambda: items.create(shop=shop, title="Chair")):
            try:
                with transaction.atomic():
                    change()
                raise AssertionError("a constraint did not hold")
            except IntegrityError:
                pass
        locked = items.select_for_update(skip_locked=True, of=("self",)).select_related("shop")
        assert locked.get(pk=item.pk).stock == 9
    try:  # foreign keys are checked at the end
        with transaction.atomic():
            items.filter(pk=item.pk).update(shop_id=999999)
        raise AssertionError("the foreign key did not hold")
    except IntegrityError:
        pass
    try:
        with transaction.atomic():
            Shop.objects.all().delete()
            raise KeyError
    except KeyError:
        pass
    assert Shop.objects.count() == 2
    deleted, _ = shop.delete()
    assert deleted == 25, deleted  # 21 items, 3 relations, 1 shop


def flush():
    call_command("sqlflush", stdout=io.StringIO())
    call_command("flush", verbosity=0, interactive=False)
    assert User.objects.count() == 0
    with connection.schema_editor() as editor:
        editor.delete_model(Item)
        editor.delete_model(Shop)


migrations()
schema()
introspection()
SHOP, ITEM = values()
queries(SHOP, ITEM)
changes(SHOP, ITEM)
flush()
