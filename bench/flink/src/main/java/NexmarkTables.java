import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.RowType;

/**
 * The tables of the SQL bench as a connector: rows in Flink's own form, so that nothing is converted.
 *
 * <p>NT1: with p subtasks, subtask k gets the events k, k + p, k + 2p, … of a table in this order, as StreamJob's do: DataGeneratorSource gives each a
 * range, which is mapped.
 */
public final class NexmarkTables implements DynamicTableSourceFactory {
  private static final ConfigOption<String> TABLE = ConfigOptions.key("table").stringType().noDefaultValue();
  private static final ConfigOption<Long> COUNT = ConfigOptions.key("count").longType().noDefaultValue();
  private static final ConfigOption<Integer> SUBTASKS = ConfigOptions.key("subtasks").intType().noDefaultValue();

  static String definition(String name, long events, int parallelism) {
    long count = NexmarkEvents.count(name, events);
    return String.format(
        "CREATE TABLE %s (%s, WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND)"
            + " WITH ('connector' = 'nexmark', 'table' = '%s', 'count' = '%d', 'subtasks' = '%d')",
        name, NexmarkEvents.columns(name), name, count, parallelism);
  }

  @Override
  public String factoryIdentifier() {
    return "nexmark";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of(TABLE, COUNT, SUBTASKS);
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of();
  }

  @Override
  public DynamicTableSource createDynamicTableSource(Context context) {
    Configured options = Configured.of(context);
    RowType type = (RowType) context.getCatalogTable().getResolvedSchema().toPhysicalRowDataType().getLogicalType();
    return new Events(options, type);
  }

  private record Configured(String table, long count, int subtasks) {
    static Configured of(Context context) {
      var options = context.getCatalogTable().getOptions();
      return new Configured(
          options.get("table"), Long.parseLong(options.get("count")), Integer.parseInt(options.get("subtasks")));
    }
  }

  private record Events(Configured options, RowType type) implements ScanTableSource {
    @Override
    public ChangelogMode getChangelogMode() {
      return ChangelogMode.insertOnly();
    }

    @Override
    public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
      String table = options.table;
      long count = options.count;
      int subtasks = options.subtasks;
      GeneratorFunction<Long, RowData> event = index -> NexmarkEvents.row(table, placed(index, count, subtasks));
      return SourceProvider.of(new DataGeneratorSource<>(event, count, InternalTypeInfo.of(type)));
    }

    @Override
    public DynamicTableSource copy() {
      return new Events(options, type);
    }

    @Override
    public String asSummaryString() {
      return "Nexmark";
    }
  }

  /** NT1: the first ranges have one more where the count is no multiple of the subtasks. */
  private static long placed(long index, long count, int subtasks) {
    long least = count / subtasks;
    long longer = count % subtasks;
    long ofLonger = longer * (least + 1);
    if (index < ofLonger) return index % (least + 1) * subtasks + index / (least + 1);
    long behind = index - ofLonger;
    return behind % least * subtasks + longer + behind / least;
  }
}
