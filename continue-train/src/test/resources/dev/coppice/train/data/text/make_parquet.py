"""Writes the Parquet files beside it. Needs pyarrow 25.0.1; run in this folder.

`text` has 40 rows: `row N: ` and then `wörd ` N % 7 times; row 5 is empty. Row groups have 16 rows.
"""

import pyarrow as pa
import pyarrow.parquet as pq

texts = ["" if n == 5 else f"row {n}: " + "wörd " * (n % 7) for n in range(40)]
columns = {
    "id": pa.array(range(40), pa.int64()),
    "text": pa.array(texts),
    "when": pa.array([n * 1000 for n in range(40)], pa.timestamp("ms")),
    "tags": pa.array([["a", "b"]] * 40),
    "meta": pa.array([{"url": "x"}] * 40),
}
table = pa.table(columns)
for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
    pq.write_table(table, f"v1-{codec}.parquet", compression=codec, row_group_size=16)
common = {"row_group_size": 16, "data_page_version": "2.0", "use_dictionary": False}
pq.write_table(table, "v2-zstd.parquet", compression="zstd", **common)
pq.write_table(table, "v2-none.parquet", compression="none", **common)
for name, encoding in (("delta-length", "DELTA_LENGTH_BYTE_ARRAY"), ("delta", "DELTA_BYTE_ARRAY")):
    pq.write_table(
        table.select(["text"]), f"{name}.parquet", compression="snappy",
        use_dictionary=False, column_encoding={"text": encoding}, row_group_size=16,
    )
few = pa.array([f"text {n % 3}" for n in range(40)])
kinds = {
    "large": few.cast(pa.large_string()),
    "category": few.dictionary_encode(),
    "binary": few.cast(pa.binary()),
}
for name, column in kinds.items():
    pq.write_table(pa.table({"text": column}), f"{name}.parquet", row_group_size=16)
schema = pa.schema([pa.field("text", pa.string(), nullable=False)])
pq.write_table(pa.table([few], schema=schema), "required.parquet", write_page_checksum=True)
nulls = pa.array([None if n == 21 else f"text {n}" for n in range(40)])
pq.write_table(pa.table({"text": nulls}), "null.parquet", row_group_size=16)
pq.write_table(pa.table({"body": few, "n": pa.array(range(40))}), "no-text.parquet")
pq.write_table(pa.table({"text": pa.array([b"\xff\xfe"])}), "not-utf8.parquet")
# many small pages, so that a dictionary overflows in the middle of a row group
pages = pa.array([f"text {n} " * 3 for n in range(300)])
pq.write_table(
    pa.table({"text": pages}), "pages.parquet", compression="snappy", data_page_size=256,
    dictionary_pagesize_limit=512, write_batch_size=8,
)
pq.write_table(pa.table({"text": few.slice(0, 0)}), "no-rows.parquet")
