import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The benchmark's input: a vocabulary of 10,000 words and, for every line number, a line of 10 of them.
 *
 * <p>Owns the generator as README.md of this folder specifies it; knows nothing of Flink. WordCount calls {@link #line};
 * build.ts runs {@link #main} and compares what it prints with vectors.json.
 *
 * <p>L1: a line is a pure function of its number: no state is kept between lines, so any split of the range of numbers
 * over subtasks yields the same lines. L2: every number below is an unsigned 32-bit integer; Java's int holds its bits.
 */
final class Lines {
  static final int VOCABULARY_SIZE = 10_000;
  static final int WORDS_PER_LINE = 10;

  private static final int VOCABULARY_SEED = 0x2545F491;
  private static final int LINE_SEED = 0x9E3779B9;
  /** Stands in for the one state that xorshift32 cannot leave. */
  private static final int STATE_INSTEAD_OF_ZERO = 0x6D2B79F5;
  private static final int WORD_LENGTH_MAX = 10;

  private static final String[] VOCABULARY = buildVocabulary();

  private Lines() {}

  /** Line number {@code n} (from 0): 10 words joined by single spaces. Only the low 32 bits of n count. */
  static String line(long n) {
    int state = fmix32((int) n + LINE_SEED);
    if (state == 0) state = STATE_INSTEAD_OF_ZERO;
    StringBuilder line = new StringBuilder(WORDS_PER_LINE * (WORD_LENGTH_MAX + 1));
    for (int i = 0; i < WORDS_PER_LINE; i++) {
      state = xorshift32(state);
      if (i > 0) line.append(' ');
      line.append(VOCABULARY[Integer.remainderUnsigned(state, VOCABULARY_SIZE)]);
    }
    return line.toString();
  }

  private static int xorshift32(int x) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x;
  }

  /** The finalizer of MurmurHash3 (32 bits). */
  private static int fmix32(int h) {
    h ^= h >>> 16;
    h *= 0x85EBCA6B;
    h ^= h >>> 13;
    h *= 0xC2B2AE35;
    h ^= h >>> 16;
    return h;
  }

  private static String[] buildVocabulary() {
    String[] words = new String[VOCABULARY_SIZE];
    Set<String> seen = new HashSet<>();
    int state = VOCABULARY_SEED;
    for (int i = 0; i < VOCABULARY_SIZE; i++) {
      String word;
      do {
        state = xorshift32(state);
        char[] letters = new char[3 + Integer.remainderUnsigned(state, 8)];
        for (int j = 0; j < letters.length; j++) {
          state = xorshift32(state);
          letters[j] = (char) ('a' + Integer.remainderUnsigned(state, 26));
        }
        word = new String(letters);
      } while (!seen.add(word));
      words[i] = word;
    }
    return words;
  }

  /** Prints the test vectors as JSON: compare with vectors.json by value, not by bytes. */
  public static void main(String[] args) {
    StringBuilder json = new StringBuilder("{\"words\":{");
    int[] words = {0, 1, 2, 5000, 9999};
    for (int i = 0; i < words.length; i++) {
      json.append(i > 0 ? "," : "").append('"').append(words[i]).append("\":\"").append(VOCABULARY[words[i]]).append('"');
    }
    json.append("},\"lines\":{");
    // 1640531527 is the number whose mixed state is 0.
    long[] lines = {0, 1, 2, 123_456_789, 1_640_531_527, 4_294_967_295L};
    for (int i = 0; i < lines.length; i++) {
      json.append(i > 0 ? "," : "").append('"').append(lines[i]).append("\":\"").append(line(lines[i])).append('"');
    }
    System.out.println(json.append("},\"first1000Lines\":").append(summaryOfFirst(1000)).append('}'));
  }

  /** What a word count of the first {@code lines} lines must come to, made without any engine. */
  private static String summaryOfFirst(long lines) {
    Map<String, Long> counts = new HashMap<>();
    long countSum = 0;
    for (long n = 0; n < lines; n++) {
      for (String word : line(n).split(" ")) countSum += counts.merge(word, 1L, Long::sum);
    }
    return String.format(
        "{\"words\":%d,\"distinctWords\":%d,\"countSum\":%d}", lines * WORDS_PER_LINE, counts.size(), countSum);
  }
}
