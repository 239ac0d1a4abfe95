package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchEngine;
import org.bonepeft.djl.torch.TorchTypes;

/**
 * Sequences with a cache of keys and values. All have the same number of slots; where one has fewer tokens than others
 * in a call, the slots before them stay empty.
 */
final class LlamaSession implements CausalLm.Session {
    private final LlamaForCausalLm model;
    private final NDManager manager;
    private final ParameterStore store;
    private final int capacity;
    private final List<LayerCache> caches;
    private boolean padded;
    private boolean[][] present = {};
    private long[][] positions = {};
    private long[] lengths = {};
    private int slots;

    LlamaSession(LlamaForCausalLm model, NDManager owner, int capacity) {
        this.model = model;
        this.capacity = capacity;
        manager = owner.newSubManager();
        store = new ParameterStore(manager, false);
        caches = Stream.generate(() -> new LayerCache(manager, capacity))
                .limit(model.config().layers())
                .toList();
    }

    @Override
    public float[][] append(List<long[]> tokens) {
        int longest = tokens.stream().mapToInt(row -> row.length).max().orElse(0);
        check(tokens, longest);
        padded |= tokens.stream().anyMatch(row -> row.length < longest);
        long[] ids = new long[tokens.size() * longest];
        for (int row = 0; row < tokens.size(); row++) {
            long[] own = tokens.get(row);
            int start = longest - own.length;
            Arrays.fill(present[row], slots + start, slots + longest, true);
            for (int i = 0; i < own.length; i++) {
                ids[row * longest + start + i] = own[i];
                positions[row][slots + start + i] = lengths[row]++;
            }
        }
        slots += longest;
        try (NDManager scratch = manager.newSubManager()) {
            Shape shape = new Shape(tokens.size(), longest);
            NDList inputs = new NDList(scratch.create(ids, shape));
            if (padded) {
                Shape all = new Shape(tokens.size(), slots);
                inputs.add(scratch.create(mask(), all));
                inputs.add(scratch.create(positions(slots - longest), shape));
                if (Collections.max(model.config().windows()) > 0) {
                    inputs.add(scratch.create(positions(0), all));
                }
            }
            float[] logits = TorchEngine.serves(manager)
                    ? TorchAutograd.with(false, () -> TorchTypes.floats(next(inputs)))
                    : next(inputs).toFloatArray();
            return rows(logits, tokens.size());
        }
    }

    private void check(List<long[]> tokens, int longest) {
        if (slots == 0) {
            present = new boolean[tokens.size()][capacity];
            positions = new long[tokens.size()][capacity];
            lengths = new long[tokens.size()];
        }
        if (tokens.isEmpty() || tokens.stream().anyMatch(row -> row.length == 0) || tokens.size() != lengths.length) {
            throw new BoneException("tokens for " + tokens.size() + " sequences, the shortest has "
                    + tokens.stream().mapToInt(row -> row.length).min().orElse(0) + "; expected " + lengths.length
                    + " sequences with a token or more each");
        }
        if (slots + longest > capacity) {
            throw new BoneException("no room for " + longest + " tokens more after " + slots
                    + ": the sequences were started for " + capacity);
        }
    }

    private NDArray next(NDList inputs) {
        NDArray hidden = model.decoder().forward(store, inputs, caches);
        return model.logits(store, hidden.get(":, -1"), false);
    }

    private boolean[] mask() {
        boolean[] mask = new boolean[present.length * slots];
        for (int row = 0; row < present.length; row++) {
            System.arraycopy(present[row], 0, mask, row * slots, slots);
        }
        return mask;
    }

    private long[] positions(int from) {
        return Arrays.stream(positions)
                .flatMapToLong(row -> Arrays.stream(row, from, slots))
                .toArray();
    }

    private static float[][] rows(float[] values, int count) {
        float[][] rows = new float[count][];
        int size = values.length / count;
        for (int i = 0; i < count; i++) {
            rows[i] = Arrays.copyOfRange(values, i * size, (i + 1) * size);
        }
        return rows;
    }

    @Override
    public void keep(int[] sequences) {
        present = Arrays.stream(sequences).mapToObj(row -> present[row]).toArray(boolean[][]::new);
        positions = Arrays.stream(sequences).mapToObj(row -> positions[row]).toArray(long[][]::new);
        lengths = Arrays.stream(sequences).mapToLong(row -> lengths[row]).toArray();
        try (NDArray rows =
                manager.create(Arrays.stream(sequences).asLongStream().toArray())) {
            caches.forEach(cache -> cache.keep(rows));
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
