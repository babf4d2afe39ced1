import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** pgjdbc: metadata, prepared statements of both formats, cursors, batches, keys, notifications. */
public class JdbcSession {
  static void check(boolean holds, Object seen) {
    if (!holds) throw new AssertionError(String.valueOf(seen));
  }

  static void same(Object expected, Object seen) {
    check(Objects.equals(expected, seen), "expected " + expected + ", got " + seen);
  }

  /** Some columns of every row, as "a,b;c,d". */
  static String rows(ResultSet set, String... columns) throws SQLException {
    StringJoiner lines = new StringJoiner(";");
    try (set) {
      while (set.next()) {
        StringJoiner line = new StringJoiner(",");
        for (String column : columns) line.add(set.getString(column));
        lines.add(line.toString());
      }
    }
    return lines.toString();
  }

  static Connection connect(String... options) throws SQLException {
    Map<String, String> env = System.getenv();
    Properties properties = new Properties();
    properties.setProperty("user", env.get("PGUSER"));
    for (int i = 0; i < options.length; i += 2) properties.setProperty(options[i], options[i + 1]);
    return DriverManager.getConnection("jdbc:postgresql://" + env.get("PGHOST") + ":"
        + env.get("PGPORT") + "/" + env.get("PGDATABASE"), properties);
  }

  static void schema(Connection connection) throws SQLException {
    try (Statement s = connection.createStatement()) {
      s.execute("create table dept(id int primary key, name varchar(20) not null unique)");
      s.execute("create table emp(id bigserial primary key, dept int references dept on delete "
          + "cascade, name text not null, salary numeric(10,2) default 0, born date, seen timestamptz, "
          + "at time, tags text[], doc jsonb, photo bytea, ok boolean, key uuid, ratio float8, "
          + "twice numeric generated always as (salary * 2) stored)");
      s.execute("create index emp_name on emp(name, salary desc)");
      s.execute("comment on table emp is 'people'");
      s.execute("comment on column emp.name is 'family name'");
      s.execute("create view rich as select id, name from emp where salary > 100");
      s.execute("create type mood as enum ('sad', 'happy')");
      s.execute("create domain positive as int check (value > 0)");
      s.execute("create table moods(m mood, p positive, i int generated always as identity)");
    }
  }

