package org.bonepeft.examples.glue;

import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.examples.plan.ParameterBudget;
import org.bonepeft.peft.Targets;

/**
 * A method as it fits a model.
 *
 * @param title what is trained, for people
 * @param adapter what the target layers get, if anything
 */
record MethodPlan(Method method, String title, Optional<AdapterMethod> adapter) {
    /** The module that is trained whole, so never adapted. */
    static final String HEAD = "classifier";

    /**
     * Plans a method with the block size, or rank, of the options. In a run with Bone, every other adapter takes the size
     * that gives it as many parameters as Bone has, as nearly as it can. The scale of LoRA, rsLoRA and DoRA is 2, that of
     * PiSSA, OLoRA and LoRA-GA 1.
     *
     * @param model need not be initialized
     * @throws BoneException if no layer is meant, or the rank is larger than a layer
     */
    static MethodPlan of(Method method, GlueOptions options, ModelBlock model) {
        if (!method.isAdapter()) {
            return new MethodPlan(method, method.toString(), Optional.empty());
        }
        ParameterBudget budget = ParameterBudget.of(
                model.linears().stream()
                        .filter(linear -> !linear.path().startsWith(HEAD + "."))
                        .toList(),
                Targets.of(options.targets()));
        int rank = options.rank();
        if (options.methods().contains(Method.BONE)) {
            budget.method(Method.BONE.name(), rank);
            rank = budget.rankLikeBone(method.name(), rank);
        }
        return new MethodPlan(method, method + " r=" + rank, Optional.of(budget.method(method.name(), rank)));
    }
}
