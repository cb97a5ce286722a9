import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.SinkV2Provider;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.RowKind;

/**
 * A sink that adds up a hash of the rows that are there in the end: the same as bench/nexmark-sql/fingerprint-sink.ts, which says how.
 *
 * <p>Owns the sums of the one job of this JVM. FT1: it takes retractions, and asks for no upserts.
 */
public final class FingerprintTable implements DynamicTableSinkFactory {
  private static final long SUM_MODULUS = 1L << 40;
  private static final int SEED = 0x9E3779B9;
  private static final int OF_NULL = 0x5BD1E995;
  private static final AtomicLong ROWS = new AtomicLong();
  private static final AtomicLong SUM = new AtomicLong();
  private static final AtomicLong CHANGES = new AtomicLong();
  private static final ConfigOption<String> COLUMNS = ConfigOptions.key("columns").stringType().noDefaultValue();
  private static final ConfigOption<String> WEIGHT = ConfigOptions.key("weight").stringType().defaultValue("");

  static long rows() {
    return ROWS.get();
  }

  static long sum() {
    return Math.floorMod(SUM.get(), SUM_MODULUS);
  }

  static long changes() {
    return CHANGES.get();
  }

  @Override
  public String factoryIdentifier() {
    return "fingerprint";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of(COLUMNS);
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of(WEIGHT);
  }

  @Override
  public DynamicTableSink createDynamicTableSink(Context context) {
    RowType type = (RowType) context.getCatalogTable().getResolvedSchema().toPhysicalRowDataType().getLogicalType();
    List<String> names = Arrays.asList(context.getCatalogTable().getOptions().get("columns").split(","));
    int[] places = type.getFields().stream().filter(field -> names.contains(field.getName()))
        .mapToInt(field -> type.getFieldIndex(field.getName())).toArray();
    if (places.length != names.size()) throw new IllegalArgumentException("the query lacks a column of " + names);
    LogicalType[] types = Arrays.stream(places).mapToObj(type::getTypeAt).toArray(LogicalType[]::new);
    String weight = context.getCatalogTable().getOptions().getOrDefault("weight", "");
    int weightAt = weight.isEmpty() ? -1 : type.getFieldIndex(weight);
    if (!weight.isEmpty() && weightAt < 0) throw new IllegalArgumentException("the query lacks the column " + weight);
    return new Table(places, types, weightAt);
  }

  private record Table(int[] places, LogicalType[] types, int weightAt) implements DynamicTableSink {
    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requested) {
      return ChangelogMode.all();
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
      return SinkV2Provider.of(new AddingSink(places, types, weightAt));
    }

    @Override
    public DynamicTableSink copy() {
      return new Table(places, types, weightAt);
    }

    @Override
    public String asSummaryString() {
      return "Fingerprint";
    }
  }

  private record AddingSink(int[] places, LogicalType[] types, int weightAt) implements Sink<RowData> {
    @Override
    public SinkWriter<RowData> createWriter(WriterInitContext context) {
      RowData.FieldGetter[] getters = new RowData.FieldGetter[places.length];
      for (int at = 0; at < places.length; at++) getters[at] = RowData.createFieldGetter(types[at], places[at]);
      return new Writer(getters, places, types, weightAt);
    }
  }

  private static final class Writer implements SinkWriter<RowData> {
    private final RowData.FieldGetter[] getters;
    private final int[] places;
    private final LogicalType[] types;
    private final int weightAt;
    private long rows = 0;
    private long sum = 0;
    private long changes = 0;

    Writer(RowData.FieldGetter[] getters, int[] places, LogicalType[] types, int weightAt) {
      this.getters = getters;
      this.places = places;
      this.types = types;
      this.weightAt = weightAt;
    }

    @Override
    public void write(RowData row, Context context) {
      int hash = SEED;
      for (int at = 0; at < places.length; at++) hash = mixColumn(row, at, hash);
      RowKind kind = row.getRowKind();
      int sign = kind == RowKind.INSERT || kind == RowKind.UPDATE_AFTER ? 1 : -1;
      long weight = weightAt < 0 ? 1 : row.getLong(weightAt);
      sum = (sum + sign * ((hash & 0xFFFFFFFFL) * weight % SUM_MODULUS)) % SUM_MODULUS;
      rows += sign * weight;
      changes += 1;
    }

    private int mixColumn(RowData row, int at, int hash) {
      int place = places[at];
      if (row.isNullAt(place)) return mixed(hash, OF_NULL);
      return switch (types[at].getTypeRoot()) {
        case BIGINT -> mixWhole(row.getLong(place), hash);
        case INTEGER, DATE -> mixWhole(row.getInt(place), hash);
        case TIMESTAMP_WITHOUT_TIME_ZONE, TIMESTAMP_WITH_LOCAL_TIME_ZONE ->
            mixWhole(row.getTimestamp(place, 3).getMillisecond(), hash);
        case CHAR, VARCHAR -> mixText(row.getString(place).toBytes(), hash);
        case DECIMAL -> mixDecimal(getters[at], row, hash);
        default -> throw new IllegalStateException("a result has a column of type " + types[at]);
      };
    }

    private static int mixDecimal(RowData.FieldGetter getter, RowData row, int hash) {
      BigDecimal value = ((org.apache.flink.table.data.DecimalData) getter.getFieldOrNull(row)).toBigDecimal();
      return mixWhole(value.unscaledValue().longValue(), hash);
    }

    private static int mixText(byte[] bytes, int hash) {
      int result = mixed(hash, bytes.length);
      for (int word = 0; word < bytes.length; word += 4) {
        int value = 0;
        for (int at = word; at < Math.min(word + 4, bytes.length); at++) value |= (bytes[at] & 0xFF) << (8 * (at - word));
        result = mixed(result, value);
      }
      return result;
    }

    private static int mixWhole(long value, int hash) {
      return mixed(mixed(hash, (int) value), (int) (value >> 32));
    }

    private static int mixed(int hash, int word) {
      int product = (hash ^ word) * 0x85EBCA6B;
      return product ^ (product >>> 13);
    }

    @Override
    public void flush(boolean endOfInput) {}

    @Override
    public void close() {
      ROWS.addAndGet(rows);
      SUM.addAndGet(sum);
      CHANGES.addAndGet(changes);
    }
  }
}
