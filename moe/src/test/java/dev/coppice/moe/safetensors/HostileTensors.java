package dev.coppice.moe.safetensors;

import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.BAD_TILING;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.DUPLICATE_NAME;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.MALFORMED_JSON;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.SIZE_MISMATCH;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.TRUNCATED;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.UNKNOWN_DTYPE;
import static dev.coppice.moe.safetensors.HostileCase.file;
import static dev.coppice.moe.safetensors.HostileCase.read;
import static dev.coppice.moe.safetensors.HostileCase.refused;
import static dev.coppice.moe.safetensors.HostileCase.stricter;
import static dev.coppice.moe.safetensors.HostileCase.tensor;
import static dev.coppice.moe.safetensors.HostileCase.warned;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The rows of the verdict table that are about tensors: entries, numbers, sizes, ranges, types. */
final class HostileTensors {
  private static final String A = HostileHeaders.A;

  private HostileTensors() {}

  static Stream<HostileCase> all() {
    return Stream.of(entries(), numbers(), sizes(), tiling(), dtypes()).flatMap(List::stream);
  }

  private static List<HostileCase> entries() {
    return ImmutableList.of(
        stricter(
            "a name twice in one place", file("{'a':" + A + ",'a':" + A + "}", 8), DUPLICATE_NAME),
        stricter(
            "a name twice, once escaped",
            file("{'a':" + A + ",'\\u0061':" + A + "}", 8),
            DUPLICATE_NAME),
        refused(
            "a name twice in two places",
            file("{'a':" + A + ",'a':{'dtype':'U8','shape':[1],'data_offsets':[8,9]}}", 9),
            DUPLICATE_NAME),
        refused("a field twice", tensor("F32','dtype':'F32", "2", "0,8", 8), DUPLICATE_NAME),
        stricter("a tensor as an array", file("{'a':['F32',[2],[0,8]]}", 8), MALFORMED_JSON),
        refused("a tensor that is null", file("{'a':null}", 0), MALFORMED_JSON),
        refused("no dtype", file("{'a':{'shape':[2],'data_offsets':[0,8]}}", 8), MALFORMED_JSON),
        refused("no shape", file("{'a':{'dtype':'F32','data_offsets':[0,8]}}", 8), MALFORMED_JSON),
        refused("no offsets", file("{'a':{'dtype':'F32','shape':[2]}}", 8), MALFORMED_JSON),
        refused(
            "a shape that is a number",
            file("{'a':{'dtype':'U8','shape':1,'data_offsets':[0,1]}}", 1),
            MALFORMED_JSON),
        refused(
            "a shape that is null",
            file("{'a':{'dtype':'U8','shape':null,'data_offsets':[0,1]}}", 1),
            MALFORMED_JSON),
        refused("a nested shape", tensor("F32", "[2]", "0,8", 8), MALFORMED_JSON),
        warned(
            "an unknown field",
            file("{'a':{'x':{'y':[1]}," + A.substring(1) + "}", 8),
            "tensor 'a' has a field 'x'"),
        warned(
            "unknown fields in two tensors",
            file(
                "{'a':{'x':1,"
                    + A.substring(1)
                    + ",'b':{'x':1,'dtype':'U8','shape':[0],'data_offsets':[8,8]}}",
                8),
            "further fields that the format does not name: 1"),
        stricter(
            "an unknown field nested 20 deep",
            file("{'a':{'x':" + "[".repeat(20) + "]".repeat(20) + "," + A.substring(1) + "}", 8),
            MALFORMED_JSON),
        stricter(
            "an unknown field twice",
            file("{'a':{'x':1,'x':1," + A.substring(1) + "}", 8),
            DUPLICATE_NAME),
        read(
            "fields in another order",
            file("{'a':{'data_offsets':[0,8],'shape':[2],'dtype':'F32'}}", 8)),
        read(
            "a field's name escaped",
            file("{'a':{'dtyp\\u0065':'F32','shape':[2],'data_offsets':[0,8]}}", 8)),
        read("a dtype escaped", tensor("\\u004632", "2", "0,8", 8)));
  }

  private static List<HostileCase> numbers() {
    return ImmutableList.of(
        refused("a float extent", tensor("F32", "2.0", "0,8", 8), MALFORMED_JSON),
        refused("an extent with an exponent", tensor("F32", "2e0", "0,8", 8), MALFORMED_JSON),
        refused("a text extent", tensor("F32", "'2'", "0,8", 8), MALFORMED_JSON),
        refused("a null extent", tensor("F32", "null", "0,8", 8), MALFORMED_JSON),
        refused("a true extent", tensor("U8", "true", "0,1", 1), MALFORMED_JSON),
        refused("a negative extent", tensor("F32", "-2", "0,8", 8), MALFORMED_JSON),
        refused("minus zero", tensor("F32", "-0", "0,0", 0), MALFORMED_JSON),
        refused("a leading zero", tensor("F32", "02", "0,8", 8), MALFORMED_JSON),
        refused("a plus sign", tensor("F32", "+2", "0,8", 8), MALFORMED_JSON),
        refused("a hexadecimal extent", tensor("F32", "0x2", "0,8", 8), MALFORMED_JSON),
        refused("NaN", tensor("F32", "NaN", "0,8", 8), MALFORMED_JSON),
        refused("a negative offset", tensor("F32", "2", "-8,0", 8), MALFORMED_JSON),
        refused("a float offset", tensor("F32", "2", "0,8.9", 8), MALFORMED_JSON),
        refused("one offset", tensor("F32", "2", "0", 8), SIZE_MISMATCH),
        refused("three offsets", tensor("F32", "2", "0,8,8", 8), SIZE_MISMATCH),
        refused(
            "an extent of 2^64", tensor("F32", "0,18446744073709551616", "0,0", 0), MALFORMED_JSON),
        stricter(
            "an extent of 2^63", tensor("F32", "0,9223372036854775808", "0,0", 0), MALFORMED_JSON),
        read("an extent of 2^63-1", tensor("F32", "0,9223372036854775807", "0,0", 0)),
        refused(
            "an extent of 5000 digits", tensor("F32", "9".repeat(5000), "0,8", 8), MALFORMED_JSON));
  }

