"""Django: inspectdb of 100 tables, and of the list of all."""

import io
import os
import sys
import time

try:
    import django
except ImportError:
    print("python3-django is not installed")
    sys.exit(77)
from django.conf import settings

settings.configure(DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"],
    "PORT": os.environ["PGPORT"], "USER": os.environ["PGUSER"], "NAME": os.environ["PGDATABASE"]}})
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402


def timed(name, action):
    action()
    started = time.monotonic()
    action()
    print(f"{name}\t{time.monotonic() - started}")


def table_list():
    with connection.cursor() as cursor:
        connection.introspection.get_table_list(cursor)


timed("Django, list of tables", table_list)
timed("Django, inspectdb of 100 tables",
      lambda: call_command("inspectdb", *[f"t{i:05}" for i in range(100)], stdout=io.StringIO()))
