package org.bonepeft.djl;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which adapters of a model act, and how strongly. All adapted layers of a model share one. A change takes effect with
 * the next call; a call that runs in {@link #pin} keeps what it began with in all layers.
 */
final class AdapterSelection {
    /** One for each model, and empty again when the call is over. */
    @SuppressWarnings("ThreadLocalUsage")
    private final ThreadLocal<@Nullable State> pinned = new ThreadLocal<>();

    private volatile State state = new State(List.of(), Map.of(), Optional.empty());

    /**
     * An immutable choice.
     *
     * @param active names in the order in which they act
     * @param scales factors other than 1, by name
     * @param rows for each row of a batch, the one adapter that acts on it, or an empty name for none
     */
    record State(List<String> active, Map<String, Double> scales, Optional<List<String>> rows) {
        State {
            active = List.copyOf(active);
            scales = Map.copyOf(scales);
        }

        State withActive(List<String> names) {
            return new State(names, scales, rows);
        }

        State withScale(String name, double factor) {
            Map<String, Double> factors = new HashMap<>(scales);
            factors.put(name, factor);
            return new State(active, factors, rows);
        }

        State without(String name) {
            Map<String, Double> factors = new HashMap<>(scales);
            factors.remove(name);
            return new State(
                    active.stream().filter(other -> !other.equals(name)).toList(), factors, rows);
        }

        State renamed(String from, String to) {
            Map<String, Double> factors = new HashMap<>();
            scales.forEach((name, factor) -> factors.put(name.equals(from) ? to : name, factor));
            return new State(
                    active.stream().map(name -> name.equals(from) ? to : name).toList(), factors, rows);
        }

        State withRows(List<String> names) {
            return new State(active, scales, Optional.of(List.copyOf(names)));
        }
    }

    /** What acts now, in this thread. */
    State current() {
        @Nullable State here = pinned.get();
        return here == null ? state : here;
    }

    void set(State next) {
        state = next;
    }

    State shared() {
        return state;
    }

    /** Runs {@code call} with one choice in all layers, whatever other threads change meanwhile. */
    <T> T pin(State choice, Supplier<T> call) {
        @Nullable State outer = pinned.get();
        pinned.set(choice);
        try {
            return call.get();
        } finally {
            if (outer == null) {
                pinned.remove();
            } else {
                pinned.set(outer);
            }
        }
    }
}
