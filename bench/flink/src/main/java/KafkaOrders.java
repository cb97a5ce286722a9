import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes the input of the Kafka bench: order n is a function of n alone, in partition n modulo their number, about 120 bytes of
 * JSON, its user one of Lines' 10,000 words. Arguments: bootstrap, topic, partitions, orders.
 */
public final class KafkaOrders {
  private KafkaOrders() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 4) {
      System.err.println("usage: KafkaOrders <bootstrap> <topic> <partitions> <orders>");
      System.exit(2);
    }
    int partitions = Integer.parseInt(args[2]);
    long orders = Long.parseLong(args[3]);
    Properties properties = new Properties();
    properties.put("bootstrap.servers", args[0]);
    properties.put("linger.ms", "20");
    properties.put("batch.size", "262144");
    AtomicReference<Exception> failure = new AtomicReference<>();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (long n = 0; n < orders; n++) {
        producer.send(
            new ProducerRecord<>(args[1], (int) (n % partitions), null, order(n).getBytes(StandardCharsets.UTF_8)),
            (sent, error) -> failure.compareAndSet(null, error));
      }
    }
    if (failure.get() != null) throw failure.get();
  }

  static String order(long n) {
    String[] words = Lines.line(n).split(" ");
    String note = String.join(" ", words[1], words[2], words[3], words[4], words[5], words[6], words[7]);
    return String.format(
        Locale.ROOT, "{\"id\":%d,\"user\":\"%s\",\"amount\":%d.%02d,\"note\":\"%s\"}", n, words[0], n % 1000, n % 97, note);
  }
}