  static void metadata(Connection connection) throws SQLException {
    DatabaseMetaData data = connection.getMetaData();
    same("PostgreSQL", data.getDatabaseProductName());
    same(15, data.getDatabaseMajorVersion());
    same("dept,TABLE,null;emp,TABLE,people;moods,TABLE,null;rich,VIEW,null",
        rows(data.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME",
            "TABLE_TYPE", "REMARKS"));
    check(rows(data.getTables(null, "pg_catalog", "pg_cl%", null), "TABLE_NAME").contains("pg_class"),
        "pg_class is missing");
    same("id,-5,bigserial,19,0,NO,YES,null;dept,4,int4,10,0,YES,NO,null;name,12,text,2147483647,0,NO,"
        + "NO,family name;salary,2,numeric,10,2,YES,NO,null;born,91,date,13,0,YES,NO,null;"
        + "seen,93,timestamptz,35,6,YES,NO,null;at,92,time,15,6,YES,NO,null;tags,2003,_text,"
        + "2147483647,0,YES,NO,null;doc,1111,jsonb,2147483647,0,YES,NO,null;photo,-2,bytea,2147483647,"
        + "0,YES,NO,null;ok,-7,bool,1,0,YES,NO,null;key,1111,uuid,2147483647,0,YES,NO,null;"
        + "ratio,8,float8,17,17,YES,NO,null;twice,2,numeric,0,null,YES,NO,null",
        rows(data.getColumns(null, null, "emp", null), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME",
            "COLUMN_SIZE", "DECIMAL_DIGITS", "IS_NULLABLE", "IS_AUTOINCREMENT", "REMARKS"));
    same("m,12,\"public\".\"mood\";p,2001,\"public\".\"positive\";i,4,int4",
        rows(data.getColumns(null, "public", "moods", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME")
            .replace(",mood", ",\"public\".\"mood\"").replace(",positive", ",\"public\".\"positive\""));
    same("id,1,emp_pkey", rows(data.getPrimaryKeys(null, null, "emp"), "COLUMN_NAME", "KEY_SEQ",
        "PK_NAME"));
    String key = "dept,id,emp,dept,1,3,0,emp_dept_fkey,dept_pkey,7";
    String[] columns = {"PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ",
        "UPDATE_RULE", "DELETE_RULE", "FK_NAME", "PK_NAME", "DEFERRABILITY"};
    same(key, rows(data.getImportedKeys(null, null, "emp"), columns));
    same(key, rows(data.getExportedKeys(null, null, "dept"), columns));
    same(key, rows(data.getCrossReference(null, null, "dept", null, null, "emp"), columns));
    same("f,emp_pkey,1,id,A;t,emp_name,1,name,A;t,emp_name,2,salary,D",
        rows(data.getIndexInfo(null, null, "emp", false, false), "NON_UNIQUE", "INDEX_NAME",
            "ORDINAL_POSITION", "COLUMN_NAME", "ASC_OR_DESC"));
    String types = rows(data.getTypeInfo(), "TYPE_NAME");
    for (String type : new String[] {"int4", "jsonb", "mood", "positive", "_text", "timestamptz"}) {
      check(types.contains(type), type);
    }
    check(rows(data.getSchemas(), "TABLE_SCHEM").contains("public"), "schemas");
    check(rows(data.getCatalogs(), "TABLE_CAT").contains(connection.getCatalog()), "catalogs");
    same("returnValue,4,int4;$1,4,int4;$2,4,int4", rows(data.getFunctionColumns(null, "pg_catalog",
        "int4pl", null), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME"));
    same("int4pl", rows(data.getFunctions(null, "pg_catalog", "int4pl"), "FUNCTION_NAME"));
    same("", rows(data.getProcedures(null, "public", "%"), "PROCEDURE_NAME"));
    same("id", rows(data.getBestRowIdentifier(null, null, "emp", 1, true), "COLUMN_NAME"));
    check(rows(data.getTablePrivileges(null, null, "emp"), "PRIVILEGE").contains("SELECT"), "privileges");
    check(rows(data.getColumnPrivileges(null, null, "emp", "name"), "PRIVILEGE").contains("UPDATE"),
        "column privileges");
    check(rows(data.getUDTs(null, null, "%", null), "TYPE_NAME").contains("positive"), "UDTs");
    check(data.getSQLKeywords().contains("ilike"), data.getSQLKeywords());
    check(rows(data.getClientInfoProperties(), "NAME").contains("ApplicationName"), "client info");
    check(data.getMaxColumnNameLength() == 63, data.getMaxColumnNameLength());
  }

  static void values(Connection connection) throws SQLException {
    UUID uuid = UUID.fromString("11111111-2222-3333-4444-555555555555");
    OffsetDateTime seen = OffsetDateTime.parse("2020-02-29T12:34:56.789Z");
    try (Statement s = connection.createStatement()) {
      s.execute("insert into dept values (1, 'one'), (2, 'two')");
    }
    String insert = "insert into emp(dept, name, salary, born, seen, at, tags, doc, photo, ok, key, "
        + "ratio) values (?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?)";
    try (PreparedStatement p = connection.prepareStatement(insert, Statement.RETURN_GENERATED_KEYS)) {
      // Past the fifth execution the statement has a name and its values are binary.
      for (int i = 1; i <= 12; ++i) {
        p.setInt(1, 1 + i % 2);
        p.setString(2, "name " + i);
        p.setBigDecimal(3, new BigDecimal("10.25").multiply(BigDecimal.valueOf(i)));
        p.setObject(4, LocalDate.of(2000, 1, i));
        p.setObject(5, seen);
        p.setObject(6, LocalTime.of(1, 2, 3));
        p.setArray(7, connection.createArrayOf("text", new String[] {"a", null, "c\"d"}));
        p.setString(8, "{\"i\": " + i + "}");
        p.setBytes(9, new byte[] {0, (byte) 255});
        p.setBoolean(10, i % 2 == 0);
        p.setObject(11, uuid);
        p.setDouble(12, 1.5 * i);
        same(1, p.executeUpdate());
        try (ResultSet keys = p.getGeneratedKeys()) {
          check(keys.next(), "no key");
          same((long) i, keys.getLong("id"));
        }
      }
    }
    try (PreparedStatement p = connection.prepareStatement("select * from emp where id = ?")) {
      for (long i = 1; i <= 10; ++i) {
        p.setLong(1, i);
        try (ResultSet r = p.executeQuery()) {
          check(r.next(), "no row");
          same(new BigDecimal("10.25").multiply(BigDecimal.valueOf(i)), r.getBigDecimal("salary"));
          same(LocalDate.of(2000, 1, (int) i), r.getObject("born", LocalDate.class));
          same(seen, r.getObject("seen", OffsetDateTime.class));
          same(LocalTime.of(1, 2, 3), r.getObject("at", LocalTime.class));
          same("[a, null, c\"d]", Arrays.toString((Object[]) r.getArray("tags").getArray()));
          same("{\"i\": " + i + "}", r.getString("doc"));
          same(2, r.getBytes("photo").length);
          same(uuid, r.getObject("key"));
          same(1.5 * i, r.getDouble("ratio"));
          same(i % 2 == 0, r.getBoolean("ok"));
        }
      }
    }
    try (PreparedStatement p = connection.prepareStatement("select name, salary, ? as x from emp")) {
      ResultSetMetaData columns = p.getMetaData();
      same("name", columns.getColumnName(1));
      same("emp", ((org.postgresql.PGResultSetMetaData) columns).getBaseTableName(1));
      same(ResultSetMetaData.columnNoNulls, columns.isNullable(1));
      same(10, columns.getPrecision(2));
      same(1, p.getParameterMetaData().getParameterCount());
    }
    try (CallableStatement call = connection.prepareCall("{ ? = call int4pl(?, ?) }")) {
      call.registerOutParameter(1, Types.INTEGER);
      call.setInt(2, 2);
      call.setInt(3, 3);
      call.execute();
      same(5, call.getInt(1));
    }
    try (PreparedStatement p = connection.prepareStatement(
        "select {fn concat({fn ucase('a')}, 'b')}, {d '2020-01-01'}, {ts '2020-01-01 00:00:00'}")) {
      same("Ab", rows(p.executeQuery(), "?column?"));
    }
  }

  static void batches(Connection connection) throws SQLException {
    try (PreparedStatement p = connection.prepareStatement("insert into dept values (?, ?)")) {
      for (int i = 10; i < 310; ++i) {
        p.setInt(1, i);
        p.setString(2, "d" + i);
        p.addBatch();
      }
      same(300, p.executeBatch().length);
      for (int i : new int[] {400, 10, 401}) {
        p.setInt(1, i);
        p.setString(2, "e" + i);
        p.addBatch();
      }
      try {
        p.executeBatch();
        check(false, "a duplicate passed");
      } catch (BatchUpdateException error) {
        same("23505", error.getNextException().getSQLState());
      }
    }
    try (Connection rewriting = connect("reWriteBatchedInserts", "true");
        PreparedStatement p = rewriting.prepareStatement("insert into dept values (?, ?)",
            new String[] {"id"})) {
      for (int i = 500; i < 700; ++i) {
        p.setInt(1, i);
        p.setString(2, "d" + i);
        p.addBatch();
      }
      p.executeBatch();
    }
    try (Statement s = connection.createStatement()) {
      s.addBatch("update dept set name = name || '!' where id >= 500");
      s.addBatch("delete from dept where id >= 600");
      same("[200, 100]", Arrays.toString(s.executeBatch()));
      check(s.execute("select 1; select 2"), "two results");
      check(s.getMoreResults(), "the second");
    }
  }

  static void transactions(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement s = connection.createStatement()) {
      s.setFetchSize(7);
      int count = 0;
      try (ResultSet r = s.executeQuery("select * from dept order by id")) {
        while (r.next()) ++count;
      }
      same(402, count);
      Savepoint point = connection.setSavepoint("here");
      try {
        s.executeUpdate("insert into dept values (1, 'again')");
        check(false, "a duplicate passed");
      } catch (SQLException error) {
        same("23505", error.getSQLState());
        same("dept_pkey", ((org.postgresql.util.PSQLException) error).getServerErrorMessage()
            .getConstraint());
      }
      connection.rollback(point);
      s.executeUpdate("delete from dept where id = 2");
      connection.rollback();
    }
    for (int level : new int[] {Connection.TRANSACTION_SERIALIZABLE,
        Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_READ_COMMITTED}) {
      connection.setTransactionIsolation(level);
      same(level, connection.getTransactionIsolation());
      connection.commit();
    }
    connection.setAutoCommit(true);
    connection.setReadOnly(true);
    connection.setAutoCommit(false);
    try (Statement s = connection.createStatement()) {
      s.executeUpdate("delete from dept");
      check(false, "wrote in a read-only session");
    } catch (SQLException error) {
      same("25006", error.getSQLState());
    }
    connection.rollback();
    connection.setAutoCommit(true);
    connection.setReadOnly(false);
    try (Statement s = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE,
        ResultSet.CONCUR_UPDATABLE);
        ResultSet r = s.executeQuery("select id, name from dept where id < 3 order by id")) {
      check(r.last() && r.getRow() == 2, "scrolls");
      r.updateString("name", "changed");
      r.updateRow();
      r.moveToInsertRow();
      r.updateInt("id", 3);
      r.updateString("name", "three");
      r.insertRow();
    }
    try (Statement s = connection.createStatement()) {
      same("one,changed,three", rows(s.executeQuery("select name from dept where id < 4 order by id"),
          "name").replace(";", ","));
      s.setQueryTimeout(1);
      try {
        s.execute("select pg_sleep(10)");
        check(false, "was not cancelled");
      } catch (SQLException error) {
        same("57014", error.getSQLState());
      }
    }
    connection.setSchema("pg_catalog");
    same("pg_catalog", connection.getSchema());
    connection.setSchema("public");
    connection.setClientInfo("ApplicationName", "jdbc session");
    check(connection.isValid(5), "valid");
  }

  static void rest(Connection connection) throws Exception {
    PGConnection pg = connection.unwrap(PGConnection.class);
    try (Statement s = connection.createStatement(); Connection other = connect();
        Statement sender = other.createStatement()) {
      s.execute("listen news");
      sender.execute("notify news, 'hello'");
      PGNotification[] got = pg.getNotifications(5000);
      check(got != null && got.length == 1, "no notification");
      same("hello", got[0].getParameter());
    }
    CopyManager copy = pg.getCopyAPI();
    same(2L, copy.copyIn("copy dept from stdin (format csv)",
        new java.io.StringReader("800,\"a,b\"\n801,c\n")));
    java.io.StringWriter out = new java.io.StringWriter();
    same(2L, copy.copyOut("copy (select * from dept where id >= 800 order by 1) to stdout (format csv)",
        out));
    same("800,\"a,b\"\n801,c\n", out.toString());
    for (String mode : new String[] {"simple", "extendedForPrepared", "extendedCacheEverything"}) {
      try (Connection c = connect("preferQueryMode", mode);
          PreparedStatement p = c.prepareStatement("select name from dept where id = ? or name = ?")) {
        for (int i = 0; i < 7; ++i) {
          p.setInt(1, 1);
          p.setString(2, "it's");
          same("one", rows(p.executeQuery(), "name"));
        }
      }
    }
    try (Connection c = connect("autosave", "always", "binaryTransfer", "false")) {
      c.setAutoCommit(false);
      try (Statement s = c.createStatement()) {
        try {
          s.execute("select 1/0");
        } catch (SQLException error) {
          same("22012", error.getSQLState());
        }
        s.execute("select 1");
      }
      c.commit();
    }
  }

  public static void main(String[] arguments) throws Exception {
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    try (Connection connection = connect()) {
      schema(connection);
      metadata(connection);
      values(connection);
      batches(connection);
      transactions(connection);
      rest(connection);
    }
  }
}
