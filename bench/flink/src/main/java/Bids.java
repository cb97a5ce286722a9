import org.apache.flink.api.java.tuple.Tuple5;

/**
 * The bids of the Nexmark bench: the same as bench/nexmark/bids.ts, which says what they are.
 *
 * <p>BI1: a bid is a pure function of its number. BI2: random numbers are unsigned 32-bit integers; Java's int holds their bits.
 */
final class Bids {
  static final int EVENTS = 50;
  static final int BIDS_FIRST = 4;
  static final int BIDS = EVENTS - BIDS_FIRST;
  static final int EVENTS_PER_MS = 10;
  static final long FIRST_MS = 1_700_000_000_000L;
  static final long FIRST_ID = 1000;
  static final int ACTIVE = 100;
  static final int HOT_EVERY = 100;
  static final int PRICES = 1_000_000;
  static final int EXTRAS_COUNT = 1024;
  static final String[] EXTRAS = buildExtras();

  private Bids() {}

  /** Auction, bidder, price, time in epoch milliseconds, extra. */
  static Tuple5<Long, Long, Long, Long, String> bid(long index) {
    long event = index / BIDS * EVENTS + BIDS_FIRST + index % BIDS;
    return Tuple5.of(
        auction(event),
        bidder(event),
        price(event),
        time(event),
        EXTRAS[Integer.remainderUnsigned(random(event, 4), EXTRAS_COUNT)]);
  }

  static long price(long event) {
    return 100L + Integer.remainderUnsigned(random(event, 3), PRICES);
  }

  static long time(long event) {
    return FIRST_MS + event / EVENTS_PER_MS;
  }

  static long auction(long event) {
    long last = event / EVENTS * 3;
    int dice = random(event, 1);
    if ((dice & 1) == 0) return FIRST_ID + last / HOT_EVERY * HOT_EVERY;
    return FIRST_ID + Math.max(0, last - (dice >>> 1) % ACTIVE);
  }

  static long bidder(long event) {
    long last = event / EVENTS;
    int dice = random(event, 2);
    if ((dice & 3) != 0) return FIRST_ID + last / HOT_EVERY * HOT_EVERY;
    return FIRST_ID + Math.max(0, last - (dice >>> 2) % ACTIVE);
  }

  static int random(long event, int purpose) {
    int hash = ((int) event ^ (purpose * 0x9E3779B1)) * 0x85EBCA6B;
    hash = (hash ^ (hash >>> 13)) * 0xC2B2AE35;
    return hash ^ (hash >>> 16);
  }

  private static String[] buildExtras() {
    String[] extras = new String[EXTRAS_COUNT];
    for (int number = 0; number < extras.length; number++) {
      StringBuilder text = new StringBuilder();
      for (int letter = 0; letter < 20 + number % 32; letter++) {
        text.append((char) ('a' + Integer.remainderUnsigned(random(number * 64L + letter, 5), 26)));
      }
      extras[number] = text.toString();
    }
    return extras;
  }
}
