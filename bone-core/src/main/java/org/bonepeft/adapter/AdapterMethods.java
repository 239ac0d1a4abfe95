package org.bonepeft.adapter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** All methods by {@link AdapterMethod#name}, for command lines and configurations. */
public final class AdapterMethods {
    private static final Map<String, Function<Settings, AdapterMethod>> METHODS = new LinkedHashMap<>();

    static {
        METHODS.put("bone", s -> new Bone(s.rank, Grouping.COL, s.dropout, false));
        METHODS.put("bone-row", s -> new Bone(s.rank, Grouping.ROW, s.dropout, false));
        METHODS.put("miss-mini", s -> new MissMini(s.rank, s.miniRank, s.dropout));
        METHODS.put("bat", s -> s.withoutDropout("bat", new Bat(s.rank)));
        METHODS.put("bat-row", s -> s.withoutDropout("bat-row", new Bat(s.rank, Grouping.ROW)));
        METHODS.put("bat-group", s -> s.withoutDropout("bat-group", new Bat(s.rank, Grouping.GROUP, s.groups)));
        METHODS.put("hadamard", s -> s.withoutDropout("hadamard", new Hadamard(s.rank)));
        METHODS.put("hadamard-row", s -> s.withoutDropout("hadamard-row", new Hadamard(s.rank, Grouping.ROW)));
        METHODS.put("unconstrained", s -> s.withoutDropout("unconstrained", new Unconstrained(s.rank)));
        METHODS.put("lora", s -> s.lora(LoraStart.Drawn.KAIMING));
        METHODS.put("rslora", s -> new Lora(s.rank, s.alpha, true, s.dropout));
        METHODS.put("dora", s -> new Dora(s.lora(LoraStart.Drawn.KAIMING)));
        METHODS.put("pissa", s -> s.lora(new Pissa()));
        METHODS.put("olora", s -> s.lora(new Olora()));
        METHODS.put("lora-ga", s -> s.lora(new LoraGa()));
    }

    private AdapterMethods() {}

    /**
     * What a method may be told; each takes what it has.
     *
     * @param rank the rank, or the block size b
     * @param alpha the numerator of LoRA's scale
     * @param dropout the rate; a method without dropout refuses any but 0
     * @param groups the number of groups of {@code bat-group}
     * @param miniRank the number of columns of {@code miss-mini}
     */
    public record Settings(int rank, double alpha, double dropout, int groups, int miniRank) {
        /** Creates settings with scale 1, no dropout, and groups and mini rank equal to the rank. */
        public Settings(int rank) {
            this(rank, rank, 0, rank, rank);
        }

        private Lora lora(LoraStart start) {
            return new Lora(rank, alpha, false, dropout, start);
        }

        private AdapterMethod withoutDropout(String name, AdapterMethod method) {
            if (dropout != 0) {
                throw new AdapterException(name + " has no dropout; leave the rate 0, not " + dropout);
            }
            return method;
        }
    }

    /** Returns all names. */
    public static List<String> names() {
        return List.copyOf(METHODS.keySet());
    }

    /**
     * Returns the method of a name.
     *
     * @throws AdapterException if there is none, or a setting does not fit it
     */
    public static AdapterMethod of(String name, Settings settings) {
        Function<Settings, AdapterMethod> method = METHODS.get(name);
        if (method == null) {
            throw new AdapterException("no method is named '" + name + "'; there are " + String.join(", ", names()));
        }
        return method.apply(settings);
    }
}
