package org.bonepeft.examples.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.json.Json;
import org.jspecify.annotations.Nullable;

/** A file that defines the work, down to the bits of the random numbers; it documents itself. */
record Workloads(Fields root) {
    /** The work that Hugging Face PEFT's benchmark runs too. */
    static final String MODELS = "bundled:workloads.json";

    /** Single layers, op by op. */
    static final String LAYERS = "bundled:layers.json";

    /** RWKV-6 and its recurrence. */
    static final String RWKV = "bundled:rwkv.json";

    /** Reads a file, or a bundled one. */
    static Workloads read(String file) throws IOException {
        if (!file.startsWith("bundled:")) {
            return of(Files.readString(Path.of(file)), file);
        }
        String name = file.substring("bundled:".length());
        try (InputStream in = Workloads.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is missing beside " + Workloads.class);
            }
            return of(new String(in.readAllBytes(), StandardCharsets.UTF_8), name);
        }
    }

    private static Workloads of(String text, String where) {
        Map<String, @Nullable Object> values = Json.parseObject(text, where);
        return new Workloads(new Fields(where, values));
    }

    /** Returns the names of the cases whose names begin with one of these; all if there is none. */
    List<String> cases(List<String> prefixes) {
        List<String> names = root.object("cases").names().stream()
                .filter(name -> prefixes.isEmpty() || prefixes.stream().anyMatch(name::startsWith))
                .toList();
        if (names.isEmpty()) {
            throw new BoneException("no case begins with " + prefixes + "; there are "
                    + root.object("cases").names());
        }
        return names;
    }

    /** Returns a case, with what it takes over from another one. */
    Fields find(String name) {
        Fields cases = root.object("cases");
        Fields found = cases.object(name);
        return found.has("same_as") ? found.over(cases.object(found.text("same_as"))) : found;
    }

    /** Returns the source of weights and inputs. */
    Draws draws() {
        Fields random = root.object("random");
        return new Draws(random.integer("seed"), random.number("std"));
    }

    /** Returns the settings of the optimizer. */
    Fields optimizer() {
        return root.object("optimizer");
    }
}
