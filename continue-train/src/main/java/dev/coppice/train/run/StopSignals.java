package dev.coppice.train.run;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns the first SIGINT or SIGTERM into a request; a second one ends the process at once.
 *
 * <p>{@code sun.misc.Signal} is the only way that Java has; it is reached by reflection, because
 * the compiler warns of each direct use and cannot be told not to.
 */
public final class StopSignals implements AutoCloseable {
  private final Map<String, Object> previous = new HashMap<>();
  private final Runnable action;
  private final Object handler;
  private boolean closed;

  private StopSignals(Runnable action) throws ReflectiveOperationException {
    this.action = action;
    Class<?> type = Class.forName("sun.misc.SignalHandler");
    InvocationHandler calls = this::call;
    this.handler = Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, calls);
    previous.put("INT", handle("INT", handler));
    previous.put("TERM", handle("TERM", handler));
  }

  /**
   * Listens until closed.
   *
   * @param action run once, on a thread of its own
   * @throws IllegalStateException when this Java cannot listen to signals
   */
  public static StopSignals listen(Runnable action) {
    try {
      return new StopSignals(action);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("signals must be available, got " + e, e);
    }
  }

  private @Nullable Object call(Object proxy, Method method, Object @Nullable [] arguments) {
    return switch (method.getName()) {
      case "handle" -> {
        close();
        action.run();
        yield null;
      }
      case "equals" -> arguments != null && proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(proxy);
      default -> "StopSignals";
    };
  }

  private static Object handle(String signal, Object handler) throws ReflectiveOperationException {
    Class<?> signalType = Class.forName("sun.misc.Signal");
    Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
    Object instance = signalType.getConstructor(String.class).newInstance(signal);
    return signalType.getMethod("handle", signalType, handlerType).invoke(null, instance, handler);
  }

  /** Puts the handlers back that were there before. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (Map.Entry<String, Object> entry : previous.entrySet()) {
      try {
        handle(entry.getKey(), entry.getValue());
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("signal handler must be put back, got " + e, e);
      }
    }
  }
}
