package org.bonepeft.examples.bench;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.annotations.SerializedName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.bonepeft.BoneException;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of one line, as JSON lines have it; other programs may leave out what may be null here, and add
 * fields.
 *
 * @param name the case
 * @param loop how tokens are generated, in generating cases
 * @param program {@code bone}; null in the lines of other programs
 * @param check see {@link Work#check}
 * @param allocPeakMib the peak of memory that a step takes above its start
 * @param gemmGflops the yardstick before and after the steps
 * @param engine the versions that ran
 */
record Measurement(
        @SerializedName("case") String name,
        String method,
        String dtype,
        @Nullable String loop,
        @Nullable String program,
        @Nullable String device,
        int threads,
        int steps,
        int warmup,
        double medianMs,
        double minMs,
        double maxMs,
        double tokensPerS,
        double rssBeforeMib,
        double rssPeakMib,
        double rssIncrementMib,
        @Nullable Double allocPeakMib,
        long trainable,
        double check,
        List<Double> gemmGflops,
        @Nullable String engine) {
    private static final Gson GSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .serializeSpecialFloatingPointValues()
            .create();

    /** What lines of different programs must share to be compared. */
    record Key(
            String name,
            String method,
            String dtype,
            @Nullable String loop) {
        @Override
        public String toString() {
            return (loop == null ? name : name + " (" + loop + ")") + " | " + method + " | " + dtype;
        }
    }

    Key key() {
        return new Key(name, method, dtype, loop);
    }

    String json() {
        return GSON.toJson(this);
    }

    static Measurement of(String json) {
        try {
            Measurement read = GSON.fromJson(json, Measurement.class);
            if (read == null || read.name == null || read.gemmGflops == null) {
                throw new BoneException("not a line of a benchmark: " + json);
            }
            return read;
        } catch (JsonParseException e) {
            throw new BoneException("not a line of a benchmark: " + json, e);
        }
    }

    /** Reads JSON lines; those of another kind, without a check value, are left out. */
    static List<Measurement> read(Path file) throws IOException {
        List<Measurement> all = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            if (line.contains("\"check\"")) {
                all.add(of(line));
            }
        }
        return all;
    }

    void append(Path file) throws IOException {
        Files.writeString(file, json() + '\n', StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    Measurement withAllocPeak(double mib) {
        return new Measurement(
                name,
                method,
                dtype,
                loop,
                program,
                device,
                threads,
                steps,
                warmup,
                medianMs,
                minMs,
                maxMs,
                tokensPerS,
                rssBeforeMib,
                rssPeakMib,
                rssIncrementMib,
                mib,
                trainable,
                check,
                gemmGflops,
                engine);
    }
}
