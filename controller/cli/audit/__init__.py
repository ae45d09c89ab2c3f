"""``spotwarden audit``: the recorded savings against what AWS reports (``command``), and against its bill (``bill``).

``bill_file`` reads a Cost and Usage Report; ``export_folder`` and ``export_parts`` find its files, ``parquet_rows`` its rows.
"""
