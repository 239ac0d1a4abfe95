package org.bonepeft.safetensors;

import java.util.Map;

/** What the header says: metadata, and the tensors in the order of their bytes, checked to fill the data section. */
record Header(Map<String, String> metadata, Map<String, TensorInfo> tensors) {
    /** The longest header that the format allows, in bytes. */
    static final int MAX_BYTES = 100_000_000;

    /** The key of the metadata, which no tensor can have. */
    static final String METADATA = "__metadata__";
}
