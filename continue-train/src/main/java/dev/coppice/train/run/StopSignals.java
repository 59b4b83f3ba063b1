package dev.coppice.train.run;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns the first SIGINT or SIGTERM into a request, and every SIGUSR1 into another; a second SIGINT
 * or SIGTERM ends the process at once.
 *
 * <p>{@code sun.misc.Signal} is the only way that Java has; it is reached by reflection, because
 * the compiler warns of each direct use and the warning cannot be disabled.
 */
public final class StopSignals implements AutoCloseable {
  private static final String SAVE = "USR1";

  private final Map<String, Object> previous = new HashMap<>();
  private final Runnable stop;
  private final Runnable save;

  private StopSignals(Runnable stop, Runnable save) throws ReflectiveOperationException {
    this.stop = stop;
    this.save = save;
    Class<?> type = Class.forName("sun.misc.SignalHandler");
    InvocationHandler calls = this::call;
    Object handler = Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, calls);
    synchronized (this) {
      for (String name : List.of("INT", "TERM", SAVE)) {
        previous.put(name, handle(name, handler));
      }
    }
  }

  /**
   * Listens until closed.
   *
   * @param stop run once, on a thread of its own
   * @param save run at each SIGUSR1, likewise
   * @throws IllegalStateException when this Java cannot listen to signals
   */
  public static StopSignals listen(Runnable stop, Runnable save) {
    try {
      return new StopSignals(stop, save);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("signals must be available, got " + e, e);
    }
  }

  private @Nullable Object call(Object proxy, Method method, Object @Nullable [] arguments) {
    return switch (method.getName()) {
      case "handle" -> {
        on(arguments == null ? "" : String.valueOf(arguments[0]));
        yield null;
      }
      case "equals" -> arguments != null && proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(proxy);
      default -> "StopSignals";
    };
  }

  private void on(String signal) {
    if (signal.endsWith(SAVE)) {
      save.run();
      return;
    }
    putBack("INT");
    putBack("TERM");
    stop.run();
  }

  private static Object handle(String signal, Object handler) throws ReflectiveOperationException {
    Class<?> signalType = Class.forName("sun.misc.Signal");
    Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
    Object instance = signalType.getConstructor(String.class).newInstance(signal);
    return signalType.getMethod("handle", signalType, handlerType).invoke(null, instance, handler);
  }

  private synchronized void putBack(String signal) {
    Object handler = previous.remove(signal);
    if (handler == null) {
      return;
    }
    try {
      handle(signal, handler);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("signal handler must be put back, got " + e, e);
    }
  }

  /** Puts the handlers back that were there before. */
  @Override
  public void close() {
    putBack("INT");
    putBack("TERM");
    putBack(SAVE);
  }
}
