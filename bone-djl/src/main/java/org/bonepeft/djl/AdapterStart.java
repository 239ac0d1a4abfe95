package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterParameter;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.WeightStart;
import org.bonepeft.djl.backend.NDArrayBackend;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.graph.Decompositions;
import org.bonepeft.tensor.DType;

/** Makes the parameters of a new adapter. */
final class AdapterStart {
    private AdapterStart() {}

    /**
     * Returns the adapter with parameters on the device and in the manager of the weight, trainable.
     *
     * @param gradient the loss's first gradient of the weight, if the start needs it
     */
    static LayerAdapter start(
            LayerSpec spec,
            AdapterMethod method,
            NDArray weight,
            Optional<NDArray> gradient,
            String name,
            RandomGenerator random) {
        DataType type = NDArrayBackend.dataType(spec.parameterType());
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        for (AdapterParameter wanted : method.parameters(spec)) {
            float[] values = wanted.initializer().initialize(wanted.shape(), random);
            arrays.put(
                    wanted.name(),
                    array(weight, values, new Shape(wanted.shape().toArray()), type));
        }
        LayerSpec wide = spec.withTypes(spec.parameterType(), spec.parameterType());
        Optional<WeightStart> fromWeight = method.weightStart(wide);
        Optional<LayerAdapter.Residual> residual = fromWeight.flatMap(start -> apply(start, weight, gradient, arrays));
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        arrays.forEach((label, array) -> {
            Parameter parameter = Parameter.builder()
                    .setName(name + "." + label)
                    .setType(Parameter.Type.OTHER)
                    .build();
            parameter.setArray(array);
            parameter.freeze(false);
            parameters.put(label, parameter);
        });
        return new LayerAdapter(method, parameters, residual);
    }

    /** An array made from Java memory aliases it; the duplicate does not. */
    private static NDArray array(NDArray weight, float[] values, Shape shape, DataType type) {
        NDManager manager = weight.getManager();
        try (NDArray aliased = manager.create(values, shape);
                NDArray moved = aliased.toDevice(weight.getDevice(), true);
                NDArray typed = moved.toType(type, true)) {
            return typed.duplicate();
        }
    }

    private static Optional<LayerAdapter.Residual> apply(
            WeightStart start, NDArray weight, Optional<NDArray> gradient, Map<String, NDArray> arrays) {
        NDManager manager = weight.getManager();
        try (NDManager scratch = manager.newSubManager()) {
            // Computed in the parameters' type: a start needs all the digits that there are.
            NDArray wide = wide(weight, scratch);
            Map<String, NDArray> values = new LinkedHashMap<>(arrays);
            values.put(LayerSpec.WEIGHT, wide);
            gradient.ifPresent(first -> values.put(WeightStart.GRADIENT, wide(first, scratch)));
            Map<String, NDArray> started = start.evaluate(new NDArrayBackend(scratch), decompositions(manager), values);
            arrays.forEach((label, array) -> {
                NDArray value = started.get(label);
                if (value != null) {
                    Values.overwrite(array, value);
                }
            });
            NDArray frozen = started.get(LayerSpec.WEIGHT);
            if (frozen == null) {
                return Optional.empty();
            }
            NDArray own = weight.duplicate();
            Values.overwrite(own, frozen);
            Map<String, NDArray> first = new LinkedHashMap<>();
            arrays.forEach((label, array) -> first.put(label, array.duplicate()));
            return Optional.of(new LayerAdapter.Residual(own, first));
        }
    }

    private static NDArray wide(NDArray weight, NDManager scratch) {
        DType type = Values.type(weight);
        NDArray wide =
                type == DType.F32 || type == DType.F64 ? weight.stopGradient() : TorchTypes.cast(weight, DType.F32);
        wide.attach(scratch);
        return wide;
    }

    private static Decompositions<NDArray> decompositions(NDManager manager) {
        Kernels kernels = Kernels.of(manager);
        return new Decompositions<>() {
            @Override
            public Svd<NDArray> svd(NDArray a) {
                return factors(kernels.svd(a));
            }

            @Override
            public Svd<NDArray> lowRankSvd(NDArray a, int rank, int iterations) {
                return factors(kernels.svdLowRank(a, rank, iterations));
            }

            @Override
            public Qr<NDArray> qr(NDArray a) {
                Kernels.Qr qr = kernels.qr(a);
                return new Qr<>(qr.q(), qr.r());
            }

            private Svd<NDArray> factors(Kernels.Svd svd) {
                return new Svd<>(svd.u(), svd.s(), svd.vt());
            }
        };
    }
}
