package org.bonepeft.djl.model.rwkv6;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.HfConfig;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.ShardedSafetensors;
import org.bonepeft.safetensors.TensorSource;

/**
 * The sizes of an RWKV-6 model. Each error names the key of {@code config.json}, which are those of BlinkDL's training
 * code.
 *
 * @param vocabSize {@code vocab_size}
 * @param hiddenSize {@code n_embd}, the length C of a hidden state
 * @param attentionSize {@code dim_att}: all heads together; in the file by default C
 * @param intermediateSize {@code dim_ffn}
 * @param layers {@code n_layer}
 * @param headSize {@code head_size}, divides the attention size
 * @param mixRank {@code time_maa_rank}: rank of the data-dependent part of the token shift
 * @param decayRank {@code time_decay_rank}: rank of the data-dependent part of the decay
 * @param layerNormEps {@code ln_eps}; in the file by default 1e-5
 * @param headNormEps {@code ln_x_eps}; in the file by default 1e-5 times the square of {@code head_size_divisor}, which is
 *     8 whatever the size of a head
 * @param eosTokenIds {@code eos_token_id}, each ends a sequence; in the file by default {@link WorldTokenizer#END}
 */
public record Rwkv6Config(
        int vocabSize,
        int hiddenSize,
        int attentionSize,
        int intermediateSize,
        int layers,
        int headSize,
        int mixRank,
        int decayRank,
        double layerNormEps,
        double headNormEps,
        List<Integer> eosTokenIds) {
    /** The value of {@code architecture} in {@code config.json}. */
    public static final String ARCHITECTURE = "rwkv6";

    private static final double EPS = 1e-5;
    private static final int DIVISOR = 8;
    private static final int LARGE = 4096;

    /**
     * Checks that the sizes fit together.
     *
     * @throws BoneException naming the key that does not fit
     */
    public Rwkv6Config {
        eosTokenIds = List.copyOf(eosTokenIds);
        atLeastOne("vocab_size", vocabSize);
        atLeastOne("n_embd", hiddenSize);
        atLeastOne("dim_att", attentionSize);
        atLeastOne("dim_ffn", intermediateSize);
        atLeastOne("n_layer", layers);
        atLeastOne("head_size", headSize);
        atLeastOne("time_maa_rank", mixRank);
        atLeastOne("time_decay_rank", decayRank);
        check(attentionSize % headSize == 0, "head_size", headSize, "a divisor of dim_att, " + attentionSize);
        check(layerNormEps > 0 && layerNormEps < 1, "ln_eps", layerNormEps, "a small positive number");
        check(headNormEps > 0 && headNormEps < 1, "ln_x_eps", headNormEps, "a small positive number");
        for (int eos : eosTokenIds) {
            check(eos >= 0 && eos < vocabSize, "eos_token_id", eos, "tokens below " + vocabSize);
        }
    }

    /** Returns what BlinkDL's training code makes of the main sizes. */
    public static Rwkv6Config of(int vocabSize, int hiddenSize, int layers, int headSize) {
        boolean large = hiddenSize >= LARGE;
        return new Rwkv6Config(
                vocabSize,
                hiddenSize,
                hiddenSize,
                hiddenSize * 7 / 2 / 32 * 32,
                layers,
                headSize,
                large ? 64 : 32,
                large ? 128 : 64,
                EPS,
                EPS * DIVISOR * DIVISOR,
                List.of(WorldTokenizer.END));
    }

    /** Returns the number of heads. */
    public int heads() {
        return attentionSize / headSize;
    }

    /**
     * Reads {@code directory/config.json}; if there is none, as in released checkpoints, the sizes are those of the
     * tensors and both eps the usual ones.
     *
     * @throws BoneException naming the file and the key that is missing or does not fit, or the tensor
     * @throws IOException if a file cannot be read
     */
    public static Rwkv6Config read(Path directory) throws IOException {
        if (Files.isRegularFile(directory)) {
            SafetensorsFile.open(directory).close(); // refuses other formats, with advice
            throw new BoneException(directory + " is a file; name the directory in which it is model.safetensors");
        }
        refusePickles(directory);
        if (Files.exists(directory.resolve(HfConfig.FILE))) {
            return of(HfConfig.read(directory));
        }
        try (TensorSource tensors = ShardedSafetensors.open(directory)) {
            return of(tensors);
        }
    }

    /** Models are released as pickles; who brings one here needs to know what to do with it. */
    private static void refusePickles(Path directory) throws IOException {
        try (DirectoryStream<Path> pickles = Files.newDirectoryStream(directory, "*.pth");
                DirectoryStream<Path> weights = Files.newDirectoryStream(directory, "*.safetensors")) {
            if (!weights.iterator().hasNext()) {
                for (Path pickle : pickles) {
                    SafetensorsFile.open(pickle).close(); // refuses it, with advice
                }
            }
        }
    }

    private static Rwkv6Config of(HfConfig config) {
        config.require("architecture", ARCHITECTURE);
        double divisor = config.number("head_size_divisor", DIVISOR);
        int hidden = config.count("n_embd");
        Rwkv6Config read = new Rwkv6Config(
                config.count("vocab_size"),
                hidden,
                config.count("dim_att", hidden),
                config.count("dim_ffn"),
                config.count("n_layer"),
                config.count("head_size"),
                config.count("time_maa_rank"),
                config.count("time_decay_rank"),
                config.number("ln_eps", EPS),
                config.number("ln_x_eps", EPS * divisor * divisor),
                config.has("eos_token_id") ? config.indices("eos_token_id") : List.of(WorldTokenizer.END));
        if (config.count("n_head", read.heads()) != read.heads()) {
            throw config.unfit("n_head", "dim_att / head_size = " + read.heads());
        }
        return read;
    }

    private static Rwkv6Config of(TensorSource tensors) {
        int layers = 0;
        while (tensors.tensors().containsKey("blocks." + layers + ".ln1.weight")) {
            layers++;
        }
        int headSize = size(tensors, "blocks.0.att.time_faaaa", 1);
        return new Rwkv6Config(
                size(tensors, "emb.weight", 0),
                size(tensors, "emb.weight", 1),
                size(tensors, "blocks.0.att.key.weight", 0),
                size(tensors, "blocks.0.ffn.key.weight", 0),
                layers,
                headSize,
                size(tensors, "blocks.0.att.time_maa_w2", 1),
                size(tensors, "blocks.0.att.time_decay_w1", 1),
                EPS,
                EPS * DIVISOR * DIVISOR,
                List.of(WorldTokenizer.END));
    }

    private static int size(TensorSource tensors, String name, int dimension) {
        long[] shape = tensors.tensor(name).shape().toArray();
        check(shape.length > dimension, name, tensors.tensor(name).shape(), "a tensor of RWKV-6");
        return Math.toIntExact(shape[dimension]);
    }

    /** Returns the content of {@code config.json}. */
    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("architecture", ARCHITECTURE);
        json.addProperty("model_type", ARCHITECTURE);
        json.addProperty("n_layer", layers);
        json.addProperty("n_embd", hiddenSize);
        json.addProperty("dim_att", attentionSize);
        json.addProperty("dim_ffn", intermediateSize);
        json.addProperty("n_head", heads());
        json.addProperty("head_size", headSize);
        json.addProperty("vocab_size", vocabSize);
        json.addProperty("time_maa_rank", mixRank);
        json.addProperty("time_decay_rank", decayRank);
        json.addProperty("ln_eps", layerNormEps);
        json.addProperty("ln_x_eps", headNormEps);
        JsonArray ends = new JsonArray();
        eosTokenIds.forEach(ends::add);
        json.add("eos_token_id", ends);
        return json;
    }

    private static void atLeastOne(String key, int value) {
        check(value >= 1, key, value, "1 or more");
    }

    private static void check(boolean holds, String key, Object value, String expected) {
        if (!holds) {
            throw new BoneException(key + " is " + value + ", expected " + expected);
        }
    }
}
