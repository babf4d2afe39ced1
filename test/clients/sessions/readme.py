"""The README's sixty seconds: the block of SQL, pasted into psql, does what the text says."""

import os
import re
import subprocess

root = os.path.dirname(os.path.abspath(__file__))
for _ in range(3):
    root = os.path.dirname(root)
with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
    sql = re.search(r"```sql\n(.*?)```", file.read(), re.S)[1]
done = subprocess.run(["psql", "-X"], input=sql, capture_output=True, text=True, check=False)
errors = re.findall(r"ERROR: .*", done.stderr)
assert len(errors) == 1 and "violates check constraint" in errors[0], done.stderr
assert re.search(r"ann +\| +75\.00 \|", done.stdout), done.stdout
assert "{1,2,4,8,16,32,64,128,256,512}" in done.stdout, done.stdout
assert '"account_owner_key" UNIQUE CONSTRAINT' in done.stdout, done.stdout
