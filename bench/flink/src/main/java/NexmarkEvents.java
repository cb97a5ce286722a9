import java.util.function.IntFunction;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;

/**
 * People, auctions and bids of the SQL bench as functions of their numbers: the same as bench/nexmark-sql/events.ts, which says what they are.
 *
 * <p>NE1: texts of a pool are encoded once, as StreamJob's are.
 */
final class NexmarkEvents {
  private static final int AUCTIONS = 3;
  private static final int BIDS = 46;
  private static final int OPEN_MS = 400;
  private static final String[] HOT_CHANNELS = {"Google", "Facebook", "Baidu", "Apple"};
  private static final int CHANNELS = 1024;

  private static final StringData[] NAMES = pool(512, n -> letters(n, 11, 3 + n % 6) + " " + letters(n, 12, 4 + n % 7));
  private static final StringData[] EMAILS = pool(512, n -> letters(n, 13, 4 + n % 5) + "@" + letters(n, 14, 5) + ".com");
  private static final StringData[] CARDS = pool(512, NexmarkEvents::card);
  private static final StringData[] CITIES =
      texts("Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne");
  private static final StringData[] STATES = texts("AZ", "CA", "ID", "OR", "WA", "WY");
  private static final StringData[] ITEMS = pool(512, n -> letters(n, 15, 10 + n % 10));
  private static final StringData[] DESCRIPTIONS = pool(512, n -> letters(n, 16, 50 + n % 50));
  private static final StringData[] CHANNEL_NAMES =
      pool(CHANNELS, n -> n < HOT_CHANNELS.length ? HOT_CHANNELS[n] : "channel-" + n);
  private static final StringData[] URLS = pool(CHANNELS, NexmarkEvents::url);
  private static final StringData[] EXTRAS = texts(Bids.EXTRAS);

  private NexmarkEvents() {}

  static String columns(String table) {
    return switch (table) {
      case "person" ->
          "id BIGINT NOT NULL, name STRING NOT NULL, emailAddress STRING NOT NULL, creditCard STRING NOT NULL, city STRING NOT NULL,"
              + " state STRING NOT NULL, `dateTime` TIMESTAMP_LTZ(3) NOT NULL, extra STRING NOT NULL";
      case "auction" ->
          "id BIGINT NOT NULL, itemName STRING NOT NULL, description STRING NOT NULL, initialBid BIGINT NOT NULL, reserve BIGINT NOT NULL,"
              + " `dateTime` TIMESTAMP_LTZ(3) NOT NULL, expires TIMESTAMP_LTZ(3) NOT NULL, seller BIGINT NOT NULL,"
              + " category BIGINT NOT NULL, extra STRING NOT NULL";
      case "bid" ->
          "auction BIGINT NOT NULL, bidder BIGINT NOT NULL, price BIGINT NOT NULL, channel STRING NOT NULL, url STRING NOT NULL,"
              + " `dateTime` TIMESTAMP_LTZ(3) NOT NULL, extra STRING NOT NULL";
      default -> throw new IllegalArgumentException("there is no table " + table);
    };
  }

  static long count(String table, long events) {
    long rounds = events / Bids.EVENTS;
    long rest = events % Bids.EVENTS;
    return switch (table) {
      case "person" -> (events + Bids.EVENTS - 1) / Bids.EVENTS;
      case "auction" -> rounds * AUCTIONS + Math.min(AUCTIONS, Math.max(0, rest - 1));
      default -> rounds * BIDS + Math.max(0, rest - 1 - AUCTIONS);
    };
  }

  static RowData row(String table, long index) {
    return switch (table) {
      case "person" -> person(index);
      case "auction" -> auction(index);
      default -> bid(index);
    };
  }

  private static RowData person(long index) {
    long event = index * Bids.EVENTS;
    int dice = Bids.random(event, 8);
    return GenericRowData.of(
        Bids.FIRST_ID + index,
        chosen(NAMES, dice),
        chosen(EMAILS, dice),
        chosen(CARDS, dice),
        chosen(CITIES, dice >>> 8),
        chosen(STATES, dice >>> 16),
        time(Bids.time(event)),
        extra(event));
  }

  private static RowData auction(long index) {
    long event = index / AUCTIONS * Bids.EVENTS + 1 + index % AUCTIONS;
    int dice = Bids.random(event, 9);
    long begin = Bids.time(event);
    return GenericRowData.of(
        Bids.FIRST_ID + index,
        chosen(ITEMS, dice),
        chosen(DESCRIPTIONS, dice),
        Bids.price(event),
        2 * Bids.price(event),
        time(begin),
        time(begin + 1 + (dice >>> 9) % OPEN_MS),
        seller(event),
        10L + Integer.remainderUnsigned(Bids.random(event, 10), 5),
        extra(event));
  }

  private static RowData bid(long index) {
    long event = index / BIDS * Bids.EVENTS + 1 + AUCTIONS + index % BIDS;
    int dice = Bids.random(event, 6);
    int channel = (dice >>> 1) % ((dice & 1) == 0 ? HOT_CHANNELS.length : CHANNELS);
    return GenericRowData.of(
        Bids.auction(event),
        Bids.bidder(event),
        Bids.price(event),
        CHANNEL_NAMES[channel],
        URLS[channel],
        time(Bids.time(event)),
        extra(event));
  }

  private static long seller(long event) {
    long last = event / Bids.EVENTS;
    int dice = Bids.random(event, 7);
    if ((dice & 3) != 0) return Bids.FIRST_ID + last / Bids.HOT_EVERY * Bids.HOT_EVERY;
    return Bids.FIRST_ID + Math.max(0, last - (dice >>> 2) % Bids.ACTIVE);
  }

  private static TimestampData time(long ms) {
    return TimestampData.fromEpochMillis(ms);
  }

  private static StringData extra(long event) {
    return chosen(EXTRAS, Bids.random(event, 4));
  }

  private static StringData chosen(StringData[] pool, int dice) {
    return pool[Integer.remainderUnsigned(dice, pool.length)];
  }

  private static String card(int number) {
    StringBuilder text = new StringBuilder();
    for (int purpose = 20; purpose < 24; purpose++) {
      if (purpose > 20) text.append(' ');
      text.append(1000 + Integer.remainderUnsigned(Bids.random(number, purpose), 9000));
    }
    return text.toString();
  }

  private static String url(int number) {
    String path = letters(number, 17, 5) + "/" + letters(number, 18, 5) + "/" + letters(number, 19, 5);
    String query = number % 10 == 9 ? "query=1" : "query=1&channel_id=" + number * 1_048_576L;
    return "https://www.nexmark.com/" + path + "/item.htm?" + query;
  }

  private static String letters(int number, int purpose, int length) {
    StringBuilder text = new StringBuilder();
    for (int letter = 0; letter < length; letter++) {
      text.append((char) ('a' + Integer.remainderUnsigned(Bids.random(number * 256L + letter, purpose), 26)));
    }
    return text.toString();
  }

  private static StringData[] pool(int size, IntFunction<String> textOf) {
    String[] choices = new String[size];
    for (int number = 0; number < size; number++) choices[number] = textOf.apply(number);
    return texts(choices);
  }

  private static StringData[] texts(String... choices) {
    StringData[] texts = new StringData[choices.length];
    for (int at = 0; at < choices.length; at++) {
      texts[at] = StringData.fromBytes(choices[at].getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    return texts;
  }
}
