package dev.coppice.moe.kernel;

import com.google.common.hash.Hashing;

/** Which kernels these are: another one may round otherwise. */
public final class KernelVersion {
  private KernelVersion() {}

  /** SHA-256 over the sources of the kernels that this machine runs, 64 hexadecimal digits. */
  public static String sha256() {
    return Hashing.sha256().hashBytes(ScriptArchive.bytes(Products.here())).toString();
  }
}
