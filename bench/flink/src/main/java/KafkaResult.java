import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads what a run of the Kafka bench committed, whichever engine it was, and prints one line of JSON: how many counts, of how many
 * users, their sum, whether each user's counts are 1 … n once each, and when the broker took them. The topic's timestamps must be
 * LogAppendTime. Arguments: bootstrap, topic.
 *
 * <p>Times are the broker's, in epoch milliseconds: of the first count, of the one at 20 % (by time) and of the last.
 */
public final class KafkaResult {
  private static final double STEADY_FROM = 0.2;

  private KafkaResult() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 2) {
      System.err.println("usage: KafkaResult <bootstrap> <topic>");
      System.exit(2);
    }
    Properties properties = new Properties();
    properties.put("bootstrap.servers", args[0]);
    properties.put("isolation.level", "read_committed");
    properties.put("enable.auto.commit", "false");
    properties.put("max.poll.records", "50000");
    ObjectMapper mapper = new ObjectMapper();
    long[] times = new long[1 << 20];
    int records = 0;
    long countSum = 0;
    Map<String, long[]> users = new HashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(args[1]).stream().map(info -> new TopicPartition(args[1], info.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          if (records == times.length) times = Arrays.copyOf(times, records * 2);
          times[records++] = record.timestamp();
          JsonNode value = mapper.readTree(record.value());
          long count = value.get("count").asLong();
          countSum += count;
          // Number of the user's records, and the greatest count.
          long[] seen = users.computeIfAbsent(value.get("user").asText(), user -> new long[2]);
          seen[0]++;
          seen[1] = Math.max(seen[1], count);
        }
      }
    }
    times = Arrays.copyOf(times, records);
    Arrays.sort(times);
    long least = users.values().stream().mapToLong(seen -> seen[1] * (seen[1] + 1) / 2).sum();
    boolean isExact = least == countSum && users.values().stream().allMatch(seen -> seen[0] == seen[1]);
    System.out.println(
        String.format(
            Locale.ROOT,
            "{\"records\":%d,\"users\":%d,\"countSum\":%d,\"isExact\":%b,\"firstMs\":%d,\"steadyFromMs\":%d,\"lastMs\":%d}",
            records,
            users.size(),
            countSum,
            isExact,
            records == 0 ? 0 : times[0],
            records == 0 ? 0 : times[(int) (records * STEADY_FROM)],
            records == 0 ? 0 : times[records - 1]));
  }
}
