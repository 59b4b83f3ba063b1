package dev.coppice.train.data.parquet;

import static dev.coppice.train.data.parquet.DamagedParquetException.required;

import java.util.Locale;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type.Repetition;

/**
 * A column at the top of a schema.
 *
 * @param element what the schema says of it
 */
record TopColumn(SchemaElement element) {

  String name() {
    return required(element.getName(), "column's name");
  }

  /**
   * Whether it holds a text a row: bytes that are said to be a string, or of which nothing is said,
   * as old writers do.
   */
  boolean isText() {
    return isFlat() && element.getType() == Type.BYTE_ARRAY && (isString() || isPlain());
  }

  private boolean isFlat() {
    return element.getNum_children() == 0
        && element.getRepetition_type() != FieldRepetitionType.REPEATED;
  }

  private boolean isPlain() {
    return !element.isSetLogicalType() && !element.isSetConverted_type();
  }

  private boolean isString() {
    return switch (annotation()) {
      case "string", "utf8", "json", "enum" -> true;
      default -> false;
    };
  }

  /** Its type, in words of the format. */
  String kind() {
    if (element.getNum_children() > 0) {
      return "a group";
    }
    if (element.getRepetition_type() == FieldRepetitionType.REPEATED) {
      return "a list";
    }
    if (isText()) {
      return isString() ? "string" : "binary";
    }
    String type = required(element.getType(), "column's type").name().toLowerCase(Locale.ROOT);
    return isPlain() ? type : type + " (" + annotation() + ")";
  }

  /** What the schema says of its meaning; newer writers may say more than is known here. */
  private String annotation() {
    LogicalType logical = element.getLogicalType();
    if (logical != null && logical.getSetField() != null) {
      return logical.getSetField().getFieldName().toLowerCase(Locale.ROOT);
    }
    ConvertedType converted = element.getConverted_type();
    return converted == null ? "unknown" : converted.name().toLowerCase(Locale.ROOT);
  }

  private boolean isRequired() {
    return element.getRepetition_type() == FieldRepetitionType.REQUIRED;
  }

  /** How deep a value is defined that is not null. */
  int defined() {
    return isRequired() ? 0 : 1;
  }

  /** The same for the library. */
  ColumnDescriptor descriptor() {
    return new ColumnDescriptor(
        new String[] {name()},
        new PrimitiveType(
            isRequired() ? Repetition.REQUIRED : Repetition.OPTIONAL,
            PrimitiveTypeName.BINARY,
            name()),
        0,
        defined());
  }
}
