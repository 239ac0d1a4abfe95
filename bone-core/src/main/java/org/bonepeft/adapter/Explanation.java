package org.bonepeft.adapter;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.bonepeft.graph.Cost;

/** Why an evaluation was chosen, for people. */
final class Explanation {
    private Explanation() {}

    static String of(AdapterMethod method, LayerSpec layer, long tokens, boolean training) {
        Evaluation chosen = AdapterGraphs.cheapest(method, layer, tokens, training);
        StringBuilder text = new StringBuilder("%s on %s, %d token%s, %s: %s\n"
                .formatted(
                        method.name(),
                        layer.describe(),
                        tokens,
                        tokens == 1 ? "" : "s",
                        training ? "forward and backward" : "forward",
                        chosen));
        List<Evaluation> byTime = method.choices(training).stream()
                .sorted(Comparator.comparingDouble(evaluation ->
                        AdapterGraphs.cost(method, layer, evaluation, training).time(tokens)))
                .toList();
        for (Evaluation evaluation : byTime) {
            text.append("  ")
                    .append(line(evaluation, AdapterGraphs.cost(method, layer, evaluation, training), tokens))
                    .append('\n');
        }
        Cost base = Cost.of(AdapterGraphs.base(layer));
        return text.append("  the frozen layer alone: ")
                .append(amount(base.flops().at(tokens), "FLOP"))
                .append(", ")
                .append(amount(base.allocatedBytes().at(tokens), "B"))
                .append(" allocated\n")
                .toString();
    }

    private static String line(Evaluation evaluation, Cost cost, long tokens) {
        return "%-9s %s, %s allocated, %s kept for backward"
                .formatted(
                        evaluation,
                        amount(cost.flops().at(tokens), "FLOP"),
                        amount(cost.allocatedBytes().at(tokens), "B"),
                        amount(cost.keptBytes().at(tokens), "B"));
    }

    /** Returns for example {@code 4.83 GFLOP}: three digits and a decimal prefix. */
    static String amount(double value, String unit) {
        String[] prefixes = {"", "k", "M", "G", "T", "P"};
        int prefix = 0;
        double scaled = value;
        while (scaled >= 999.5 && prefix < prefixes.length - 1) {
            scaled /= 1000;
            prefix++;
        }
        int digits = scaled >= 99.95 || prefix == 0 ? 0 : scaled >= 9.995 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + digits + "f %s%s", scaled, prefixes[prefix], unit);
    }
}