  private static List<HostileCase> sizes() {
    return ImmutableList.of(
        read(
            "zero first, then a product beyond 2^63",
            tensor("U8", "0,4611686018427387904,4", "0,0", 0)),
        refused(
            "a product beyond 2^64, then zero",
            tensor("U8", "4611686018427387904,4,0", "0,0", 0),
            SIZE_MISMATCH),
        refused(
            "a product beyond 2^64",
            tensor("F32", "4611686018427387904,4", "0,0", 0),
            SIZE_MISMATCH),
        refused(
            "elements that fit, bytes that do not",
            tensor("F32", "4611686018427387904", "0,0", 0),
            SIZE_MISMATCH),
        refused("a shape too small", tensor("F32", "1", "0,8", 8), SIZE_MISMATCH),
        refused("a shape too large", tensor("F32", "3", "0,8", 8), SIZE_MISMATCH),
        refused("half a byte", tensor("F4", "1", "0,1", 1), SIZE_MISMATCH),
        refused("three quarters of a byte", tensor("F6_E2M3", "1", "0,1", 1), SIZE_MISMATCH),
        read("two 4-bit elements", tensor("F4", "2", "0,1", 1)),
        read("four 6-bit elements", tensor("F6_E3M2", "4", "0,3", 3)),
        read("a scalar", tensor("F32", "", "0,4", 4)),
        read("no elements", tensor("F32", "0,5", "0,0", 0)),
        read("sixty-five extents", tensor("U8", "1" + ",1".repeat(64), "0,1", 1)));
  }

  private static List<HostileCase> tiling() {
    String b = "'b':{'dtype':'U8','shape':[1],'data_offsets':[%s]}}";
    return ImmutableList.of(
        refused("offsets the wrong way round", tensor("F32", "2", "8,0", 8), SIZE_MISMATCH),
        refused("a gap at the start", tensor("F32", "2", "8,16", 16), BAD_TILING),
        refused("a byte too many", tensor("F32", "2", "0,8", 9), BAD_TILING),
        refused("a byte too few", tensor("F32", "2", "0,8", 7), TRUNCATED),
        refused("no data at all", tensor("F32", "2", "0,8", 0), TRUNCATED),
        refused("data without tensors", file("{}", 8), BAD_TILING),
        refused("two tensors in one place", file("{'a':" + A + ",'b':" + A + "}", 8), BAD_TILING),
        refused(
            "an overlap of one byte", file("{'a':" + A + "," + b.formatted("7,8"), 8), BAD_TILING),
        refused(
            "a hole between two", file("{'a':" + A + "," + b.formatted("9,10"), 10), BAD_TILING),
        refused(
            "offsets beyond the file",
            tensor("U8", "576460752303423488", "0,576460752303423488", 8),
            TRUNCATED),
        read(
            "tensors out of order",
            file("{" + b.formatted("8,9").replace("}}", "},") + "'a':" + A + "}", 9)),
        read(
            "a misaligned tensor",
            file(
                "{"
                    + b.formatted("0,1").replace("}}", "},")
                    + "'a':"
                    + A.replace("0,8", "1,9")
                    + "}",
                9)),
        read(
            "an empty tensor between two",
            file(
                "{'a':"
                    + A
                    + ",'e':{'dtype':'F64','shape':[0],'data_offsets':[8,8]},"
                    + b.formatted("8,9"),
                9)),
        refused(
            "an empty tensor inside another",
            file("{'a':" + A + ",'e':{'dtype':'F64','shape':[0],'data_offsets':[4,4]}}", 8),
            BAD_TILING));
  }

  private static List<HostileCase> dtypes() {
    return Stream.concat(
            Arrays.stream(Dtype.values())
                .map(
                    type ->
                        read(
                            "dtype " + type,
                            tensor(type.name(), "8", "0," + type.bits(), type.bits()))),
            Stream.of("I4", "U4", "F8_E4M3FN", "F8_E3M4", "F128", "C128", "STR", "f32", "BF16 ", "")
                .map(
                    type ->
                        refused(
                            "dtype '" + type + "'", tensor(type, "8", "0,8", 8), UNKNOWN_DTYPE)))
        .toList();
  }
}
