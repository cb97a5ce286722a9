import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarFile;
import org.apache.flink.runtime.rest.messages.MessageHeaders;
import org.apache.flink.runtime.rest.util.RestMapperUtils;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.annotation.JsonSubTypes;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.DeserializationContext;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JavaType;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonDeserializer;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.SerializationFeature;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.deser.BeanDeserializerBase;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.deser.DefaultDeserializationContext;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.deser.SettableBeanProperty;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.deser.impl.TypeWrappedDeserializer;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.type.TypeFactory;

/**
 * What Flink's own REST client takes for an answer. Run by ../rest-messages.ts with Flink's jars on the class path.
 *
 *   schema  prints JSON: route -> what its answer must be, read from Flink's message classes by the mapper that its client uses
 *   decode  reads lines {"route": …, "body": …} on stdin and decodes each as that client does; for each that it cannot it prints a line:
 *           its number, from 0, a tab, and why
 */
public final class RestMessages {
    private static final ObjectMapper MAPPER = RestMapperUtils.getFlexibleObjectMapper();
    private static final String PACKAGE = "org/apache/flink/runtime/rest/messages/";
    private static final int DEPTH_MAX = 12;

    public static void main(String[] arguments) throws Exception {
        Map<String, JavaType> routes = routes();
        if (arguments[0].equals("schema")) {
            Map<String, Object> schemas = new TreeMap<>();
            for (Map.Entry<String, JavaType> route : routes.entrySet()) {
                schemas.put(route.getKey(), schemaOf(route.getValue(), 0));
            }
            ObjectMapper printer = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
            System.out.println(printer.writeValueAsString(schemas));
            return;
        }
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        String[] lines = input.split("\n");
        for (int number = 0; number < lines.length; number++) {
            String line = lines[number];
            JsonNode call = MAPPER.readTree(line);
            String route = call.get("route").asText();
            JavaType type = routes.get(route);
            if (type == null) {
                System.out.println(number + "\tFlink has no such route");
                continue;
            }
            try {
                MAPPER.readValue(MAPPER.treeAsTokens(call.get("body")), type);
            } catch (Exception error) {
                System.out.println(number + "\t" + String.valueOf(error.getMessage()).split("\n")[0] + " (" + error.getClass().getSimpleName() + ")");
            }
        }
    }

