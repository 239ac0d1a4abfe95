package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchEngine;
import org.bonepeft.djl.torch.TorchTypes;
import org.jspecify.annotations.Nullable;

/** Sequences with their state. A call takes constant memory, however many tokens came before or are given. */
public final class Rwkv6Session implements CausalLm.Session {
    /** How many tokens are read at once. */
    private static final int PIECE = 512;

    private final Rwkv6ForCausalLm model;
    private final NDManager manager;
    private final ParameterStore store;
    private @Nullable Rwkv6State state;

    Rwkv6Session(Rwkv6ForCausalLm model, NDManager owner) {
        this.model = model;
        manager = owner.newSubManager();
        store = new ParameterStore(manager, false);
    }

    Rwkv6Session(Rwkv6ForCausalLm model, NDManager owner, Rwkv6State state) {
        this(model, owner);
        this.state = state.copy(manager);
    }

    /**
     * Returns the state after what was appended. It belongs to this session, and is closed by the next call: copy or
     * write it before.
     *
     * @throws BoneException if nothing was appended yet
     */
    public Rwkv6State state() {
        if (state == null) {
            throw new BoneException("the session has no state before the first token");
        }
        return state;
    }

    @Override
    public float[][] append(List<long[]> tokens) {
        if (tokens.isEmpty() || tokens.stream().anyMatch(row -> row.length == 0) || differs(tokens.size())) {
            throw new BoneException("tokens for " + tokens.size() + " sequences, the shortest has "
                    + tokens.stream().mapToInt(row -> row.length).min().orElse(0) + "; expected "
                    + (state == null ? "1 or more" : state.batch()) + " sequences with a token or more each");
        }
        return TorchEngine.serves(manager) ? TorchAutograd.with(false, () -> read(tokens)) : read(tokens);
    }

    private boolean differs(int rows) {
        return state != null && state.batch() != rows;
    }

    /** Reads all rows up to the end of the shortest, then the others on, so that no row ever reads padding. */
    private float[][] read(List<long[]> tokens) {
        float[][] logits = new float[tokens.size()][];
        try (NDManager scratch = manager.newSubManager()) {
            Rwkv6State now =
                    state == null ? Rwkv6State.zeros(model.config(), scratch, tokens.size()) : state.copy(scratch);
            int[] rows = IntStream.range(0, tokens.size()).toArray();
            int[] order = {};
            List<Rwkv6State> done = new ArrayList<>();
            for (int from = 0; rows.length > 0; ) {
                int end = Math.min(from + PIECE, shortest(tokens, rows));
                Rwkv6ForCausalLm.Reading piece = read(tokens, rows, from, end, now, scratch);
                now.close();
                now = piece.state();
                int[] ended = where(tokens, rows, end, true);
                if (ended.length > 0) {
                    int[] left = where(tokens, rows, end, false);
                    float[] all = TorchTypes.floats(piece.logits());
                    for (int i : ended) {
                        int size = model.vocabSize();
                        logits[rows[i]] = Arrays.copyOfRange(all, i * size, (i + 1) * size);
                    }
                    done.add(left.length == 0 ? now : now.rows(ended));
                    now = left.length == 0 ? now : now.rows(left);
                    order = IntStream.concat(IntStream.of(order), picked(rows, ended))
                            .toArray();
                    rows = picked(rows, left).toArray();
                }
                from = end;
            }
            replace(done.size() == 1 ? now : Rwkv6State.concat(done).rows(inverse(order)));
        }
        return logits;
    }

    private static int shortest(List<long[]> tokens, int[] rows) {
        return IntStream.of(rows).map(row -> tokens.get(row).length).min().orElseThrow();
    }

    /** The indices into {@code rows} of those that end at {@code end}, or of those that do not. */
    private static int[] where(List<long[]> tokens, int[] rows, int end, boolean ends) {
        return IntStream.range(0, rows.length)
                .filter(i -> (tokens.get(rows[i]).length == end) == ends)
                .toArray();
    }

    private static IntStream picked(int[] rows, int[] indices) {
        return IntStream.of(indices).map(i -> rows[i]);
    }

    private static int[] inverse(int[] order) {
        int[] inverse = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            inverse[order[i]] = i;
        }
        return inverse;
    }

    private Rwkv6ForCausalLm.Reading read(
            List<long[]> tokens, int[] rows, int from, int end, Rwkv6State before, NDManager owner) {
        long[] ids = IntStream.of(rows)
                .mapToObj(row -> Arrays.copyOfRange(tokens.get(row), from, end))
                .flatMapToLong(Arrays::stream)
                .toArray();
        try (NDManager scratch = owner.newSubManager()) {
            NDArray input = scratch.create(ids, new Shape(rows.length, end - from));
            Rwkv6ForCausalLm.Reading read = model.readToLast(store, input, before);
            read.logits().attach(owner);
            return new Rwkv6ForCausalLm.Reading(read.logits(), read.state().copy(owner));
        }
    }

    private void replace(Rwkv6State next) {
        Rwkv6State copy = next.copy(manager);
        if (state != null) {
            state.close();
        }
        state = copy;
    }

    @Override
    public void keep(int[] sequences) {
        try (NDManager scratch = manager.newSubManager()) {
            replace(state().copy(scratch).rows(sequences));
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
