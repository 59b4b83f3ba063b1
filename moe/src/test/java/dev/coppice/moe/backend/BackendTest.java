package dev.coppice.moe.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.IOException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class BackendTest {
  private static final Backend CPU = Backend.named("cpu");
  private static final Backend CUDA = Backend.named("cuda");

  @Test
  void thisMachinesIsTheProcessorAndOpenedOnce() {
    assertThat(Backend.forThisMachine()).isSameAs(CPU).isSameAs(Backend.named("cpu"));
    assertThat(CPU.name()).isEqualTo("cpu");
    assertThat(CPU.kernels()).isSameAs(CPU.kernels());
  }

  @Test
  void factsNameKernelsAndThreads() {
    Backend.Facts facts = CPU.facts();
    assertThat(facts.kernels()).matches("\\d+-(blas|onednn)");
    assertThat(facts.threads()).isPositive();
  }

  @Test
  void elementsArriveWhereTheyAreSent() {
    try (NDManager manager = CPU.newManager();
        NDArray array = manager.zeros(new Shape(2, 3), DataType.FLOAT32)) {
      CPU.upload(array, 2, 3, memory -> memory.asFloatBuffer().put(new float[] {1, 2, 3}));
      assertThat(array.toFloatArray()).containsExactly(0, 0, 1, 2, 3, 0);
      float[] read = new float[2];
      CPU.download(array, 3, 2, memory -> memory.asFloatBuffer().get(read));
      assertThat(read).containsExactly(2, 3);
    }
  }

  @Test
  void aFaultOfTheCallersFilesIsTheCallers() {
    IOException fault = new IOException("disk");
    try (NDManager manager = CPU.newManager();
        NDArray array = manager.zeros(new Shape(1), DataType.FLOAT32)) {
      ThrowingCallable failing =
          () ->
              CPU.upload(
                  array,
                  0,
                  1,
                  memory -> {
                    throw fault;
                  });
      assertThatThrownBy(failing).isSameAs(fault);
    }
  }

  @Test
  void anAbsentOneRefusesEveryUseWithOneSentence() {
    try (NDManager manager = CPU.newManager();
        NDArray array = manager.zeros(new Shape(1), DataType.FLOAT32)) {
      assertRefused(CUDA::facts);
      assertRefused(CUDA::threadsGiven);
      assertRefused(CUDA::kernels);
      assertRefused(CUDA::newManager);
      assertRefused(CUDA::newWorkers);
      assertRefused(() -> CUDA.upload(array, 0, 1, memory -> {}));
      assertRefused(() -> CUDA.download(array, 0, 1, memory -> {}));
    }
  }

  private static void assertRefused(ThrowingCallable use) {
    assertThatThrownBy(use)
        .isInstanceOf(CoppiceException.class)
        .hasMessage(
            "coppice.backend must name a backend of this build, which has cpu only, got 'cuda'")
        .extracting(e -> ((CoppiceException) e).kind())
        .isEqualTo(ErrorKind.REQUEST_INVALID);
  }
}
