import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.LookupTableSource;
import org.apache.flink.table.connector.source.lookup.LookupFunctionProvider;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.LookupFunction;

/**
 * The table that q13 looks up in: a value for two of three keys, held in memory by each subtask, as StreamJob holds its file. Flink 2.3 has no connector of files to look up
 * in; with a row that is there already it does no more than such a one would. The same as bench/nexmark-sql/side-input.ts.
 */
public final class SideInput implements DynamicTableSourceFactory {
  static final String DEFINITION = "CREATE TABLE side_input (key BIGINT, `value` STRING) WITH ('connector' = 'side-input')";
  private static final long KEYS = 10_000;

  @Override
  public String factoryIdentifier() {
    return "side-input";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of();
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of();
  }

  @Override
  public DynamicTableSource createDynamicTableSource(Context context) {
    return new Table();
  }

  private record Table() implements LookupTableSource {
    @Override
    public LookupRuntimeProvider getLookupRuntimeProvider(LookupContext context) {
      return LookupFunctionProvider.of(new ByKey());
    }

    @Override
    public DynamicTableSource copy() {
      return this;
    }

    @Override
    public String asSummaryString() {
      return "SideInput";
    }
  }

  public static final class ByKey extends LookupFunction {
    private transient Map<Long, List<RowData>> rows;

    @Override
    public void open(FunctionContext context) {
      rows = new HashMap<>();
      for (long key = 0; key < KEYS; key++) {
        if (key % 3 == 0) continue;
        RowData row = GenericRowData.of(key, StringData.fromString("value " + key));
        rows.put(key, List.of(row));
      }
    }

    @Override
    public Collection<RowData> lookup(RowData keys) {
      return rows.getOrDefault(keys.getLong(0), List.of());
    }
  }
}
