<?php
// PHP: PDO with prepared statements of both kinds, transactions, large values; and its pg_ functions.
if (!extension_loaded("pdo_pgsql")) {
    echo "php-pgsql is not installed";
    exit(77);
}

function same($expected, $seen) {
    if ($expected !== $seen) {
        throw new Exception("expected " . var_export($expected, true) . ", got " . var_export($seen, true));
    }
}

$source = sprintf("pgsql:host=%s;port=%s;dbname=%s", getenv("PGHOST"), getenv("PGPORT"), getenv("PGDATABASE"));
$db = new PDO($source, getenv("PGUSER"), "", [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
same("15", substr($db->getAttribute(PDO::ATTR_SERVER_VERSION), 0, 2));
$db->exec("create table t(id serial primary key, name varchar(30) unique, n int, r float8, ok bool, "
    . "photo bytea, price numeric(8,2), doc jsonb)");
$insert = $db->prepare("insert into t(name, n, r, ok, photo, price, doc) values (:name, :n, :r, :ok, :photo, :price, :doc)");
for ($i = 1; $i <= 8; ++$i) {
    $insert->bindValue("name", "it's $i");
    $insert->bindValue("n", $i % 2 ? $i : null, $i % 2 ? PDO::PARAM_INT : PDO::PARAM_NULL);
    $insert->bindValue("r", 1.5);
    $insert->bindValue("ok", $i % 2 == 0, PDO::PARAM_BOOL);
    $insert->bindValue("photo", "\0\xff", PDO::PARAM_LOB);
    $insert->bindValue("price", "10.25");
    $insert->bindValue("doc", json_encode(["i" => $i]));
    $insert->execute();
}
same("8", $db->lastInsertId());
same("8", $db->lastInsertId("t_id_seq"));
$select = $db->prepare("select * from t where id = ?");
$select->execute([1]);
$row = $select->fetch(PDO::FETCH_ASSOC);
same([1, "it's 1", 1, false, "10.25", '{"i": 1}'],
    [$row["id"], $row["name"], $row["n"], $row["ok"], $row["price"], $row["doc"]]);
same("\0\xff", stream_get_contents($row["photo"]));
$meta = $select->getColumnMeta(1);
same(["name", "varchar", "t"], [$meta["name"], $meta["native_type"], $meta["table"]]);
same(4, $db->query("select count(*) from t where n is null")->fetchColumn());
same(4, $db->exec("update t set price = price + 1 where ok"));
try {
    $db->beginTransaction();
    $db->exec("insert into t(name) values ('new')");
    $db->exec("insert into t(name) values ('it''s 1')");
    throw new Exception("a duplicate passed");
} catch (PDOException $error) {
    same("23505", $error->getCode());
    same(true, $db->inTransaction());
    $db->rollBack();
}
same(8, $db->query("select count(*) from t")->fetchColumn());
$db->setAttribute(PDO::ATTR_EMULATE_PREPARES, true);
$emulated = $db->prepare("select name from t where name = ? and n = ?");
$emulated->execute(["it's 3", 3]);
same([["name" => "it's 3"]], $emulated->fetchAll(PDO::FETCH_ASSOC));
$db->setAttribute(PDO::ATTR_EMULATE_PREPARES, false);
$db->beginTransaction();
$scroll = $db->prepare("select id from t order by id", [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
$scroll->execute();
same(8, $scroll->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST)[0]);
same(7, $scroll->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR)[0]);
same(3, $scroll->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 3)[0]);
$scroll = null;
$db->commit();
same(true, $db->pgsqlCopyFromArray("t", ["20\tcopied", "21\t\\N"], "\t", "\\\\N", "id, name"));
same(["20\tcopied\n", "21\t\\N\n"], $db->pgsqlCopyToArray("t", "\t", "\\\\N", "id, name")
    ? array_slice($db->pgsqlCopyToArray("t", "\t", "\\\\N", "id, name"), -2) : null);
$db->exec("listen news");
$db->exec("notify news, 'hello'");
same("hello", $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 5000)["payload"]);

$pg = pg_connect("");
same(true, pg_send_query($pg, "select 1 as a; select 2 as a"));
same(["1"], pg_fetch_all_columns(pg_get_result($pg)));
same(["2"], pg_fetch_all_columns(pg_get_result($pg)));
same(false, pg_get_result($pg));
$result = pg_query_params($pg, 'select name, n from t where id = $1', [1]);
same(["name" => "it's 1", "n" => "1"], pg_fetch_assoc($result));
same(["varchar", "int4"], [pg_field_type($result, 0), pg_field_type($result, 1)]);
same("t", pg_field_table($result, 0));
pg_prepare($pg, "by_n", 'select id from t where n > $1 order by id');
same(["5", "7"], pg_fetch_all_columns(pg_execute($pg, "by_n", [3])));
$columns = pg_meta_data($pg, "t");
same(["int4", true, true], [$columns["id"]["type"], $columns["id"]["not null"], $columns["id"]["has default"]]);
same(true, (bool) pg_insert($pg, "t", ["name" => "by array", "n" => 5]));
same("5", pg_select($pg, "t", ["name" => "by array"])[0]["n"]);
same(true, pg_update($pg, "t", ["n" => 6], ["name" => "by array"]));
same(true, pg_delete($pg, "t", ["n" => 6]));
