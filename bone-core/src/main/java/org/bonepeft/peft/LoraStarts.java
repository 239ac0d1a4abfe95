package org.bonepeft.peft;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bonepeft.adapter.LoraGa;
import org.bonepeft.adapter.LoraStart;
import org.bonepeft.adapter.Olora;
import org.bonepeft.adapter.Pissa;

/** The values of {@code init_lora_weights}: how a LoRA started, and so which frozen weight it belongs on. */
final class LoraStarts {
    private static final String KEY = "init_lora_weights";
    private static final String PISSA = "pissa";
    private static final String OLORA = "olora";
    private static final String GAUSSIAN = "gaussian";
    private static final Pattern RANDOMIZED_PISSA = Pattern.compile("pissa_niter_(\\d{1,9})");

    private LoraStarts() {}

    static Object name(LoraStart start) {
        if (start instanceof LoraStart.Drawn drawn) {
            return switch (drawn) {
                case KAIMING -> true;
                case BOTH -> false;
                case GAUSSIAN -> GAUSSIAN;
            };
        }
        if (start instanceof Pissa pissa) {
            return pissa.iterations() == 0 ? PISSA : "pissa_niter_" + pissa.iterations();
        }
        if (start instanceof LoraGa) {
            throw new PeftException("what LoRA-GA trains belongs on a frozen weight that its files do not tell;"
                    + " save it as a plain LoRA of twice the rank, its start subtracted");
        }
        return OLORA;
    }

    static LoraStart start(PeftConfig config) {
        Object value = config.value(KEY).orElse(true);
        if (value instanceof Boolean zeros) {
            return zeros ? LoraStart.Drawn.KAIMING : LoraStart.Drawn.BOTH;
        }
        if (!(value instanceof String name)) {
            throw config.wrong(KEY, "true, false or a name");
        }
        Matcher randomized = RANDOMIZED_PISSA.matcher(name);
        if (randomized.matches()) {
            return new Pissa(Integer.parseInt(randomized.group(1)));
        }
        return switch (name) {
            case PISSA -> new Pissa();
            case OLORA -> new Olora();
            case GAUSSIAN -> LoraStart.Drawn.GAUSSIAN;
            default -> LoraStart.Drawn.KAIMING;
        };
    }

    /** Returns what is wrong with a start, if what was trained from it cannot be used with the original base. */
    static Optional<String> problem(PeftConfig config) {
        return config.value(KEY)
                .map(String::valueOf)
                .filter(name -> name.startsWith("corda") || name.equals("loftq") || name.equals("lora_ga"))
                .map(name -> KEY + " is \"" + name + "\", which changed the frozen weight in a way that no file tells;"
                        + " save it in PEFT with path_initial_model_for_weight_conversion");
    }
}
