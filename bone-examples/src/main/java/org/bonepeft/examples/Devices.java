package org.bonepeft.examples;

import ai.djl.Device;
import java.util.Locale;
import org.bonepeft.BoneException;

/** Devices by their names on the command line. */
public final class Devices {
    private Devices() {}

    /**
     * Returns the device that {@code cpu}, {@code gpu}, {@code gpu0}, ... names.
     *
     * @throws BoneException if it is none of these
     */
    public static Device of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (!lower.matches("cpu|gpu\\d{0,3}")) {
            throw new BoneException("--device must be cpu or gpu0, gpu1, ..., not " + name);
        }
        return lower.equals("cpu")
                ? Device.cpu()
                : Device.gpu(lower.equals("gpu") ? 0 : Integer.parseInt(lower.substring(3)));
    }
}
