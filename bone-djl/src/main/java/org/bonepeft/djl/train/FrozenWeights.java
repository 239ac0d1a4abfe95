package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.bonepeft.BoneException;
import org.bonepeft.djl.torch.TorchTypes;

/** The SHA-256 of every parameter that training must not touch. */
final class FrozenWeights {
    private final Block model;
    private final Map<String, String> before;

    FrozenWeights(Block model) {
        this.model = model;
        before = hashes();
    }

    private Map<String, String> hashes() {
        Map<String, String> hashes = new TreeMap<>();
        Trainable.parameters(model, true).forEach((name, array) -> hashes.put(name, hash(array)));
        return hashes;
    }

    private static String hash(NDArray array) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(TorchTypes.bytes(array));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Throws if one is not what it was. */
    void check() {
        Map<String, String> now = hashes();
        now.entrySet().removeAll(before.entrySet());
        if (!now.isEmpty()) {
            throw new BoneException("training changed frozen weights: " + now.keySet()
                    + "; something other than the optimizer writes to the model");
        }
    }
}