    /** "GET /jobs/:/status" -> the type of its answer. */
    private static Map<String, JavaType> routes() throws Exception {
        Map<String, JavaType> routes = new TreeMap<>();
        String jar = MessageHeaders.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        List<String> names = new ArrayList<>();
        try (JarFile file = new JarFile(jar)) {
            file.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.startsWith(PACKAGE) && name.endsWith("Headers.class"))
                    .forEach(name -> names.add(name.replace('/', '.').replaceAll("\\.class$", "")));
        }
        for (String name : names) {
            Class<?> type = Class.forName(name);
            if (Modifier.isAbstract(type.getModifiers()) || !MessageHeaders.class.isAssignableFrom(type)) continue;
            MessageHeaders<?, ?, ?> headers = instanceOf(type);
            if (headers == null) continue;
            String path = headers.getTargetRestEndpointURL().replaceAll(":[A-Za-z]+", ":");
            Class<?>[] parameters = headers.getResponseTypeParameters().toArray(new Class<?>[0]);
            TypeFactory types = MAPPER.getTypeFactory();
            JavaType answer =
                    parameters.length == 0
                            ? types.constructType(headers.getResponseClass())
                            : types.constructParametricType(headers.getResponseClass(), parameters);
            routes.put(headers.getHttpMethod() + " " + path, answer);
        }
        return routes;
    }

    private static MessageHeaders<?, ?, ?> instanceOf(Class<?> type) throws Exception {
        try {
            return (MessageHeaders<?, ?, ?>) type.getMethod("getInstance").invoke(null);
        } catch (NoSuchMethodException none) {
            for (Field field : type.getDeclaredFields()) {
                if (field.getType() != type || !Modifier.isStatic(field.getModifiers())) continue;
                field.setAccessible(true);
                return (MessageHeaders<?, ?, ?>) field.get(null);
            }
            return null;
        }
    }

    private static Object schemaOf(JavaType type, int depth) throws Exception {
        Class<?> raw = type.getRawClass();
        boolean isNullable = !raw.isPrimitive();
        if (depth > DEPTH_MAX) return Map.of("kind", "any");
        if (raw.isEnum()) {
            List<String> values = new ArrayList<>();
            for (Object constant : raw.getEnumConstants()) values.add(MAPPER.valueToTree(constant).asText());
            return Map.of("kind", "enum", "values", values);
        }
        if (raw == boolean.class || raw == Boolean.class) return Map.of("kind", "boolean", "nullable", isNullable);
        if (raw == int.class || raw == long.class || raw == Integer.class || raw == Long.class || raw == short.class) {
            return Map.of("kind", "integer", "nullable", isNullable);
        }
        if (raw == double.class || raw == float.class || Number.class.isAssignableFrom(raw)) {
            return Map.of("kind", "number", "nullable", isNullable);
        }
        if (raw == String.class) return Map.of("kind", "string", "nullable", true);
        if (Map.class.isAssignableFrom(raw)) {
            return Map.of("kind", "map", "key", schemaOf(type.getKeyType(), depth + 1), "value", schemaOf(type.getContentType(), depth + 1));
        }
        if (Collection.class.isAssignableFrom(raw) || raw.isArray()) {
            return Map.of("kind", "array", "items", schemaOf(type.getContentType(), depth + 1));
        }
        JsonSubTypes subTypes = raw.getAnnotation(JsonSubTypes.class);
        JsonTypeInfo info = raw.getAnnotation(JsonTypeInfo.class);
        if (subTypes != null && info != null) {
            Map<String, Object> variants = new TreeMap<>();
            for (JsonSubTypes.Type each : subTypes.value()) {
                if (each.value() != raw) variants.put(each.name(), beanOf(MAPPER.constructType(each.value()), depth));
            }
            return Map.of("kind", "oneOf", "by", info.property(), "variants", variants);
        }
        return beanOf(type, depth);
    }

    private static Object beanOf(JavaType type, int depth) throws Exception {
        JsonDeserializer<Object> reader = context().findRootValueDeserializer(type);
        if (!(unwrapped(reader) instanceof BeanDeserializerBase)) return custom(reader, type);
        BeanDeserializerBase bean = (BeanDeserializerBase) unwrapped(reader);
        Map<String, Object> fields = new TreeMap<>();
        Iterator<SettableBeanProperty> creator = bean.creatorProperties();
        while (creator.hasNext()) {
            SettableBeanProperty property = creator.next();
            JsonDeserializer<?> own = property.getValueDeserializer();
            boolean isCustom = own != null && own.getClass().getName().startsWith("org.apache.flink.") && !own.getClass().getName().contains(".shaded.");
            fields.put(property.getName(), isCustom ? custom(own, property.getType()) : schemaOf(property.getType(), depth + 1));
        }
        return Map.of("kind", "object", "required", fields);
    }

    /** A reader that Flink wrote by hand: its name says what is checked; for objects with fields the fields that its writer writes. */
    private static Object custom(JsonDeserializer<?> reader, JavaType type) {
        return Map.of("kind", "custom", "reader", reader.getClass().getSimpleName(), "type", type.getRawClass().getSimpleName());
    }

    private static JsonDeserializer<?> unwrapped(JsonDeserializer<?> reader) throws Exception {
        if (reader instanceof TypeWrappedDeserializer) {
            Field inner = TypeWrappedDeserializer.class.getDeclaredField("_deserializer");
            inner.setAccessible(true);
            return unwrapped((JsonDeserializer<?>) inner.get(reader));
        }
        JsonDeserializer<?> delegate = reader.getDelegatee();
        return delegate == null ? reader : unwrapped(delegate);
    }

    private static DeserializationContext context() {
        DefaultDeserializationContext context = (DefaultDeserializationContext) MAPPER.getDeserializationContext();
        return context.createInstance(MAPPER.getDeserializationConfig(), null, null);
    }
}
