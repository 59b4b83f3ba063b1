package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.packing.Packing.Role;
import dev.coppice.moe.safetensors.PlainText;
import java.util.Collection;
import java.util.Optional;

/**
 * Tensors of which no rule of a family that runs says what they are. Growth carries them on with
 * their layers; running leaves out those that a reader makes again, and refuses the others.
 *
 * @param buffers what a reader makes again: rotary frequencies, masks, positions
 * @param others all others
 */
record ExtraTensors(ImmutableList<StoredTensor> buffers, ImmutableList<StoredTensor> others) {

  /** Finds them; families that do not run name too few tensors for this. */
  static ExtraTensors of(Family family, Anatomy anatomy, Collection<StoredTensor> tensors) {
    ImmutableList.Builder<StoredTensor> buffers = ImmutableList.builder();
    ImmutableList.Builder<StoredTensor> others = ImmutableList.builder();
    if (family.runs()) {
      for (StoredTensor tensor : tensors) {
        TensorSite site = anatomy.site(tensor.name());
        if (family.address(tensor.name()).isEmpty() && site.region() != TensorSite.Region.MTP) {
          Role role = anatomy.packing().role(tensor.slot());
          if (role == Role.BUFFER) {
            buffers.add(tensor);
          } else if (role == Role.STATE || (role.isLoose() && site.part().isEmpty())) {
            others.add(tensor);
          }
        }
      }
    }
    return new ExtraTensors(buffers.build(), others.build());
  }

  /** One line that says which and how many. */
  Optional<String> warning(Family family) {
    int count = buffers.size() + others.size();
    if (count == 0) {
      return Optional.empty();
    }
    StoredTensor first = others.isEmpty() ? buffers.get(0) : others.get(0);
    return Optional.of(
        PlainText.of(
            first.file()
                + ": "
                + (count == 1 ? "1 tensor is" : count + " tensors are")
                + " not named by any rule of "
                + family.name()
                + (count == 1 ? " ('" : ", such as '")
                + first.name()
                + (count == 1 ? "')" : "'")
                + "; growth carries "
                + (count == 1 ? "it" : "them")
                + " on"));
  }

  /** Why the model cannot run, if some of them may matter to it. */
  Optional<String> refusalToRun(Family family) {
    return others.stream()
        .findFirst()
        .map(
            first ->
                first.file()
                    + ": tensor '"
                    + first.name()
                    + "' is not one that "
                    + family.name()
                    + " has"
                    + (others.size() == 1 ? "" : ", nor are " + (others.size() - 1) + " more")
                    + "; the model can be inspected and grown, but not run or trained");
  }
}
