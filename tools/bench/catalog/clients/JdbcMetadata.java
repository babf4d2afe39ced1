import java.sql.*;
import java.util.*;

/** pgjdbc's DatabaseMetaData: what tools that show schemas ask for. */
public class JdbcMetadata {
  interface Question {
    ResultSet ask(DatabaseMetaData metadata) throws SQLException;
  }

  static void timed(DatabaseMetaData metadata, String name, Question question)
      throws SQLException {
    double[] seconds = new double[5];
    for (int i = 0; i < seconds.length; ++i) {
      long started = System.nanoTime();
      int rows = 0;
      try (ResultSet result = question.ask(metadata)) {
        while (result.next()) ++rows;
      }
      seconds[i] = (System.nanoTime() - started) / 1e9;
    }
    Arrays.sort(seconds);
    System.out.println("pgjdbc " + name + "\t" + seconds[seconds.length / 2]);
  }

  public static void main(String[] args) throws Exception {
    try {
      Class.forName("org.postgresql.Driver");
    } catch (ClassNotFoundException missing) {
      System.out.println("libpostgresql-jdbc-java is not installed");
      System.exit(77);
    }
    String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT")
        + "/" + System.getenv("PGDATABASE");
    try (Connection connection = DriverManager.getConnection(url, "postgres", "")) {
      DatabaseMetaData metadata = connection.getMetaData();
      timed(metadata, "getTables of all", m -> m.getTables(null, null, "%", null));
      timed(metadata, "getTables of one", m -> m.getTables(null, "public", "t00500", null));
      timed(metadata, "getColumns of all", m -> m.getColumns(null, null, "%", "%"));
      timed(metadata, "getColumns of one", m -> m.getColumns(null, "public", "t00500", "%"));
      timed(metadata, "getIndexInfo", m -> m.getIndexInfo(null, "public", "t00500", false, true));
      timed(metadata, "getPrimaryKeys", m -> m.getPrimaryKeys(null, "public", "t00500"));
      timed(metadata, "getImportedKeys", m -> m.getImportedKeys(null, "public", "t00500"));
      timed(metadata, "getExportedKeys", m -> m.getExportedKeys(null, "public", "t00500"));
      timed(metadata, "getImportedKeys of all", m -> m.getImportedKeys(null, "public", null));
      timed(metadata, "getFunctions", m -> m.getFunctions(null, null, "f%"));
      timed(metadata, "getTypeInfo", m -> m.getTypeInfo());
      timed(metadata, "getSchemas", m -> m.getSchemas());
      timed(metadata, "getUDTs", m -> m.getUDTs(null, null, "%", null));
      timed(metadata, "getColumnPrivileges",
          m -> m.getColumnPrivileges(null, "public", "t00500", "%"));
    }
  }
}
