package org.bonepeft.testkit;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Unconstrained;
import org.jspecify.annotations.Nullable;

/** What a {@link LayerCase}'s method and settings are called here. */
public final class GoldenMethods {
    private GoldenMethods() {}

    /** Returns the adapter method of a case; empty if there is none of that name. */
    public static Optional<AdapterMethod> of(LayerCase layer) {
        Map<String, @Nullable Object> config = layer.config();
        int rank = (int) number(layer, "r", 0);
        return Optional.ofNullable(
                switch (layer.method()) {
                    case "bone" -> new Bone(rank, grouping(config));
                    case "miss-mini" -> new MissMini(rank, (int) number(layer, "mini_r", rank));
                    case "bat" -> new Bat(rank, grouping(config), (int) number(layer, "groups", 0));
                    case "hadamard" -> new Hadamard(rank, grouping(config));
                    case "bone-unconstrained" -> new Unconstrained(rank);
                    case "lora" -> new Lora(rank, number(layer, "alpha", rank));
                    case "rslora" -> new Lora(rank, number(layer, "alpha", rank), true, 0);
                    case "dora" -> new Dora(rank, number(layer, "alpha", rank));
                    default -> null;
                });
    }

    private static Grouping grouping(Map<String, @Nullable Object> config) {
        return Grouping.valueOf(
                String.valueOf(config.getOrDefault("grouping", "col")).toUpperCase(Locale.ROOT));
    }

    private static double number(LayerCase layer, String key, double otherwise) {
        Object value = layer.config().getOrDefault(key, otherwise);
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw new BoneException(layer + ": " + key + " is no number but " + value);
    }
}
