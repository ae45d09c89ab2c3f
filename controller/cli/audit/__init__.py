"""``spotwarden audit``: compares the recorded savings with what AWS reports (``command``) and with its bill (``bill``).

``bill_file`` reads a Cost and Usage Report; ``export_folder`` and ``export_parts`` find its files, ``parquet_rows`` its rows.
"""
