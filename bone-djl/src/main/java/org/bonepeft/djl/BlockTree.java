package org.bonepeft.djl;

import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.djl.model.NamedChildren;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a DJL model by path. A path is the chain of child names: of {@link NamedChildren} the exact ones, of
 * other blocks DJL's without their two-digit prefix ({@code 02queryProjection}) where they stay unique among their
 * siblings. A block that stands only in a field goes by the field's name.
 *
 * <p>Exchanging a block means exchanging it in the parent's list of children and in all the parent's fields, also
 * private ones and lists, maps and arrays in them, since most DJL blocks call their children through fields.
 */
final class BlockTree {
    private final Map<String, Block> blocks = new LinkedHashMap<>();
    private final Map<String, Block> parents = new LinkedHashMap<>();

    BlockTree(Block root) {
        walk("", root, Collections.newSetFromMap(new IdentityHashMap<>()));
    }

    /** All blocks below the root by path. */
    Map<String, Block> blocks() {
        return blocks;
    }

    /** The linear layers by path, adapted or not. */
    Map<String, Linear> linears() {
        Map<String, Linear> linears = new LinkedHashMap<>();
        blocks.forEach((path, block) -> {
            if (block instanceof Linear linear) {
                linears.put(path, linear);
            }
        });
        return linears;
    }

    private void walk(String path, Block block, Set<Block> above) {
        above.add(block);
        children(block).forEach((name, child) -> {
            String childPath = path.isEmpty() ? name : path + "." + name;
            if (!above.contains(child)) {
                blocks.put(childPath, child);
                parents.put(childPath, block);
                walk(childPath, child, above);
            }
        });
        above.remove(block);
    }

    private static Map<String, Block> children(Block block) {
        if (block instanceof Linear) {
            return Map.of();
        }
        if (block instanceof NamedChildren named) {
            return named.namedChildren();
        }
        Map<String, Block> children = new LinkedHashMap<>();
        Map<String, Long> counts = new LinkedHashMap<>();
        for (Pair<String, Block> child : block.getChildren()) {
            counts.merge(plain(child.getKey()), 1L, Long::sum);
        }
        for (Pair<String, Block> child : block.getChildren()) {
            String plain = plain(child.getKey());
            children.put(counts.getOrDefault(plain, 0L) == 1 ? plain : child.getKey(), child.getValue());
        }
        for (Field field : fields(block)) {
            if (Block.class.isAssignableFrom(field.getType()) && get(field, block) instanceof Block child) {
                if (!children.containsValue(child)) {
                    children.putIfAbsent(field.getName(), child);
                }
            }
        }
        return children;
    }

    private static String plain(String name) {
        return name.matches("\\d\\d.+") ? name.substring(2) : name;
    }

    /**
     * Puts {@code replacement} in the place of the block at {@code path}.
     *
     * @throws AdapterException if the parent holds it in a place that cannot be written
     */
    void replace(String path, Block replacement) {
        @Nullable Block old = blocks.get(path);
        @Nullable Block parent = parents.get(path);
        if (old == null || parent == null) {
            throw new AdapterException("no block at " + path);
        }
        if (parent instanceof NamedChildren named) {
            String name = named.namedChildren().entrySet().stream()
                    .filter(child -> child.getValue() == old)
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElseThrow();
            named.replaceChild(name, replacement);
        } else {
            UnaryOperator<@Nullable Object> exchange = value -> value == old ? replacement : value;
            for (Field field : fields(parent)) {
                exchangeIn(field, parent, exchange);
            }
        }
        blocks.put(path, replacement);
    }

    @SuppressWarnings("unchecked")
    private static void exchangeIn(Field field, Block parent, UnaryOperator<@Nullable Object> exchange) {
        Object value = get(field, parent);
        if (value instanceof Block) {
            @Nullable Object other = exchange.apply(value);
            if (other != value) {
                set(field, parent, other);
            }
        } else if (value instanceof PairList<?, ?> pairs) {
            ((List<Object>) pairs.values()).replaceAll(exchange::apply);
        } else if (value instanceof List<?> list && list.stream().anyMatch(item -> exchange.apply(item) != item)) {
            ((List<Object>) list).replaceAll(exchange::apply);
        } else if (value instanceof Map<?, ?> map
                && map.values().stream().anyMatch(item -> exchange.apply(item) != item)) {
            ((Map<Object, Object>) map).replaceAll((key, item) -> exchange.apply(item));
        } else if (value != null
                && value.getClass().isArray()
                && !value.getClass().componentType().isPrimitive()) {
            for (int i = 0; i < Array.getLength(value); i++) {
                Array.set(value, i, exchange.apply(Array.get(value, i)));
            }
        }
    }

    private static List<Field> fields(Block block) {
        List<Field> fields = new ArrayList<>();
        for (Class<?> type = block.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                boolean holdsBlocks =
                        type != AbstractBlock.class || field.getName().equals("children");
                if (!Modifier.isStatic(field.getModifiers())
                        && holdsBlocks
                        && !field.getType().isPrimitive()) {
                    fields.add(field);
                }
            }
        }
        return fields;
    }

    private static @Nullable Object get(Field field, Block block) {
        try {
            field.setAccessible(true);
            return field.get(block);
        } catch (InaccessibleObjectException | IllegalAccessException e) {
            throw inaccessible(field, e);
        }
    }

    private static void set(Field field, Block block, @Nullable Object value) {
        try {
            field.set(block, value);
        } catch (IllegalAccessException | IllegalArgumentException e) {
            throw inaccessible(field, e);
        }
    }

    private static AdapterException inaccessible(Field field, Exception cause) {
        return new AdapterException("cannot reach the field " + field + " to put an adapted layer there ("
                + cause.getMessage() + "); open its module to org.bonepeft.djl, or declare the field as Linear");
    }
}
